"""Slow twins of `balcourse.models.stable` and `balcourse.models.heavy`, one number at a time."""

import math

import numpy as np

from balcourse.models.random import below, random_state, uniform


def stable(state, index, skew):
    """Chambers, Mallows and Stuck's formula as they print it, for index other than 1."""
    phase = math.pi * (uniform(state) - 0.5)
    waiting = -math.log(1 - uniform(state))
    slope = skew * math.tan(math.pi * index / 2)
    angle = math.atan(slope) / index
    return (
        (1 + slope**2) ** (1 / (2 * index))
        * math.sin(index * (phase + angle))
        / math.cos(phase) ** (1 / index)
        * (math.cos(phase - index * (phase + angle)) / waiting) ** ((1 - index) / index)
    )


def run_network(network, steps, dt, matrix, outside, seed):
    """Spikes (step, neuron) and inputs per step of the network with the given weight matrix."""
    state = random_state(seed, 1)
    potentials = np.array([uniform(state) for _ in range(network.n)]) * network.threshold
    lag, rest = round(network.delay / dt), round(network.refractory / dt)
    external = np.zeros((steps, network.n))
    for first in range(0, steps, lag):
        for neuron in range(network.n):
            for step in range(first, min(first + lag, steps)):
                mean = network.c_e * network.external_rate * 1e-3 * dt
                for _ in range(poisson(uniform(state), mean)):
                    external[step, neuron] += outside[neuron, below(state, network.c_e)]

    spikes, received = [], np.zeros((steps, network.n))
    free_again = np.zeros(network.n)
    pending = {}
    for step in range(steps):
        received[step] = external[step] + pending.pop(step, 0.0)
        fired = np.zeros(network.n)
        for neuron in range(network.n):
            if step < free_again[neuron]:
                continue
            potentials[neuron] *= math.exp(-dt / network.tau)
            potentials[neuron] += received[step, neuron]
            if potentials[neuron] >= network.threshold:
                potentials[neuron] = network.reset
                free_again[neuron] = step + rest + 1
                fired[neuron] = 1
                spikes.append((step, neuron))
        pending[step + lag] = matrix @ fired
    return spikes, received


def poisson(chance, mean):
    """Number of events of a Poisson distribution whose cumulative first exceeds `chance`."""
    events, term = 0, math.exp(-mean)
    total = term
    while chance >= total:
        events += 1
        term *= mean / events
        total += term
    return events
