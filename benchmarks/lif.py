"""Brunel's network beside NEST and Brian2: wall seconds per biological second, and more.

    python -m benchmarks.lif [--peers PYTHON] [--repeats 5] [--states ABCD] [--large]

PYTHON is that of the peers' environment. Every number is the median of the repeats; ours and the
peers' alternate, on one thread unless it says otherwise. `--large` adds a network of a million
neurons (2 GB, two to three minutes).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks import PEERS

STATES = {"A": (3.0, 2.0), "B": (6.0, 4.0), "C": (5.0, 2.0), "D": (4.5, 0.9)}
PEER_DURATION = {"A": 100.0, "B": 200.0, "C": 300.0, "D": 1000.0}
ROOT = pathlib.Path(__file__).resolve().parents[1]


def network(**options):
    from balcourse.models.lif import BrunelNetwork

    return BrunelNetwork(**options)


def seconds_per_second(model, duration=1000.0, warmup=100.0, threads=1):
    """Return the wall seconds of building, and of a biological second after the warm-up."""
    from balcourse.models.lif import Simulation

    begin = time.perf_counter()
    run = Simulation(model, warmup=warmup, threads=threads, seed=1)
    built = time.perf_counter() - begin
    run.warm_up()
    steps = round(duration / 0.1)
    begin = time.perf_counter()
    spikes = 0
    while steps > 0:
        piece = run.advance(steps)
        steps -= len(piece.counts)
        spikes += len(piece.senders)
    wall = (time.perf_counter() - begin) / (duration / 1000)
    return built, wall, spikes * 1000 / (model.n * duration)


def peak_memory():
    """Return the most memory this process has held (MB)."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_memory():
    """Return the memory this process holds (MB)."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def child(python, *arguments, **environment):
    """Run this file with a task in a process of its own; return what it reports."""
    command = [str(python), str(pathlib.Path(__file__).resolve()), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


# -- Tasks that run in a process of their own ----------------------------------------------------


def task_start():
    """Return the seconds from the start of the interpreter's work to the end of a short run."""
    begin = time.perf_counter()
    network(n=1_250, j=1.0).simulate(10.0, progress=False)
    return {"seconds": time.perf_counter() - begin}


def task_memory():
    """Return how much memory the full network holds after a second of state C (MB)."""
    from balcourse.models.lif import Simulation

    network(n=1_250, j=1.0).simulate(10.0, progress=False)
    before = resident_memory()
    run = Simulation(network(), seed=1)
    kept = []
    while sum(len(piece.counts) for piece in kept) < 10_000:
        kept.append(run.advance(10_000))
    return {"megabytes": resident_memory() - before}


