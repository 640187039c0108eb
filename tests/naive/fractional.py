"""First passage as a Markov chain on equally spaced potentials: slow, and easy to believe."""

import math

import numpy as np
from scipy import special


def markov_chain_rate(
    mean, scale, index, skew=0.0, threshold=20.0, reset=10.0, tau=20.0, refractory=2.0,
    *, bottom=-300.0, cell=0.2,
):  # fmt: skip
    """Rate (Hz) from the mean absorption time of a chain that hops by whole cells."""
    count = round((threshold - bottom) / cell)
    potentials = threshold - cell * np.arange(count, 0, -1)
    constant = 0.5 * scale**index * math.gamma(1 + index) * math.sin(math.pi * index / 2) / math.pi
    up, down = constant * (1 + skew), constant * (1 - skew)
    far = cell * np.arange(1, 100_001)
    beyond = (far - cell / 2) ** -index / index
    masses = beyond[:-1] - beyond[1:]

    hop = np.zeros((count, count))
    for cells in range(1, count):
        start = np.arange(count - cells)
        hop[start, start + cells] = up * masses[cells - 1]
        hop[start + cells, start] = down * masses[cells - 1]
    hop[:, 0] += down * beyond[np.arange(count)]
    fire = up * beyond[np.arange(count)[::-1]]

    # Diffusion makes up for the variance that whole cells lack; a drift takes out the hops' mean.
    reach = far[-1] - cell / 2
    lacking = reach ** (2 - index) / (2 - index) - (masses * far[:-1] ** 2).sum()
    diffusion = (up + down) * lacking / 2
    drift = mean - potentials - (up - down) * cell ** (1 - index) * special.zeta(index, 0.5) / index
    right = diffusion / cell**2 + drift / (2 * cell)
    left = diffusion / cell**2 - drift / (2 * cell)
    hop[np.arange(count - 1), np.arange(1, count)] += right[:-1]
    hop[np.arange(1, count), np.arange(count - 1)] += left[1:]
    fire[-1] += right[-1]
    np.fill_diagonal(hop, 0)
    time = np.linalg.solve(np.diag(hop.sum(1) + fire) - hop, np.ones(count))
    return 1e3 / (refractory + tau * np.interp(reset, potentials, time))
