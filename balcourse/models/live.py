"""Models that go on from where they stopped: the kernels behind the pages' live laboratories.

A page calls a kernel some sixty times a second, for a few steps each time, so all that the model
remembers is in arrays. The rate model is `balcourse.models.rate`. The spiking network is the one
of N. Brunel, J. Comput. Neurosci. 8:183 (2000), section 2, as in `balcourse.models.lif`, with each
spike sent along a list of targets: with 2,000 neurons this is fast enough, and unlike bit-packed
rows it needs no vector instructions, so that it runs in a browser. Time ms, potential mV, rate Hz.
"""

from balcourse.models.kernel import kernel
from balcourse.models.random import below, uniform
from balcourse.models.rate import advance

RING = 64  # steps that an arrival can lie ahead
COUNTS = 32  # entries in the table of the Poisson distribution, for means below 2


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
def wire(random, potentials, sources, offsets, targets, chosen, n_e, c_e, reset, threshold):
    """Start a network: random potentials, and for each neuron its distinct random sources.

    `sources` has shape (neurons, in-degree), the first `c_e` of each row below `n_e`. `targets`
    lists the same connections by source, those of a neuron from `offsets[neuron]` on.
    """
    neurons, in_degree = sources.shape
    for neuron in range(neurons):
        potentials[neuron] = reset + (threshold - reset) * uniform(random)
        for place in range(in_degree):
            first, count = (0, n_e) if place < c_e else (n_e, neurons - n_e)
            source = first + below(random, count)
            while chosen[source] == neuron + 1:
                source = first + below(random, count)
            chosen[source] = neuron + 1
            sources[neuron, place] = source
            offsets[source + 1] += 1
    for source in range(neurons):
        offsets[source + 1] += offsets[source]
        chosen[source] = offsets[source]
    for neuron in range(neurons):
        for place in range(in_degree):
            source = sources[neuron, place]
            targets[chosen[source]] = neuron
            chosen[source] += 1


@kernel
def tabulate(cumulative, ratio, threshold, j, tau, dt):
    """Fill the distribution function of the external spikes that reach a neuron in one step.

    Their mean is ratio * threshold / (j tau) * dt. The exponential is a series, whose last bit is
    the same on every machine.
    """
    mean = ratio * threshold / (j * tau) * dt
    term, growth = 1.0, 0.0
    for order in range(1, 40):
        growth += term
        term *= mean / order
    term, total = 1.0 / growth, 0.0
    for count in range(cumulative.size):
        total += term
        cumulative[count] = total
        term *= mean / (count + 1)


@kernel
def fire(
    potentials,
    silent,
    arrivals,
    clock,
    random,
    cumulative,
    offsets,
    targets,
    rates,
    spikes,
    spike_count,
    n_e,
    g,
    j,
    delay,
    decay,
    threshold,
    reset,
    refractory,
    dt,
    steps,
):
    """Continue the spiking network for `steps` steps.

    `arrivals` has shape (RING, neurons), mV; `silent` holds each neuron's refractory steps to come.
    Row `step` of `rates` gets the rates of E and I, Hz; `spikes` the step and neuron of each spike,
    as far as it has rows, and `spike_count` their number.
    """
    neurons = potentials.size
    lead = int(delay / dt + 0.5)
    spike_count[0] = 0
    for step in range(steps):
        now, later = clock[0] % RING, (clock[0] + lead) % RING
        fired_e = fired_i = 0
        for neuron in range(neurons):
            count, chance = 0, uniform(random)
            while count < COUNTS - 1 and chance >= cumulative[count]:
                count += 1
            potential = potentials[neuron] * decay + arrivals[now, neuron] + j * count
            arrivals[now, neuron] = 0.0
            if silent[neuron] > 0:
                silent[neuron] -= 1
                potential = reset
            elif potential >= threshold:
                potential = reset
                silent[neuron] = refractory
                weight = j if neuron < n_e else -g * j
                for connection in range(offsets[neuron], offsets[neuron + 1]):
                    arrivals[later, targets[connection]] += weight
                if neuron < n_e:
                    fired_e += 1
                else:
                    fired_i += 1
                if spike_count[0] < spikes.shape[0]:
                    spikes[spike_count[0], 0], spikes[spike_count[0], 1] = step, neuron
                    spike_count[0] += 1
            potentials[neuron] = potential
        rates[step, 0] = fired_e / (n_e * dt * 1e-3)
        rates[step, 1] = fired_i / ((neurons - n_e) * dt * 1e-3)
        clock[0] += 1


@kernel
def begin(state, start_e, start_i):
    """Put the state of the rate model at a start, Hz."""
    state[0], state[1] = start_e, start_i
