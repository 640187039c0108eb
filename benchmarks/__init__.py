"""Speed beside a peer, as ratios: `make bench`, or `python -m benchmarks lif rate` for some."""

import time


def least(action, repeats=3, clock=time.process_time):
    """Return the least seconds that `action` took: of the CPU, or by another clock."""
    times = []
    for _ in range(repeats):
        start = clock()
        action()
        times.append(clock() - start)
    return min(times)
