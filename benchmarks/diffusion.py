"""Diffusion theory beside NNMT 1.3: stationary rates on a grid, and the lines of instability.

NNMT finds one state of a network at most; only the points that it solves count.
"""

import json
import textwrap
import time

import numpy as np

from balcourse.models.lif import BrunelNetwork
from balcourse.theory import diffusion
from benchmarks import PEERS, from_peers

G, RATIO = np.linspace(4.3, 8, 6), np.linspace(0.9, 4, 5)
# Whatever NNMT's solver raises counts as not solved.
NNMT_RUN = textwrap.dedent("""
    import json, sys, time, warnings, numpy as np
    from nnmt.lif import delta
    warnings.simplefilter("ignore")
    c_e, c_i = map(int, sys.argv[1:3])
    inputs = np.array([[c_e, c_i]] * 2)
    outside = {"J_ext": np.full((2, 1), 0.1e-3), "K_ext": np.full((2, 1), c_e)}
    rates, start = [], time.process_time()
    for g, external_rate in json.loads(sys.argv[3]):
        weights = np.array([[0.1e-3, -g * 0.1e-3]] * 2)
        try:
            rate = delta._firing_rates(
                weights, inputs, 0.01, 0.02, 0.02, 0.002, nu_ext=np.array([external_rate]),
                fixpoint_method="LSTSQ", **outside)[0]
        except Exception:
            rate = None
        rates.append(rate)
    print(json.dumps([time.process_time() - start, rates]))
""")


def cpu(action, repeats=1):
    """Return the least CPU seconds of `repeats` calls, and the last answer."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        answer = action()
        times.append(time.process_time() - start)
    return min(times), answer


def nnmt_rates(network):
    """Return NNMT's CPU seconds and its rates (Hz), NaN where its solver fails."""
    points = json.dumps([(g, ratio * network.threshold_rate) for g in G for ratio in RATIO])
    seconds, rates = from_peers(NNMT_RUN, network.c_e, network.c_i, points)
    return seconds, np.array(rates, float).reshape(len(G), len(RATIO))


if __name__ == "__main__":
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
    if not PEERS:
        print("NNMT is left out: set BALCOURSE_PEERS")
    else:
        ours, table = cpu(lambda: diffusion.stationary_grid(network, g=G, external_ratio=RATIO), 5)
        theirs, rates = nnmt_rates(network)
        solved = np.isfinite(rates)
        ours_there = np.nanmax(table[0], axis=2)
        apart = np.abs(ours_there / rates - 1)[solved].max()
        print(f"{G.size * RATIO.size} points: NNMT {theirs:.2f} s, ours {ours:.5f} s: ", end="")
        print(f"{theirs / ours:.0f} times as fast   (at least 20)")
        print(
            f"NNMT solves {solved.sum()}; largest relative difference {apart:.1e}   (at most 1e-6)"
        )
