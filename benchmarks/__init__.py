"""Speed beside a peer, as ratios: `make bench`, or `python -m benchmarks lif rate` for some.

The simulators among the peers live in an environment of their own, made from
benchmarks/requirements.txt; `BALCOURSE_PEERS` names its Python. Without it they are left out.
"""

import os
import time

PEERS = os.environ.get("BALCOURSE_PEERS")


def least(action, repeats=3, clock=time.process_time):
    """Return the least seconds that `action` took: of the CPU, or by another clock."""
    times = []
    for _ in range(repeats):
        start = clock()
        action()
        times.append(clock() - start)
    return min(times)
