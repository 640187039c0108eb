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
    mean = network.c_e * network.external_rate * 1e-3 * dt
    free_again = np.zeros(network.n)
    lag, rest = round(network.delay / dt), round(network.refractory / dt)
    spikes, received = [], np.zeros((steps, network.n))
    pending = {}
    for step in range(steps):
        received[step] = pending.pop(step, 0.0)
        fired = np.zeros(network.n)
        for neuron in range(network.n):
            chance, below_so_far, term = uniform(state), 0.0, math.exp(-mean)
            events = 0
            while chance >= below_so_far + term:
                received[step, neuron] += outside[neuron, below(state, network.c_e)]
                events, below_so_far, term = (
                    events + 1,
                    below_so_far + term,
                    term * mean / (events + 1),
                )
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
