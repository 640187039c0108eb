"""Glauber updates a second of a fully connected network, beside the same loop in plain numpy."""

from functools import partial

import numpy as np

from balcourse.models.glauber import GlauberNetwork
from benchmarks import least


def in_numpy(network, updates, seed=1):
    """Update units one at a time, with fields kept by numpy; return the last state."""
    rng = np.random.default_rng(seed)
    state = np.zeros(network.n)
    field = -network.threshold.copy()
    columns = np.ascontiguousarray(network.coupling.T)
    for unit, draw in zip(rng.integers(network.n, size=updates), rng.random(updates), strict=True):
        active = draw < 1 / (1 + np.exp(-field[unit] / network.temperature))
        if active != state[unit]:
            field += columns[unit] * (active - state[unit])
            state[unit] = active
    return state


def main():
    """Print one row a temperature, N = 1,000."""
    n, sweeps = 1000, 1000
    coupling = np.random.default_rng(1).normal(size=(n, n)) / np.sqrt(n)
    print("temperature  million updates/s  flips per update  times numpy")
    for temperature in (0.1, 0.3, 1.0):
        network = GlauberNetwork(coupling, 0.0, temperature)
        network.simulate(1, seed=1)
        setup = least(partial(network.simulate, 0, seed=1))
        ours = n * sweeps / (least(partial(network.simulate, sweeps, every=sweeps, seed=1)) - setup)
        numpy = 20_000 / least(partial(in_numpy, network, 20_000))
        states = network.simulate(20, warmup=50, seed=1).states
        chance = network.chance(network.fields(states))
        flips = np.abs(chance - states).mean()
        print(f"{temperature:11}  {ours / 1e6:17.1f}  {flips:16.2f}  {ours / numpy:11.0f}")


if __name__ == "__main__":
    main()
