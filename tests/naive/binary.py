"""The balanced binary network, one neuron and one sum at a time: twin of `models/binary.py`.

Whole connection matrices, inputs added up afresh at each update as exact fractions, plain loops.
Shares with the fast code only the random numbers, drawn in the same order.
"""

import math
from fractions import Fraction

import numpy as np

from balcourse.models.random import below, random_state, uniform


def connections(network, seed):
    """Return the matrix of connections (inputs, sources) that this seed draws."""
    sizes = [network.n_e, network.n_i, network.n_0]
    inputs = network.n_e + network.n_i
    matrix = np.zeros((inputs, sum(sizes)), int)
    random = random_state(seed, 0)
    first = 0
    for size in sizes:
        if size and network.fixed_in_degree:
            for target in range(inputs):
                while matrix[target, first : first + size].sum() < network.k:
                    matrix[target, first + below(random, size)] = 1
        elif size:
            for source in range(first, first + size):
                target = 0
                while True:
                    draw = 1.0 - uniform(random)
                    if network.k < size:
                        target += math.floor(math.log(draw) / math.log1p(-network.k / size))
                    if target >= inputs:
                        break
                    matrix[target, source] = 1
                    target += 1
        first += size
    return matrix


def thresholds(network, seed):
    random = random_state(seed, 1)
    mean = [network.theta_e] * network.n_e + [network.theta_i] * network.n_i
    return np.array([one + network.threshold_spread * (uniform(random) - 0.5) for one in mean])


def states(network, times, seed, m_0=None, flipped=(), order=3):
    """Return the state of every neuron at each of `times`; `flipped` are changed at time 0."""
    n_e, n_i, n_0 = network.n_e, network.n_i, network.n_0
    matrix, theta = connections(network, seed), thresholds(network, seed)
    start = random_state(seed, 2)
    state = np.array([uniform(start) < network.m_0 for _ in range(n_e + n_i + n_0)], int)
    state[list(flipped)] = 1 - state[list(flipped)]
    random = random_state(seed, order)
    per_time = 1 if network.parallel else n_e + n_0 + n_i / network.tau_i

    def decided(neuron):
        e = int(matrix[neuron, :n_e] @ state[:n_e])
        i = int(matrix[neuron, n_e : n_e + n_i] @ state[n_e : n_e + n_i])
        j = network.j_e if neuron < n_e else network.j_i
        strength = network.external_e if neuron < n_e else network.external_i
        outside = int(matrix[neuron, n_e + n_i :] @ state[n_e + n_i :])
        outside = outside if n_0 else Fraction(str(network.k)) * Fraction(str(rate))
        field = e - Fraction(str(j)) * i + Fraction(str(strength)) * outside
        limit = math.sqrt(network.k) * theta[neuron]
        if network.temperature:
            chance = uniform(random) + 2.0**-54
            limit += math.sqrt(network.k) * network.temperature * math.log(chance / (1 - chance))
        return int(float(field) - limit > 1e-8)

    kept, done = [], 0
    for index, time in enumerate(times):
        rate = network.m_0 if m_0 is None else m_0[max(index - 1, 0)]
        for _ in range(round(time * per_time) - done):
            if network.parallel:
                following = [decided(neuron) for neuron in range(n_e + n_i)]
                following += [int(uniform(random) < rate) for _ in range(n_0)]
                state = np.array(following)
                continue
            choice = uniform(random) * per_time
            if choice < n_e:
                neuron = int(choice)
            elif choice < n_e + n_0:
                neuron = int(choice) + n_i
            else:
                neuron = n_e + int((choice - n_e - n_0) * network.tau_i)
            external = neuron >= n_e + n_i
            state[neuron] = uniform(random) < rate if external else decided(neuron)
        done = round(time * per_time)
        kept.append(state[: n_e + n_i].copy())
    return np.array(kept, bool)
