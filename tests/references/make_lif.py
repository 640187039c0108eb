"""Run Brunel's network in NEST and in Brian2 and store what `tests/test_lif.py` compares with.

    uv venv peers && uv pip install -p peers -r benchmarks/requirements.txt
    PYTHONPATH=. peers/bin/python tests/references/make_lif.py nest
    PYTHONPATH=. peers/bin/python tests/references/make_lif.py brian2

Each run starts from potentials uniform between reset and threshold, and forbids multapses and
autapses. Brian2's synapses take one step more than their delay says, so its delay is 1.4 ms: the
round trip is then 15 steps in all three simulators.
"""

import json
import pathlib
import platform
import sys
import tempfile

import numpy as np

from balcourse.measure import spikes

N_E, N_I, C_E, C_I, J, DELAY, DT = 10_000, 2_500, 1_000, 250, 0.1, 1.5, 0.1
STATES = {"A": (3.0, 2.0), "B": (6.0, 4.0), "C": (5.0, 2.0), "D": (4.5, 0.9)}
WARMUP = {"A": 100.0, "B": 200.0, "C": 200.0, "D": 300.0}
DURATION = {"A": 100.0, "B": 400.0, "C": 400.0, "D": 800.0}
# One seed only of the slowest case, state A in NEST.
SEEDS = {"nest": (1, 2, 3), "brian2": (1, 2)}
EDGES = (5, 50, 100, 150, 200, 300, 500, 900)


def run_nest(g, ratio, duration, seed):
    """Return times (ms) and senders of a run in NEST."""
    import nest

    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.SetKernelStatus({"resolution": DT, "rng_seed": seed})
    cell = {"tau_m": 20.0, "C_m": 1.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": 2.0}
    neurons = nest.Create("iaf_psc_delta", N_E + N_I, params=cell)
    neurons.V_m = nest.random.uniform(10.0, 20.0)
    for population, in_degree, weight in (
        (neurons[:N_E], C_E, J),
        (neurons[N_E:], C_I, -g * J),
    ):
        rule = {"rule": "fixed_indegree", "indegree": in_degree}
        rule |= {"allow_autapses": False, "allow_multapses": False}
        nest.Connect(population, neurons, rule, {"weight": weight, "delay": DELAY})
    noise = nest.Create("poisson_generator", params={"rate": ratio * 10.0 * C_E})
    nest.Connect(noise, neurons, syn_spec={"weight": J, "delay": DT})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    nest.Simulate(duration)
    events = recorder.get("events")
    return events["times"], events["senders"] - 1


def run_brian2(g, ratio, duration, seed):
    """Return times (ms) and senders of a run in Brian2, C++ standalone."""
    import brian2 as b

    b.device.reinit()
    b.device.activate()
    with tempfile.TemporaryDirectory() as folder:
        b.set_device("cpp_standalone", directory=folder, build_on_run=True)
        b.seed(seed)
        rng = np.random.default_rng(seed)
        b.defaultclock.dt = DT * b.ms
        neurons = b.NeuronGroup(
            N_E + N_I,
            "dv/dt = -v / (20 * ms) : 1 (unless refractory)",
            threshold="v >= 20",
            reset="v = 10",
            refractory=2 * b.ms,
            method="exact",
        )
        neurons.v = "10 + 10 * rand()"
        parts = []
        for first, size, in_degree, weight in ((0, N_E, C_E, J), (N_E, N_I, C_I, -g * J)):
            sources = np.empty((N_E + N_I, in_degree), np.int32)
            for target in range(N_E + N_I):
                draw = rng.choice(size - (0 <= target - first < size), in_degree, replace=False)
                sources[target] = draw + (draw >= target - first) * (0 <= target - first < size)
            synapses = b.Synapses(
                neurons[first : first + size],
                neurons,
                on_pre=f"v_post += {weight} * int(not_refractory_post)",
                delay=(DELAY - DT) * b.ms,
            )
            targets = np.repeat(np.arange(N_E + N_I, dtype=np.int32), in_degree)
            synapses.connect(i=sources.ravel(), j=targets)
            parts.append(synapses)
        noise = b.PoissonInput(neurons, "v", C_E, ratio * 10.0 * b.Hz, weight=J)
        monitor = b.SpikeMonitor(neurons)
        network = b.Network(neurons, *parts, noise, monitor)
        network.run(duration * b.ms)
        return np.array(monitor.t / b.ms), np.array(monitor.i)


def statistics(times, senders, duration):
    """Return the numbers that are compared."""
    excitatory = senders < N_E
    n = N_E + N_I
    frequencies, power = spikes.population_spectrum(times, n, duration, segment=100.0)
    bands = np.digitize(frequencies, EDGES)
    return {
        "rate_e": spikes.mean_rate(times[excitatory], senders[excitatory], N_E, duration),
        "rate_i": spikes.mean_rate(times[~excitatory], senders[~excitatory] - N_E, N_I, duration),
        "cv": spikes.cv_isi(times, senders, least=3),
        "synchrony": spikes.synchrony(times, duration),
        "spectrum": [float(power[bands == band].mean()) for band in range(1, len(EDGES))],
    }


def main(simulator):
    version = __import__(simulator).__version__
    run = {"nest": run_nest, "brian2": run_brian2}[simulator]
    path = pathlib.Path(__file__).with_name(f"lif_{simulator}.json")
    stored = {
        "simulator": f"{simulator} {version}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "made_by": "tests/references/make_lif.py",
        "spectrum_edges": EDGES,
        "states": {},
    }
    for state, (g, ratio) in reversed(STATES.items()):
        warmup, duration = WARMUP[state], DURATION[state]
        runs = []
        seeds = (
            SEEDS[simulator] if (simulator, state) != ("nest", "A") else (1,)
        )  # ten minutes each
        for seed in seeds:
            times, senders = run(g, ratio, warmup + duration, seed)
            late = times > warmup + DT / 2
            runs.append(statistics(times[late] - warmup, senders[late], duration))
            print(state, seed, runs[-1], flush=True)
        stored["states"][state] = {
            "g": g,
            "external_ratio": ratio,
            "warmup": warmup,
            "duration": duration,
            "seeds": seeds,
            "runs": runs,
        }
        path.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
