"""The sheet against its slow twin, its closed forms, and the regimes it is known for."""

import dataclasses
import math

import numpy as np
import pytest

from balcourse.measure import fields
from balcourse.measure import spikes as spike_trains
from balcourse.models.sheet import Sheet, SheetState
from tests.naive import sheet as naive

TINY = Sheet(
    n=20,
    excitatory_weight=0.5,
    inhibitory_weight=0.8,
    excitatory_spread=4,
    excitatory_reach=4,
    inhibitory_reach=7,
)


def spikes(sheet, steps, **options):
    at, who = SheetState(sheet, **options).advance(steps)
    return list(zip(at.tolist(), who.tolist(), strict=True))


def measured(sheet, seed=0, dt=0.1, duration=2000):
    run = sheet.simulate(duration, dt=dt, warmup=500, seed=seed)
    patterns = fields.find_patterns(run.frames(2.0))
    speed = fields.track(patterns, width=2.0).speed
    return run, patterns, fields.population_cv(run.frames(1.0)), speed


@pytest.mark.parametrize("seed", [3, 4])
def test_spikes_equal_those_of_the_slow_twin(seed):
    expected = naive.simulate(TINY, 400, 0.1, seed)
    assert len(expected) > 200
    assert spikes(TINY, 400, seed=seed) == expected


def test_spikes_do_not_depend_on_threads_or_on_the_length_of_a_call():
    sheet = Sheet(n=32)
    one = spikes(sheet, 1000, seed=1)
    assert spikes(sheet, 1000, seed=1, threads=2) == one
    state, parts = SheetState(sheet, seed=1), []
    for steps in (1, 9, 40, 50, 300, 600):
        parts += zip(*(array.tolist() for array in state.advance(steps)), strict=True)
    assert parts == one


def test_the_shuffled_sheet_keeps_every_weight_and_in_degree():
    local = dataclasses.replace(TINY, kick_rate=0)
    shuffled = SheetState(dataclasses.replace(local, shuffled=True), seed=1).arguments
    for kind, spacing in (("e", 1), ("i", 2)):
        weights, wires = shuffled[f"weights_{kind}"].ravel(), shuffled[f"wires_{kind}"]
        received = np.zeros(TINY.n_e)
        np.add.at(received, wires, weights.astype(float)[None])
        expected = np.zeros((TINY.n, TINY.n))
        reach = shuffled[f"weights_{kind}"].shape[0] // 2
        for row in range(0, TINY.n, spacing):
            for column in range(0, TINY.n, spacing):
                around = np.arange(-reach, reach + 1)
                at = np.ix_((row + around) % TINY.n, (column + around) % TINY.n)
                expected[at] += shuffled[f"weights_{kind}"]
        assert received == pytest.approx(expected.ravel(), rel=1e-12)
        assert wires.std(axis=0).min() > 0


def test_sums_of_weights_are_exact_in_any_order():
    weights = Sheet().excitatory_weights.ravel()
    exact = math.fsum(weights)
    for order in np.random.default_rng(0).permuted(np.tile(weights, (20, 1)), axis=1):
        assert np.add.accumulate(order, dtype=np.float32)[-1] == exact


def test_weights_are_those_of_the_paper_but_for_rounding():
    weights = Sheet().excitatory_weights
    assert weights[8, 9] == pytest.approx(0.23 * math.exp(-1 / 12), rel=1e-5)
    assert weights[8, 8] == 0
    assert np.count_nonzero(weights) == 196
    assert np.count_nonzero(Sheet().inhibitory_weights) == 708


def test_resting_drive_and_isolated_rate():
    alone = Sheet(n=32, excitatory_weight=0, inhibitory_weight=0, kick_rate=0)
    assert alone.resting_drive == pytest.approx(-54.63, abs=0.01)
    assert alone.isolated_rate == pytest.approx(16.5, abs=0.3)
    run = alone.simulate(300, seed=1)
    intervals, _ = spike_trains.isi(run.times, run.senders)
    # Euler's step and the grid of 0.1 ms move an interval of 60.5 ms by less than 0.2 ms.
    assert intervals == pytest.approx(1000 / alone.isolated_rate, abs=0.2)


