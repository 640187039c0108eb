"""Brunel's network: against a scalar twin, exact laws, and two other simulators."""

import json
import math
import pathlib
import re

import neo
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from balcourse.measure import spikes
from balcourse.models import bitrows, lif, poisson
from balcourse.models.lif import BrunelNetwork
from balcourse.models.live import lif as live
from balcourse.models.random import random_state
from balcourse.models.wiring import wired
from balcourse.page.wasm import parameters
from tests.naive import lif as naive
from tests.references import make_lif

STATES = {"A": (3.0, 2.0), "B": (6.0, 4.0), "C": (5.0, 2.0), "D": (4.5, 0.9)}


def state(name, n=12_500, **options):
    """One of the paper's four states, with c_e j kept where n is smaller."""
    g, ratio = STATES[name]
    return BrunelNetwork(n=n, j=0.1 * 12_500 / n, g=g, external_ratio=ratio, **options)


def assert_same_as_twin(network, duration=100.0, dt=0.1, seed=7):
    steps, senders = naive.spikes(network, round(duration / dt), dt, seed)
    run = network.simulate(duration, dt=dt, seed=seed)
    assert len(senders) > network.n / 10
    np.testing.assert_array_equal(run.senders, senders)
    np.testing.assert_allclose(run.times, (steps + 1) * dt)


# -- The same spikes -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1_250, 12_500])
@pytest.mark.parametrize("name", STATES)
def test_same_spikes_as_twin(name, n):
    assert_same_as_twin(state(name, n))


@pytest.mark.parametrize(
    "network",
    [
        BrunelNetwork(n=1_250, j=1.0, delay=(0.5, 1.5, 3.0)),
        BrunelNetwork(n=1_250, j=(1.0, 0.8), g=(6, 5), tau=(20, 10), external_ratio=(3, 2)),
        BrunelNetwork(n=2_500, j=2.0, epsilon=0.005),
        BrunelNetwork(n=2_500, j=2.0, epsilon=0.005, delay=(1.0, 2.0)),
        BrunelNetwork(n=1_250, j=0.1, epsilon=0.99, g=3),
        BrunelNetwork(n=1_250, j=1.0, refractory=0, delay=0.1),
        BrunelNetwork(n=1_250, j=0.02, external_ratio=30),
    ],
    ids=["delays", "model B", "lists", "lists, delays", "dense", "shortest delay", "strong input"],
)
def test_same_spikes_as_twin_beyond_model_a(network):
    assert_same_as_twin(network, duration=50)


@pytest.mark.parametrize("dt", [0.05, 0.02])
def test_same_spikes_as_twin_with_smaller_steps(dt):
    assert_same_as_twin(state("B", 1_250), duration=30, dt=dt)


@pytest.mark.parametrize("epsilon", [0.1, 0.005])
def test_spikes_do_not_depend_on_threads(epsilon):
    network = BrunelNetwork(n=5_000, epsilon=epsilon, j=0.025 / epsilon, g=6, external_ratio=4)
    one, two, three = (network.simulate(100, threads=k, seed=2) for k in (1, 2, 3))
    np.testing.assert_array_equal(one.senders, two.senders)
    np.testing.assert_array_equal(one.counts, two.counts)
    np.testing.assert_array_equal(one.senders, three.senders)


def test_page_kernel_gives_the_same_spikes():
    network = BrunelNetwork(n=1_500, j=0.7, g=5.0, external_ratio=3, delay=1.1)
    given = live.page_arguments(network, ratios=np.arange(5.0), longest_delay=2.0, steps=40)
    given |= {"g": 5.0, "ratio": 3.0, "delay": 1.1, "dt": 0.1, "seed": 3, "steps": 40}
    live.begin_network(*(given[name] for name in parameters(live.begin_network)))
    run = lif.Simulation(network, seed=3)
    filled = np.isfinite(run.state.potentials)
    run.state.potentials[filled] = given["potentials"][filled]
    steps, senders, counts = [], [], []
    for call in range(25):
        live.fire(*(given[name] for name in parameters(live.fire)))
        at, who = given["spikes"][: given["spike_count"][0]].copy().T
        steps.append(at + 40 * call)
        senders.append(who)
        counts.append(given["rates"][:40] * 1e-4 * (network.n_e, network.n_i))
    same = run.advance(1_000)
    np.testing.assert_array_equal(np.concatenate(senders), same.senders)
    np.testing.assert_allclose((np.concatenate(steps) + 1) * 0.1, same.times)
    np.testing.assert_allclose(np.concatenate(counts), same.counts, atol=1e-9)