def task_nest(state):
    """Return NEST's seconds to build and per biological second, and its memory."""
    import nest

    g, ratio = STATES[state]
    nest.set_verbosity("M_ERROR")
    nest.SetKernelStatus({"resolution": 0.1, "rng_seed": 1})
    begin = time.perf_counter()
    cell = {"tau_m": 20.0, "C_m": 1.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": 2.0}
    neurons = nest.Create("iaf_psc_delta", 12_500, params=cell)
    neurons.V_m = nest.random.uniform(10.0, 20.0)
    for sources, in_degree, weight in (
        (neurons[:10_000], 1_000, 0.1),
        (neurons[10_000:], 250, -g * 0.1),
    ):
        rule = {"rule": "fixed_indegree", "indegree": in_degree, "allow_autapses": False}
        nest.Connect(sources, neurons, rule, {"weight": weight, "delay": 1.5})
    noise = nest.Create("poisson_generator", params={"rate": ratio * 10_000.0})
    nest.Connect(noise, neurons, syn_spec={"weight": 0.1, "delay": 0.1})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    nest.Prepare()
    nest.Run(20.0)
    built = time.perf_counter() - begin
    before = recorder.n_events
    duration = PEER_DURATION[state]
    begin = time.perf_counter()
    nest.Run(duration)
    wall = (time.perf_counter() - begin) * 1000 / duration
    rate = (recorder.n_events - before) * 1000 / (12_500 * duration)
    return {"built": built, "wall": wall, "rate": rate, "megabytes": peak_memory()}


def task_brian2(state):
    """Return Brian2's seconds per biological second of its compiled loop, and its rate."""
    import brian2 as b
    import numpy as np

    g, ratio = STATES[state]
    duration = PEER_DURATION[state]
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        b.set_device("cpp_standalone", directory=folder, build_on_run=True)
        b.prefs.devices.cpp_standalone.openmp_threads = 0
        b.seed(1)
        b.defaultclock.dt = 0.1 * b.ms
        neurons = b.NeuronGroup(
            12_500,
            "dv/dt = -v / (20 * ms) : 1 (unless refractory)",
            threshold="v >= 20",
            reset="v = 10",
            refractory=2 * b.ms,
            method="exact",
        )
        neurons.v = "10 + 10 * rand()"
        parts = []
        for first, size, in_degree, weight in (
            (0, 10_000, 1_000, 0.1),
            (10_000, 2_500, 250, -g / 10),
        ):
            sources = np.concatenate(
                [rng.choice(size, in_degree, replace=False) for _ in range(12_500)]
            )
            synapses = b.Synapses(
                neurons[first : first + size],
                neurons,
                on_pre=f"v_post += {weight}",
                delay=1.4 * b.ms,
            )
            synapses.connect(i=sources, j=np.repeat(np.arange(12_500), in_degree))
            parts.append(synapses)
        noise = b.PoissonInput(neurons, "v", 1_000, ratio * 10 * b.Hz, weight=0.1)
        monitor = b.SpikeMonitor(neurons)
        b.Network(neurons, *parts, noise, monitor).run(duration * b.ms)
        wall = b.device._last_run_time * 1000 / duration
        return {"wall": wall, "rate": monitor.num_spikes * 1000 / (12_500 * duration)}


# -- Tables --------------------------------------------------------------------------------------


def speed(states, repeats, peers):
    """Print the wall seconds per biological second in each state, and the ratios."""
    print("\nWall s per biological s, N = 12,500 (rate in Hz)")
    print(
        "state      ours   2 threads      NEST   ratio    Brian2   ratio     rate  (NEST, Brian2)"
    )
    for state in states:
        g, ratio = STATES[state]
        model = network(g=g, external_ratio=ratio)
        ours, threads, nest, brian2 = [], [], [], []
        for _ in range(repeats):
            ours.append(seconds_per_second(model))
            threads.append(seconds_per_second(model, threads=2))
            if peers:
                nest.append(child(peers, "--task", "nest", state))
                brian2.append(child(peers, "--task", "brian2", state))
        one = statistics.median(wall for _, wall, _ in ours)
        two = statistics.median(wall for _, wall, _ in threads)
        line = f"{state}     {one:10.3f} {two:11.3f}"
        for runs in (nest, brian2):
            if runs:
                wall = statistics.median(run["wall"] for run in runs)
                line += f"{wall:10.1f} {wall / one:7.0f}"
            else:
                line += "         -       -"
        rates = ", ".join(f"{runs[0]['rate']:.1f}" for runs in (nest, brian2) if runs)
        print(f"{line} {ours[0][2]:8.1f}  ({rates or 'left out'})", flush=True)
        if nest:
            print(
                f"      NEST: built in {nest[0]['built']:.1f} s, {nest[0]['megabytes']:.0f} MB;"
                f" ours: built in {statistics.median(built for built, _, _ in ours):.2f} s"
            )


def costs(repeats):
    """Print what building, memory, starting and small networks cost."""
    built = statistics.median(seconds_per_second(network(), 10.0)[0] for _ in range(repeats))
    print(f"\nBuild, N = 12,500: {built:.2f} s")
    small = network(n=2_500, j=0.5)
    wall = statistics.median(seconds_per_second(small)[1] for _ in range(repeats))
    print(f"N = 2,500: {1000 * wall:.0f} ms per biological s")
    memory = child(sys.executable, "--task", "memory")["megabytes"]
    print(f"Memory for N = 12,500 and a second of state C: {memory:.0f} MB more")
    with tempfile.TemporaryDirectory() as folder:
        for what in ("first process (compiles)", "later process (cached)"):
            seconds = child(sys.executable, "--task", "start", NUMBA_CACHE_DIR=folder)["seconds"]
            print(f"Start, {what}: {seconds:.1f} s")


def scaling(repeats):
    """Print the cost against N at fixed C, against C, and the line through each."""
    import numpy as np

    print("\nState C, wall s per biological s")
    for title, models, size in (
        (
            "N, at C = 1,250",
            [network(n=n, epsilon=1_250 / n) for n in (6_250, 12_500, 25_000, 50_000)],
            lambda model: model.n,
        ),
        (
            "C, at N = 12,500",
            [network(epsilon=e, j=0.01 / e) for e in (0.02, 0.05, 0.1, 0.2)],
            lambda model: model.c_e + model.c_i,
        ),
    ):
        sizes = [size(model) for model in models]
        walls = [
            statistics.median(seconds_per_second(model, 500.0)[1] for _ in range(repeats))
            for model in models
        ]
        slope, base = np.polyfit(sizes, walls, 1)
        points = ", ".join(f"{s}: {w:.2f}" for s, w in zip(sizes, walls, strict=True))
        print(f"{title}: {points}; fit {base:.3f} s + {slope * 1000:.4f} ms each")


def large():
    """Print the cost of a million neurons with 1,000 synapses each."""
    model = network(n=1_000_000, epsilon=0.001, j=0.125)
    built, wall, rate = seconds_per_second(model, duration=20.0, warmup=20.0, threads=2)
    print(
        f"\nN = 1,000,000, C = 1,000, two threads: built in {built:.0f} s,"
        f" {wall:.0f} s per biological s at {rate:.1f} Hz, {peak_memory() / 1024:.1f} GB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default=PEERS, help="Python of an environment with NEST, Brian2")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--states", default="ABCD")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        name, *arguments = options.task
        print(json.dumps(globals()[f"task_{name}"](*arguments)))
        return
    network(n=1_250, j=1.0).simulate(10.0, threads=2)
    network(n=1_250, j=1.0).simulate(10.0)
    if not options.peers:
        print("NEST and Brian2 are left out: give --peers, or set BALCOURSE_PEERS")
    speed(options.states, options.repeats, options.peers)
    costs(options.repeats)
    scaling(max(1, options.repeats // 2))
    if options.large:
        large()


if __name__ == "__main__":
    main()
