"""The rate model's integrator as a textbook would write it: one trajectory, plain Python."""


def advance(rates, m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i, dt):
    """Fill `rates[1:]` from `rates[0]`, shape (steps + 1, 2, trajectories)."""

    def brackets(state):
        v_e, v_i = state
        return [m_ee * v_e + m_ei * v_i - gamma_e, m_ie * v_e + m_ii * v_i - gamma_i]

    def slope(state, active):
        drive = [x if on else 0.0 for x, on in zip(brackets(state), active, strict=True)]
        return [(drive[0] - state[0]) / tau_e, (drive[1] - state[1]) / tau_i]

    def moved(state, time, direction):
        return [x + time * dx for x, dx in zip(state, direction, strict=True)]

    def runge_kutta(state, time, active):
        first = slope(state, active)
        second = slope(moved(state, time / 2, first), active)
        third = slope(moved(state, time / 2, second), active)
        fourth = slope(moved(state, time, third), active)
        mean = [
            (a + 2 * b + 2 * c + d) / 6
            for a, b, c, d in zip(first, second, third, fourth, strict=True)
        ]
        return moved(state, time, mean)

    def where(state):
        return [bracket > 0 for bracket in brackets(state)]

    def step(state):
        left, active = dt, where(state)
        for _ in range(4):
            if where(runge_kutta(state, left, active)) == active:
                break
            # the last time at which no bracket has changed its sign yet, by bisection
            low, high = 0.0, left
            for _ in range(60):
                middle = (low + high) / 2
                if where(runge_kutta(state, middle, active)) == active:
                    low = middle
                else:
                    high = middle
            after = where(runge_kutta(state, high, active))
            state, left, active = runge_kutta(state, high, active), left - high, after
        return runge_kutta(state, left, active)

    for number in range(len(rates) - 1):
        for trajectory in range(rates.shape[2]):
            rates[number + 1, :, trajectory] = step(list(rates[number, :, trajectory]))
