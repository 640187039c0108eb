"""The balanced binary network beside NEST, its replicas beside single runs, and how time grows."""

import dataclasses
import subprocess
import sys
import textwrap

import numpy as np

from balcourse.models import binary
from balcourse.models.binary import BalancedNetwork
from benchmarks import PEERS, from_peers, least

FEW = 4_000  # updates of packed replicas
NEST_RUN = textwrap.dedent("""
    import sys, time, numpy as np, nest
    n, k, m_0, duration = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    nest.set_verbosity("M_ERROR")
    nest.SetKernelStatus({"local_num_threads": 1, "rng_seed": 1, "resolution": 0.1})
    root = np.sqrt(k)
    populations = []
    for tau, theta, external in ((10.0, 1.0, 1.0), (9.0, 0.7, 0.8)):
        populations.append(nest.Create("mcculloch_pitts_neuron", n, {
            "tau_m": tau, "theta": root * theta - external * m_0 * k}))
    for source, weights in zip(populations, ((1.0, 1.0), (-2.0, -1.8))):
        for target, weight in zip(populations, weights):
            nest.Connect(source, target, {"rule": "pairwise_bernoulli", "p": k / n},
                         {"weight": weight, "delay": 0.1})
    noise = nest.Create("noise_generator", 2, [{"mean": 50 * root, "stop": 1.0}] * 2)
    for one, population in zip(noise, populations):
        nest.Connect(one, population)
    nest.Simulate(20.0)
    start = time.process_time()
    nest.Simulate(duration * 10.0)
    print((n + n / 0.9) * duration / (time.process_time() - start))
""")


def prepared(network, packed=False):
    """Return a run of `network` in its stationary state."""
    run = binary._Run(network, binary._Graph(network, 1, packed=packed), 1)
    run.begin(None)
    run.warm_up(5, 0.1, lambda time: network.m_0)
    return run


def nest_speed(network, duration):
    """Return NEST's updates a second, or None where there is no NEST."""
    return from_peers(NEST_RUN, network.n_e, network.k, network.m_0, duration) if PEERS else None


def speeds():
    print("10,000 + 10,000 neurons, million updates a CPU second, one thread")
    print("   K   m_0  single  1,024 replicas  ratio     NEST  ratio")
    for k, m_0 in ((100, 0.1), (500, 0.1), (1_000, 0.1), (100, 0.2), (500, 0.2), (1_000, 0.2)):
        network = BalancedNetwork(k=k, m_0=m_0)
        run = prepared(network, packed=True)
        updates = network._updates(5)
        single = updates / least(lambda run=run, u=updates, m_0=m_0: run.advance(u, m_0), 12) / 1e6
        flips = [np.array([copy]) for copy in range(1_023)]
        group = binary._Packed(run, flips)
        packed = FEW * 1_024 / least(lambda g=group, m_0=m_0: g.advance(FEW, m_0)) / 1e6
        line = f"{k:5} {m_0:5} {single:7.1f} {packed:15.1f} {packed / single:6.1f}"
        nest = nest_speed(network, 10 if k < 500 else 2)
        if nest is None:
            print(f"{line}  (NEST is left out)")
        else:
            print(f"{line} {nest / 1e6:8.3f} {single * 1e6 / nest:6.0f}")


def growth():
    """Fit CPU time a unit of time to straight lines in N and in K, at one rate."""
    base = BalancedNetwork(n_e=20_000, n_i=20_000, k=200, m_0=0.2)
    for name, values in (
        ("N", (40_000, 80_000, 120_000, 160_000)),
        ("K", (50, 100, 200, 400)),
    ):
        spent = [_milliseconds(base, name, value) for value in values]
        slope, start = np.polyfit(values, spent, 1)
        worst = np.abs((start + slope * np.array(values)) / spent - 1).max()
        power = np.polyfit(np.log(values), np.log(spent), 1)[0]
        print(f"CPU ms a unit of time at {name} = {_shown(values, spent)}")
        print(f"   = {start:.1f} + {slope:.3g} {name}, within {worst:.0%}; a power of {power:.2f}")
    values = (500, 1_000, 2_000, 4_000)
    spent = [_milliseconds(base, "K", value) for value in values]
    print(f"Rows of bits, which K does not lengthen: at K = {_shown(values, spent)}")


def _milliseconds(base, name, value):
    change = {"n_e": value, "n_i": value} if name == "N" else {"k": value}
    network = dataclasses.replace(base, **change)
    run, updates = prepared(network), network._updates(1)
    return least(lambda: run.advance(updates, 0.2)) * 1e3


def _shown(values, spent):
    return ", ".join(f"{v:,}: {one:.1f}" for v, one in zip(values, spent, strict=True))


def million():
    """Run a million neurons in each population, in a process of its own, for its peak memory."""
    code = (
        "import resource, time; from balcourse.models.binary import BalancedNetwork;"
        "t = time.process_time();"
        "r = BalancedNetwork(n_e=10**6, n_i=10**6, k=100, m_0=0.2).simulate(2, seed=1);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,"
        "time.process_time() - t, r.activity_e[-1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        print("10^6 + 10^6 neurons, K = 100:", done.stderr.strip().splitlines()[-1])
        return
    peak, spent, rate = map(float, done.stdout.split())
    print(f"10^6 + 10^6 neurons, K = 100, 2 units of time: {peak:.2f} GB at most (limit 4), "
          f"{spent:.1f} CPU s with wiring, m_E = {rate:.3f}")  # fmt: skip


def lesson():
    """Time the lesson's default runs, wiring included."""
    network = BalancedNetwork(m_0=0.2)
    for name, action in (
        ("50 units of time", lambda: network.simulate(50, seed=1)),
        ("damage, two copies, 8 units", lambda: network.damage(8, seed=1)),
        ("damage, 1,000 copies, 0.1 units", lambda: network.damage(0.1, copies=1_000, seed=1)),
    ):
        print(f"default network, {name:<32} {least(action, 2):5.2f} CPU s (limit 2)")


if __name__ == "__main__":
    speeds()
    growth()
    million()
    lesson()
