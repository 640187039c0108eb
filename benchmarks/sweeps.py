"""Sweeps beside bare joblib: overhead of a run, gain from a second process, memory for many runs.

Wall time, the least of the repeats. The limits are 5 ms a run, 1.8 times, and no growth but that of
the results, which are 24 bytes a run here.
"""

import functools
import subprocess
import sys
import tempfile
import time

import joblib

from balcourse.data import brunel_network
from balcourse.sweeps import sweep
from benchmarks import least

wall = functools.partial(least, clock=time.perf_counter)


def trivial(k, seed):
    return {"value": seed % 1000}


def network(k, seed):
    run = brunel_network(2_500, 5.0, 2.0).simulate(1_000, progress=False, seed=seed)
    return {"spikes": run.senders.size}


def kept(function, count, jobs):
    """Sweep into a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        sweep(function, {"k": range(count)}, store=folder, jobs=jobs, seed=1)


def bare(function, count, jobs):
    """Run the same with joblib alone, nothing kept and no streams of seeds."""
    joblib.Parallel(n_jobs=jobs)(joblib.delayed(function)(k, seed=k) for k in range(count))


def overhead(count=2_000):
    print(f"{count:,} runs of nothing    sweep, kept on disk    joblib alone")
    for jobs in (1, 2):
        bare(trivial, 100, jobs)
        ours, peer = (wall(lambda f=f, j=jobs: f(trivial, count, j)) for f in (kept, bare))
        ours, peer = 1e3 * ours / count, 1e3 * peer / count
        print(
            f"{jobs} process{'es' * (jobs > 1):<2}  {ours:16.2f} ms a run (limit 5) {peer:12.3f} ms"
        )


def gain(count=24):
    bare(network, 4, 2)
    one, two = (wall(lambda j=j: kept(network, count, j)) for j in (1, 2))
    peer = wall(lambda: bare(network, count, 1)) / wall(lambda: bare(network, count, 2))
    print(f"2 processes are {one / two:.2f} times 1 (limit 1.8); joblib alone {peer:.2f}; "
          f"{1e3 * one / count:.0f} ms a run")  # fmt: skip


def memory():
    """Sweep ever more points, each time in a process of its own, for its peak memory."""
    code = (
        "import resource, sys, tempfile; from benchmarks.sweeps import kept, trivial;"
        "kept(trivial, int(sys.argv[1]), 1);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)"
    )
    for count in (1_000, 10_000, 100_000):
        done = subprocess.run(
            [sys.executable, "-c", code, str(count)], capture_output=True, text=True, check=True
        )
        print(f"{count:8,} points: {float(done.stdout):6.1f} MB at most")


if __name__ == "__main__":
    overhead()
    gain()
    memory()
