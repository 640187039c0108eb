"""Glauber dynamics with fields summed afresh at every update: twin of `models/glauber.py`.

Shares with the fast code only the random numbers, drawn in the same order.
"""

import math

import numpy as np
from scipy import stats

from balcourse.models.random import below, random_state, uniform


def chance(field, temperature):
    """Return the probability of being 1, from the definition."""
    if temperature == 0:
        return 1.0 if field > 1e-6 else 0.0 if field < -1e-6 else 0.5
    return 1 / (1 + math.exp(-field / temperature))


def states(network, duration, every, warmup, seed):
    """Return the states that `simulate` records."""
    start, draws, random = (random_state(seed, stream) for stream in range(3))
    n, samples = network.n, int(duration / every + 1e-9)
    state = np.array([uniform(start) < 0.5 for _ in range(n)], int)
    spans = [warmup] + [every] * samples
    fastest = network.tau.min()
    recorded = []
    for span in spans:
        if network.parallel:
            for _ in range(round(span)):
                fields = [network.coupling[i] @ state - network.threshold[i] for i in range(n)]
                state = np.array(
                    [uniform(random) < chance(field, network.temperature) for field in fields], int
                )
        else:
            attempts = int(stats.poisson.ppf(uniform(draws), span * n / fastest))
            for _ in range(max(attempts, 0)):
                unit = below(random, n)
                if network.tau[unit] > fastest and uniform(random) >= fastest / network.tau[unit]:
                    continue
                field = network.coupling[unit] @ state - network.threshold[unit]
                state[unit] = uniform(random) < chance(field, network.temperature)
        recorded.append(state.copy())
    return np.array(recorded, bool)
