"""Diffusion theory beside NNMT 1.3: stationary rates on a grid, and the lines of instability.

NNMT is optional. It finds one state of a network at most; only the points that it solves count.
"""

import time
import warnings

import numpy as np

from balcourse.models.lif import BrunelNetwork
from balcourse.theory import diffusion

try:
    from nnmt.lif import delta
except ImportError:
    delta = None

G, RATIO = np.linspace(4.3, 8, 6), np.linspace(0.9, 4, 5)


def cpu(action, repeats=1):
    """Return the least CPU seconds of `repeats` calls, and the last answer."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        answer = action()
        times.append(time.process_time() - start)
    return min(times), answer


def nnmt_rate(g, ratio):
    """Return NNMT's stationary rate (Hz), or NaN where its solver fails."""
    network = BrunelNetwork(g=g, external_ratio=ratio)
    weights = np.array([[0.1e-3, -g * 0.1e-3]] * 2)
    inputs = np.array([[network.c_e, network.c_i]] * 2)
    outside = {"J_ext": np.full((2, 1), 0.1e-3), "K_ext": np.full((2, 1), network.c_e)}
    try:
        rates = delta._firing_rates(
            weights, inputs, 0.01, 0.02, 0.02, 0.002, nu_ext=np.array([network.external_rate]),
            fixpoint_method="LSTSQ", **outside,
        )  # fmt: skip
    except Exception as failure:  # whatever its solver raises counts as not solved
        return np.nan if failure else 0
    return rates[0]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    network = BrunelNetwork()
    diffusion.stationary_grid(network, g=[5], external_ratio=[2])  # compile
    diffusion.oscillation(network)
    axis = np.linspace(0, 8, 100), np.linspace(0, 4, 100)
    seconds, table = cpu(
        lambda: diffusion.stationary_grid(network, g=axis[0], external_ratio=axis[1]), 3
    )
    states = int(np.isfinite(table[0]).sum())
    print(f"all states on 100 x 100 points, {states} of them: {seconds:.2f} s   (at most 1)")
    seconds, lines = cpu(
        lambda: [
            diffusion._traced.func(network, (1, 8), (0.5, 4.5), 1.5, kind) for kind in (False, True)
        ]
    )
    print(f"every line of instability for one delay: {seconds:.1f} s   (at most 60)")
    if delta is None:
        print("NNMT is not installed: left out")
    else:
        ours, table = cpu(lambda: diffusion.stationary_grid(network, g=G, external_ratio=RATIO), 5)
        theirs, rates = cpu(lambda: np.array([[nnmt_rate(g, r) for r in RATIO] for g in G]))
        solved = np.isfinite(rates)
        ours_there = np.nanmax(table[0], axis=2)
        apart = np.abs(ours_there / rates - 1)[solved].max()
        print(f"{G.size * RATIO.size} points: NNMT {theirs:.2f} s, ours {ours:.5f} s: ", end="")
        print(f"{theirs / ours:.0f} times as fast   (at least 20)")
        print(
            f"NNMT solves {solved.sum()}; largest relative difference {apart:.1e}   (at most 1e-6)"
        )
