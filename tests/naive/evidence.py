"""Slow, obvious twins of the kernels behind the evidence lessons."""

import math

import numpy as np

from balcourse.models.random import below, random_state, uniform


def conductance_potential(neuron, input_e, input_i, dt):
    """One row, no threshold: the exact conductances, and V by forward Euler in tiny steps."""
    fine = 50
    time = dt / fine * (np.arange(input_e.size * fine) + 0.5)

    def conductance(events, rise, decay):
        shape = np.exp(-time / decay) - np.exp(-time / rise)
        peak = math.log(decay / rise) * rise * decay / (decay - rise)
        shape /= math.exp(-peak / decay) - math.exp(-peak / rise)
        total = np.zeros_like(time)
        for step in np.nonzero(events)[0]:
            total[step * fine :] += events[step] * shape[: time.size - step * fine]
        return total

    g_e = conductance(input_e, neuron.rise_e, neuron.decay_e)
    g_i = conductance(input_i, neuron.rise_i, neuron.decay_i)
    potential, found = neuron.leak, []
    for e, i in zip(g_e, g_i, strict=True):
        current = neuron.leak - potential
        current += e * (neuron.reversal_e - potential) + i * (neuron.reversal_i - potential)
        potential += dt / fine / neuron.tau * current
        found.append(potential)
    return np.array(found[fine - 1 :: fine])


def current_spikes(neuron, jumps, dt):
    """One row: spike times, with a clock instead of a counter for refractoriness."""
    potential, free_at, times = neuron.rest, 0, []
    for step, jump in enumerate(jumps):
        if step < free_at:
            continue
        potential = neuron.rest + (potential - neuron.rest) * math.exp(-dt / neuron.tau) + jump
        if potential >= neuron.threshold:
            times.append(dt * (step + 1))
            potential, free_at = neuron.reset, step + 1 + round(neuron.refractory / dt)
    return np.array(times)


def plastic_cell(model, arrivals, senders, rate_e, weights, steps, dt, state):
    """One cell: spike count and weights, every trace decaying in every step."""
    no_event = math.exp(-rate_e * dt / 1000)
    trace, own, potential, waiting, spikes = np.zeros(weights.size), 0.0, 0.0, 0, 0
    weights = weights.copy()
    for step in range(steps):
        trace *= math.exp(-dt / model.trace_tau)
        own *= math.exp(-dt / model.trace_tau)
        events, product = 0, uniform.py_func(state)
        while product > no_event:
            events, product = events + 1, product * uniform.py_func(state)
        jump = model.weight_e * events
        for source in senders[arrivals == step]:
            jump -= weights[source]
            change = model.learning_rate * (own - 2 * model.target * model.trace_tau / 1000)
            weights[source] = max(0, weights[source] + change)
            trace[source] += 1
        if waiting:
            waiting -= 1
            continue
        potential = potential * math.exp(-dt / model.tau) + jump
        if potential >= model.threshold:
            spikes += 1
            own += 1
            weights += model.learning_rate * trace
            potential, waiting = model.reset, round(model.refractory / dt)
    return spikes, weights


def dense_activity(model, duration, seed):
    """Active parts of the three populations, every field summed anew from the connection matrix."""
    rng = np.random.default_rng(seed)
    projects = rng.random((3 * model.n, 2 * model.n)) < model.connection
    weights = np.array(
        [[model.j_ee, model.j_ei, model.j_ex], [model.j_ie, model.j_ii, model.j_ix]]
    ) / math.sqrt(model.connection * model.n)
    thresholds = [model.threshold_e, model.threshold_i]
    active, state, found = np.zeros(3 * model.n, bool), random_state(seed), []
    for _ in range(duration):
        for _ in range(3 * model.n):
            cell = below.py_func(state, 3 * model.n)
            if cell >= 2 * model.n:
                active[cell] = uniform.py_func(state) < model.activity_x
                continue
            sources = (active & projects[:, cell]).reshape(3, model.n).sum(1)
            kind = cell // model.n
            field = sum(w * count for w, count in zip(weights[kind], sources, strict=True))
            active[cell] = field >= thresholds[kind]
        found.append(active.reshape(3, model.n).mean(1))
    return np.array(found).T


def gamma_spikes(model, connected, start, steps, dt, random):
    """Spikes (steps, cells) of the gamma network, population by population, matrix by matrix."""
    n = model.n_e + model.n_i
    excitatory = np.arange(n) < model.n_e
    weight_e = np.where(excitatory, model.weight_ee, model.weight_ie)
    weight_i = np.where(excitatory, model.weight_ei, model.weight_ii)
    tau = np.where(excitatory, model.tau_e, model.tau_i)
    rest = np.where(excitatory, model.refractory_e, model.refractory_i)
    slow_e, fast_e, slow_i, fast_i, external = np.zeros((5, n))
    potential, free_at = start.copy(), np.zeros(n)
    fired, delay = np.zeros((steps, n), bool), round(model.delay / dt)
    for step in range(steps):
        if step >= delay:
            past = fired[step - delay]
            arrived_e = weight_e * (past & excitatory).astype(float) @ np.ones(n) * 0
            arrived_e = weight_e * ((past & excitatory) @ connected.astype(float))
            arrived_i = weight_i * ((past & ~excitatory) @ connected.astype(float))
            slow_e, fast_e = slow_e + arrived_e, fast_e + arrived_e
            slow_i, fast_i = slow_i + arrived_i, fast_i + arrived_i
        for cell in range(model.n_e):
            product = uniform.py_func(random)
            while product > math.exp(-model.external_rate * dt):
                external[cell] += model.external_weight
                product *= uniform.py_func(random)
        g_e = (slow_e - fast_e + external) * dt / 20
        g_i = (slow_i - fast_i) * dt / 20
        half = (dt / tau + g_e + g_i) / 2
        pull = dt / tau * model.leak + g_e * model.reversal_e + g_i * model.reversal_i
        moved = (potential * (1 - half) + pull) / (1 + half)
        potential = np.where(step >= free_at, moved, potential)
        fired[step] = potential >= model.threshold
        potential[fired[step]] = model.reset
        free_at[fired[step]] = step + 1 + np.round(rest[fired[step]] / dt)
        slow_e, slow_i = (
            slow_e * math.exp(-dt / model.decay_e),
            slow_i * math.exp(-dt / model.decay_i),
        )
        fast_e, fast_i = fast_e * math.exp(-dt / model.rise), fast_i * math.exp(-dt / model.rise)
        external = external * math.exp(-dt / model.external_decay)
    return fired
