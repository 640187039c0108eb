"""The rate model on a page: a trajectory that goes on, nullclines and fixed point.

Steps are those of `balcourse.models.rate`. Time ms, rate Hz.
"""

from balcourse.models.kernel import kernel
from balcourse.models.rate import advance


@kernel
def follow(rates, m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i, dt, state, steps):
    """Continue one trajectory of the rate model: `steps` rows of `rates`, then the last in `state`.

    `rates` has shape (at least steps + 1, 2, 1): the first row is the state before the first step.
    """
    rates[0, 0, 0], rates[0, 1, 0] = state[0], state[1]
    advance(rates[: steps + 1], m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i, dt)
    state[0], state[1] = rates[steps, 0, 0], rates[steps, 1, 0]


@kernel
def portrait(
    e_line, i_line, fixed_point, m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i, side
):
    """Fill both nullclines and the active fixed point of the rate model, as a page draws them.

    The lines have shape (points, 2), (v_E, v_I) in Hz, inside the square of this `side`;
    `fixed_point` gets v_E, v_I (NaN if a population is silent there), trace and determinant.
    """
    points = e_line.shape[0]
    for point in range(points):
        v_e = side * point / (points - 1)
        e_line[point, 0], e_line[point, 1] = v_e, ((m_ee - 1.0) * v_e - gamma_e) / -m_ei
        i_line[point, 0], i_line[point, 1] = v_e, max(0.0, (m_ie * v_e - gamma_i) / (1.0 - m_ii))
    a, b, c, d = m_ee - 1.0, m_ei, m_ie, m_ii - 1.0
    determinant = a * d - b * c
    v_e = (d * gamma_e - b * gamma_i) / determinant
    v_i = (a * gamma_i - c * gamma_e) / determinant
    active = v_e > 0.0 and v_i > 0.0
    fixed_point[0] = v_e if active else float("nan")
    fixed_point[1] = v_i if active else float("nan")
    fixed_point[2] = a / tau_e + d / tau_i
    fixed_point[3] = determinant / (tau_e * tau_i)


@kernel
def begin(state, start_e, start_i):
    """Put the state of the rate model at a start, Hz."""
    state[0], state[1] = start_e, start_i