def test_a_run_can_be_cut_anywhere():
    network = state("B", 1_250)
    whole = network.simulate(100, seed=4, traced=(0, 1_249))
    late = network.simulate(37, warmup=63, seed=4, traced=(0, 1_249))
    pieces = list(network.stream(100, piece=30, seed=4))
    np.testing.assert_array_equal(late.senders, whole.senders[whole.times > 63.05])
    np.testing.assert_array_equal(late.potentials, whole.potentials[630:])
    assert [piece.duration for piece in pieces] == pytest.approx([30, 30, 30, 10])
    np.testing.assert_array_equal(np.concatenate([part.senders for part in pieces]), whole.senders)


# -- The model's conventions ---------------------------------------------------------------------


def test_a_spike_acts_after_exactly_the_delay():
    network = BrunelNetwork(n=200, j=30.0, g=0.0, external_ratio=1.0, refractory=0.5)
    kick = network.simulate(30, modulation=lambda times: 100.0 * (times < 0.05), seed=1)
    fired = np.flatnonzero(kick.counts.sum(axis=1))
    np.testing.assert_array_equal(fired, np.arange(0, 300, 15))


def test_state_a_has_intervals_of_two_delays():
    run = state("A").simulate(100, warmup=100, seed=1)
    intervals, _ = spikes.isi(run.times, run.senders)
    assert np.mean(np.isclose(intervals, 3.0)) > 0.95


def test_shortest_interval_is_refractory_period_and_one_step():
    network = BrunelNetwork(n=1_250, j=1.0, external_ratio=60)
    run = network.simulate(20, seed=1)
    intervals, _ = spikes.isi(run.times, run.senders)
    assert intervals.min() == pytest.approx(2.1)


def test_decay_is_exact_without_input():
    network = BrunelNetwork(n=100, external_ratio=0, tau=(20, 10))
    run = network.simulate(100, traced=(0, 99), seed=1)
    for trace, tau in zip(run.potentials.T, network.tau, strict=True):
        expected = trace[0] * np.exp(-(run.grid - run.grid[0]) / tau)
        np.testing.assert_allclose(trace, expected, rtol=1_000 * 2**-24)
    assert len(run.senders) == 0


def test_a_trace_shows_the_resets():
    run = state("B", 1_250).simulate(50, traced=(3,), seed=1)
    at = np.round(run.times[run.senders == 3] / run.dt).astype(int) - 1
    assert len(at) > 0
    assert (run.potentials[at, 0] == 10.0).all()
    assert run.potentials.max() < 20.0


@pytest.mark.parametrize("as_bits", [True, False])
@pytest.mark.parametrize("delays", [1, 3])
def test_wiring_has_fixed_in_degrees_and_no_autapses_or_multapses(as_bits, delays):
    matrices = connections(1_200, 300, 130, 40, delays, as_bits, seed=5)
    total = matrices.sum(axis=0)
    assert total.max() == 1
    assert not total.diagonal().any()
    assert (total[:1_200].sum(axis=0) == 130).all()
    assert (total[1_200:].sum(axis=0) == 40).all()
    share = matrices.sum(axis=(1, 2)) / total.sum()
    np.testing.assert_allclose(share, 1 / delays, atol=4 * math.sqrt(0.25 / total.sum()))