def test_a_spike_opens_a_conductance_of_the_stated_area():
    silent = Sheet(n=32, kick_rate=0, external_e=0, external_i=0)
    state = SheetState(silent, seed=0)
    state.arguments["potential_e"][:] = -70
    state.arguments["potential_i"][:] = -70
    state.arguments["potential_e"][10, 10] = -50
    opened, neighbour = [], 10 * 32 + 11
    for _ in range(300):
        state.advance(1)
        opened.append(state.look([neighbour])[1, 0])
    times = np.arange(1, 300) * 0.1
    shape = (np.exp(-times / 2.0) - np.exp(-times / 0.5)) / 1.5
    assert opened[1:] == pytest.approx(shape * silent.excitatory_weights[8, 9], abs=1e-6)


def test_kicks_come_as_often_as_stated_and_one_way_as_often_as_the_other():
    quiet = Sheet(
        n=64, excitatory_weight=0, inhibitory_weight=0, leak=0, external_e=0, external_i=0,
        kick=0.01, threshold=1000, refractory=0,
    )  # fmt: skip
    state = SheetState(quiet, seed=2)
    before = state.arguments["potential_e"].copy()
    state.advance(1000)
    moved = (state.arguments["potential_e"] - before).ravel() / 0.01
    # A hundred ms hold 10 kicks on average: the displacement has mean 0 and variance 10.
    assert moved.mean() == pytest.approx(0, abs=5 * math.sqrt(10 / quiet.n_e))
    assert moved.var() == pytest.approx(10, abs=5 * 10 * math.sqrt(2 / quiet.n_e))


@pytest.mark.parametrize(
    ("weight", "seed", "dt"), [(0.30, 0, 0.1), (0.36, 1, 0.1), (0.30, 2, 0.05), (0.36, 3, 0.2)]
)
def test_balanced_sheet_has_propagating_waves(weight, seed, dt):
    _, patterns, fluctuation, speed = measured(Sheet(n=100, inhibitory_weight=weight), seed, dt)
    assert patterns.activity >= 0.97
    assert fluctuation < 0.6
    assert 1.8 <= speed <= 2.5
    area = patterns.area.mean() / 100**2
    assert fields.regime(patterns.activity, fluctuation, speed, area) == "waves"


@pytest.mark.parametrize("seed", [0, 1])
def test_weak_inhibition_gives_rings_and_silence(seed):
    _, patterns, fluctuation, _ = measured(Sheet(n=100, inhibitory_weight=0.05), seed)
    assert patterns.activity < 0.65
    assert fluctuation > 1


@pytest.mark.parametrize("seed", [0, 1])
def test_strong_inhibition_gives_flashes_that_stay_where_they_are(seed):
    _, patterns, fluctuation, speed = measured(Sheet(n=100, inhibitory_weight=0.50), seed)
    assert patterns.activity < 0.7
    assert fluctuation > 1
    assert speed < 0.7


@pytest.mark.parametrize(("weight", "expected"), [(0.05, 0.38), (0.30, 1.0), (0.50, 0.50)])
def test_the_small_sheet_has_the_same_regimes(weight, expected):
    _, patterns, _, _ = measured(Sheet.small(inhibitory_weight=weight))
    assert patterns.activity == pytest.approx(expected, abs=0.1)


def test_frames_hold_every_excitatory_spike():
    run = Sheet(n=64).simulate(100, seed=1)
    assert run.frames(1.0).sum() == (run.senders < run.sheet.n_e).sum()
    assert (np.diff(run.times) >= 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Sheet(n=33), "n = 33 sites: must be even"),
        (lambda: Sheet(n=30), "n = 30 sites: must be a whole number at least 31 sites"),
        (lambda: Sheet(tau_e=0.4), "tau_e = 0.4 ms"),
        (lambda: Sheet(inhibitory_weight=-1), "inhibitory_weight = -1"),
        (lambda: Sheet(reset=-50), "reset = -50 mV"),
        (lambda: Sheet().simulate(10.05), "duration = 10.05 ms: must be a multiple of sample"),
        (lambda: Sheet().simulate(10, probes=[9216]), "probes = 9216"),
        (lambda: Sheet().simulate(10, dt=1.0), "dt = 1.0 ms"),
        (lambda: SheetState(Sheet(), threads=0), "threads = 0"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(ValueError, match=message):
        call()
