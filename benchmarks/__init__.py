"""Speed beside a peer, as ratios: `make bench`, or `python -m benchmarks lif rate` for some.

The simulators among the peers live in an environment of their own, made from
benchmarks/requirements.txt; `BALCOURSE_PEERS` names its Python. Without it they are left out.
"""

import json
import os
import subprocess
import time

PEERS = os.environ.get("BALCOURSE_PEERS")


def from_peers(script, *arguments):
    """Run a script in the peers' environment; return what its last line says in JSON."""
    command = [PEERS, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def least(action, repeats=3, clock=time.process_time):
    """Return the least seconds that `action` took: of the CPU, or by another clock."""
    times = []
    for _ in range(repeats):
        start = clock()
        action()
        times.append(clock() - start)
    return min(times)