def connections(n_e, n_i, c_e, c_i, delays, as_bits, seed):
    """Decode a wiring to matrices of shape (delays, sources, targets)."""
    n = n_e + n_i
    wiring = wired(n_e, n_i, c_e, c_i, delays, as_bits, seed)
    slots = np.concatenate(
        [
            first_slot + np.arange(size)
            for first_slot, size in zip(
                bitrows.BLOCK * np.arange(len(wiring.sizes)), wiring.sizes, strict=True
            )
        ]
    )
    found = np.zeros((delays * n, len(wiring.sizes) * bitrows.BLOCK), np.int16)
    if as_bits:
        words = wiring.rows.reshape(delays * n + 1, -1, bitrows.WORDS)
        lanes = words.view("<u2")[:-1]
        bits = lanes[:, :, None, :] >> np.arange(16)[:, None] & 1
        found = bits.reshape(delays * n, -1).astype(np.int16)
        assert not words[-1].any()
    else:
        for tile in range(-(-len(wiring.sizes) // wiring.tile)):
            for row in range(delays * n):
                entry = tile * delays * n + row
                targets = wiring.targets[wiring.starts[entry] : wiring.starts[entry + 1]]
                np.add.at(found[row], targets + tile * wiring.tile * bitrows.BLOCK, 1)
    assert found.sum() == found[:, slots].sum()
    return found[:, slots].reshape(delays, n, n)


def test_every_source_is_equally_likely():
    in_degree, n_e = 60, 300
    matrices = [connections(n_e, 75, in_degree, 15, 1, True, seed)[0] for seed in range(40)]
    out_degree = np.sum(matrices, axis=0)[:n_e, n_e:].sum(axis=1)
    draws = 40 * 75
    expected = draws * in_degree / n_e
    chi_square = ((out_degree - expected) ** 2).sum() / (expected * (1 - in_degree / n_e))
    assert stats.chi2(n_e - 1).sf(chi_square) > 1e-4
    assert stats.chi2(n_e - 1).cdf(chi_square) > 1e-4


# -- External input ------------------------------------------------------------------------------


@given(mean=st.one_of(st.floats(0, 5), st.floats(0, 10_000)))
@settings(max_examples=40, deadline=None)
def test_tables_hold_the_poisson_law_to_double_precision(mean):
    (rungs,), (height,), (least,), (tail,) = poisson.ladders([mean])
    counts = np.arange(tail.size)
    cells = np.zeros(tail.size)
    cells[least : least + height + 1] = np.diff(rungs[: height + 1].astype(int), prepend=-1)
    lost = 1 - (int(rungs[height]) + 1) / 4_096
    np.testing.assert_allclose(
        cells / 4_096 + np.diff(tail, prepend=0) * lost, stats.poisson.pmf(counts, mean), atol=1e-14
    )
    assert stats.poisson.sf(counts[-1], mean) < 1e-16
    assert (np.diff(tail) >= 0).all()


@pytest.mark.parametrize("mean", [0.0, 0.9, 4.0, 37.5])
def test_draws_are_poisson(mean):
    (rungs,), (height,), (least,), (tail,) = poisson.ladders([mean])
    planes, carries = bitrows.empty_planes(1)
    noise, passed, bits = poisson.empty_noise(1)
    lanes, rare = poisson.lane_states(3, 0, 1), random_state(3, stream=9)
    depth, words = bitrows.depth_of(height), np.uint64(bitrows.WORDS)
    batches = 1_000
    drawn = np.zeros((batches, bitrows.BLOCK // 4), np.uint64)
    for batch in range(batches):
        poisson.fill_noise(noise[0], 0, lanes, 0)
        bitrows.clear(planes[0, 0], depth, words)
        poisson.add_poisson(
            planes[0, 0], carries[0], noise[0], passed[0], poisson.PLACES, bits[0],
            rungs, height, depth, words,
        )  # fmt: skip
        bitrows.unpack(drawn[batch], planes[0, 0], depth, 0)
        poisson.draw_again(drawn[batch], passed[0], height, least, tail, rare)
    counts = drawn.view(np.uint16)
    values, observed = np.unique(counts, return_counts=True)
    expected = stats.poisson.pmf(np.arange(values.max() + 1), mean) * counts.size
    seen = np.zeros(len(expected))
    seen[values] = observed
    likely = expected >= 5
    chi_square = ((seen - expected)[likely] ** 2 / expected[likely]).sum()
    rest = counts.size - seen[likely].sum()
    assert mean == 0 or stats.chi2(likely.sum() - 1).sf(chi_square) > 1e-4
    assert stats.poisson.sf(rest - 1, counts.size - expected[likely].sum()) > 1e-4


def test_modulation_sets_the_rate_in_time():
    network = BrunelNetwork(n=2_500, j=0.5)
    constant = network.simulate(50, seed=1)
    same = network.simulate(50, modulation=lambda times: np.ones(times.size), seed=1)
    np.testing.assert_array_equal(constant.senders, same.senders)
    silent_e = network.simulate(
        40, modulation=lambda times: np.array([times < 20, times < 40]), seed=1
    )
    before, after = silent_e.counts.reshape(2, 200, 2).sum(axis=1) / (network.n_e, network.n_i)
    assert after[0] < before[0] / 10
    assert after[1] > 3 * after[0]


# -- The step ------------------------------------------------------------------------------------


def test_rate_converges_with_the_step():
    """Without recurrent input, the step rounds each interval up by half a step on average."""
    network = BrunelNetwork(n=1_250, j=1.0, delay=1_000.0, external_ratio=2)
    mean = {}
    for dt in (0.1, 0.05, 0.02):
        run = network.simulate(1_000, dt=dt, seed=1)
        intervals, _ = spikes.isi(run.times, run.senders)
        mean[dt] = intervals.mean()
    exact, error = exact_interval(drive=2.0, jump=1.0, in_degree=100, intervals=150_000, seed=1)
    for dt, value in mean.items():
        assert value - exact == pytest.approx(dt / 2, abs=4 * math.sqrt(2) * error + 0.1 * dt)


def exact_interval(drive, jump, in_degree, intervals, seed):
    """Mean interval of a neuron, from event to event and without a grid; and its error."""
    rng = np.random.default_rng(seed)
    rate = drive * 20.0 / (jump * 20.0)
    potential = np.full(intervals, 10.0)
    elapsed = np.full(intervals, 2.0)
    going = np.arange(intervals)
    while going.size:
        wait = rng.exponential(1 / rate, going.size)
        potential[going] = potential[going] * np.exp(-wait / 20.0) + jump
        elapsed[going] += wait
        going = going[potential[going] < 20.0]
    return elapsed.mean(), elapsed.std() / math.sqrt(intervals)


# -- Other simulators ----------------------------------------------------------------------------

REFERENCES = {
    path.stem: json.loads(path.read_text())["states"]
    for path in (pathlib.Path(__file__).parent / "references").glob("lif_*.json")
}


@pytest.fixture(scope="module")
def own_statistics():
    return {}


@pytest.mark.parametrize(
    ("peer", "name"), [(peer, name) for peer, stored in REFERENCES.items() for name in stored]
)
def test_statistics_agree_with_other_simulators(peer, name, own_statistics):
    stored = REFERENCES[peer][name]
    if name not in own_statistics:
        own_statistics[name] = [
            statistics(state(name), stored["warmup"], stored["duration"], seed) for seed in range(5)
        ]
    for quantity in ("rate_e", "rate_i", "cv", "synchrony", "spectrum"):
        ours = np.array([run[quantity] for run in own_statistics[name]])
        theirs = np.array([run[quantity] for run in stored["runs"]])
        if quantity == "spectrum":
            main = theirs.mean(axis=0) > 0.01 * theirs.mean(axis=0).sum()
            ours, theirs = ours[:, main], theirs[:, main]
        # In state A all neurons fire every 3 ms: a window's edges decide one spike of each.
        edge = 1_000 / stored["duration"] if name == "A" and "rate" in quantity else 0
        assert_same_mean(ours, theirs, edge, f"{peer}, state {name}: {quantity}")


def statistics(network, warmup, duration, seed):
    run = network.simulate(duration, warmup=warmup, seed=seed)
    return make_lif.statistics(run.times, run.senders, duration)


def assert_same_mean(ours, theirs, edge, message):
    """Student's test with pooled variance, at p = 1e-4 for each number."""
    degrees = len(ours) + len(theirs) - 2
    pooled = (ours.var(0) * len(ours) + theirs.var(0) * len(theirs)) / degrees
    error = np.sqrt(pooled * (1 / len(ours) + 1 / len(theirs)))
    limit = stats.t(degrees).isf(0.5e-4 / max(ours.shape[1:], default=1))
    difference = abs(ours.mean(0) - theirs.mean(0))
    assert (difference <= limit * error + edge).all(), (message, ours, theirs)


# -- Results, limits and bad input ---------------------------------------------------------------


def test_spikes_are_stored_in_five_bytes():
    run = state("C").simulate(100, seed=1)
    assert run.senders.nbytes + run.counts.nbytes <= 5 * len(run.senders)
    assert run.senders.dtype == np.uint16
    assert (np.diff(run.times) >= 0).all()
    np.testing.assert_array_equal(
        run.counts.sum(axis=0), [np.sum(run.senders < 10_000), np.sum(run.senders >= 10_000)]
    )


def test_counts_without_spikes():
    network = state("C", 1_250)
    run = network.simulate(50, keep_spikes=False, seed=1)
    np.testing.assert_array_equal(run.counts, network.simulate(50, seed=1).counts)
    with pytest.raises(ValueError, match="keep_spikes"):
        _ = run.times


def test_interrupt_returns_what_there_is(monkeypatch):
    network = state("C", 12_500)
    advance = lif.Simulation.advance
    calls = []

    def interrupted(run, steps):
        calls.append(steps)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return advance(run, steps)

    whole = network.simulate(500, seed=1)
    monkeypatch.setattr(lif.Simulation, "advance", interrupted)
    with pytest.warns(UserWarning, match="cut short"):
        run = network.simulate(500, seed=1)
    assert run.cut_short and not whole.cut_short
    assert run.duration == pytest.approx(369.6)
    np.testing.assert_array_equal(run.counts, whole.counts[: len(run.counts)])
    np.testing.assert_array_equal(run.senders, whole.senders[whole.times <= 369.65])


def test_counters_hold_the_largest_in_degree():
    """All neurons fire at once, and all but a few excitatory ones reach every neuron."""
    network = BrunelNetwork(
        n=2_000, epsilon=0.998, j=0.001, g=0.0, threshold=5.0, reset=0.0, refractory=0
    )
    run = network.simulate(
        1.7, modulation=lambda times: 180.0 * (times < 0.05), traced=(0, 1_999), seed=1
    )
    assert run.counts[0].tolist() == [1_600, 400]
    assert run.counts[1:].sum() == 0
    np.testing.assert_allclose(run.potentials[15], 0.001 * network.c_e, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("g", -1, "g = -1: must be"),
        ("g", (5, -1), "g = -1: must be"),
        ("g", (1, 2, 3), "one for each population"),
        ("delay", 0, "delay = 0 ms"),
        ("epsilon", 1.0, "c_e = 10000: must be at least 1 and at most 9999"),
        ("epsilon", 1e-5, "c_e = 0: must be"),
        ("epsilon", 1.5, "epsilon = 1.5"),
        ("reset", 20, "reset = 20 mV: must be a finite number below 20 mV"),
        ("n", 12_500.5, "n = 12500.5 neurons: must be a whole number"),
        ("j", 0, "j = 0 mV"),
        ("tau", float("nan"), "tau = nan ms"),
        ("external_ratio", -0.1, "external_ratio = -0.1"),
        ("refractory", -1, "refractory = -1 ms"),
        ("threshold", "high", "threshold = 'high' mV"),
    ],
)
def test_bad_parameters_are_named(name, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        BrunelNetwork(**{name: value})


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (BrunelNetwork(), {"dt": 2.0}, "delay = 1.5 ms: must be a finite number at least 2 ms"),
        (BrunelNetwork(), {"dt": 0.4}, "whole number of steps"),
        (BrunelNetwork(), {"dt": 0}, "dt = 0 ms"),
        (BrunelNetwork(n=10, epsilon=0.5), {"dt": 1e-7}, "dt = 1e-07 ms"),
        (BrunelNetwork(), {"seed": -1}, "seed = -1"),
        (BrunelNetwork(), {"threads": 0}, "threads = 0"),
        (BrunelNetwork(), {"warmup": -5}, "warmup = -5 ms"),
        (BrunelNetwork(), {"traced": (12_500,)}, "traced = 12500"),
        (BrunelNetwork(n=100, external_ratio=1e6), {}, "external_ratio = 1000000.0"),
        (BrunelNetwork(n=100), {"modulation": lambda times: -np.ones(times.size)}, "modulation"),
        (BrunelNetwork(n=100), {"modulation": lambda times: 1e6 * np.ones(times.size)}, "mean"),
        (BrunelNetwork(n=500_000, epsilon=0.2), {}, "16 bits"),
        (BrunelNetwork(n=20_000_000, epsilon=0.001), {}, "GB of memory"),
    ],
)
def test_bad_options_are_named(network, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        network.simulate(10, **options)


def test_neo_trains():
    run = state("C", 1_250).simulate(50, seed=1)
    segment = run.to_neo(neurons=(0, 7))
    assert isinstance(segment, neo.Segment)
    np.testing.assert_allclose(segment.spiketrains[1].magnitude, run.times[run.senders == 7])
