"""Networks of the evidence lessons: plastic inhibition, gamma, a dense balanced network."""

import numpy as np
import pytest
from scipy.stats import norm

from balcourse.measure.voltages import cycle_peaks, lag, peaks_before
from balcourse.models.dense import DenseNetwork
from balcourse.models.gamma import GammaNetwork
from balcourse.models.plasticity import PlasticCells
from balcourse.models.random import random_state
from balcourse.models.trains import correlated_trains
from balcourse.theory.plasticity import balanced_inhibition
from tests.naive.evidence import dense_activity, gamma_spikes, plastic_cell

RATES_E = 12_000 * np.exp(0.45 * norm.ppf((np.arange(100) + 0.5) / 100))


def test_plastic_cells_equal_their_twin():
    model = PlasticCells(sources=12, rate_i=120, learning_rate=0.01)
    run = model.simulate([9000, 15000], 400, weight_i=0.3, sample=400, seed=3)
    trains = correlated_trains(12, 120, 0, 400, seed=3)
    arrivals = (trains.times / 0.1).astype(int)
    for cell, rate in enumerate([9000, 15000]):
        start = np.full(12, 0.3)
        state = random_state(3, 1 + cell)
        spikes, weights = plastic_cell(
            model, arrivals, trains.senders, rate, start, 4000, 0.1, state
        )
        assert run.rates[0, cell] == pytest.approx(spikes / 0.4)
        assert spikes > 3
        np.testing.assert_allclose(run.weights[cell], weights, rtol=1e-9)


@pytest.fixture(scope="module")
def learned():
    model = PlasticCells(learning_rate=2e-3)
    theory = balanced_inhibition(model, model.excitation(RATES_E))
    start = (theory / model.inhibition(np.ones(model.sources)))[:, None]
    return model, model.simulate(RATES_E, 30_000, weight_i=start, seed=1)


def test_plasticity_equalises_the_rates_and_makes_inhibition_follow_excitation(learned):
    _, run = learned
    rates, inhibition = run.rates[-20:].mean(0), run.inhibition[-20:].mean(0)
    assert rates.mean() == pytest.approx(5.2, abs=0.3)
    assert np.corrcoef(run.excitation, inhibition)[0, 1] > 0.999
    ratio = run.excitation / inhibition
    upper = run.excitation > np.median(run.excitation)
    assert ratio[upper].std() < 0.07
    assert np.polyfit(run.excitation, inhibition, 1)[0] == pytest.approx(1.19, abs=0.02)


def test_learned_inhibition_is_what_the_target_rate_demands(learned):
    model, run = learned
    theory = balanced_inhibition(model, run.excitation)
    off = run.inhibition[-20:].mean(0) - theory
    assert np.abs(off).max() < 4
    assert abs(off.mean()) < 1.5


def test_blocked_plasticity_leaves_the_weights():
    model = PlasticCells(learning_rate=0.0)
    run = model.simulate(RATES_E[:3], 2000, weight_i=0.4, seed=1)
    assert (run.weights == 0.4).all()


def test_changed_excitability_shifts_inhibition(learned):
    model, run = learned
    thresholds = np.full(100, 20.0)
    thresholds[2::5] += 8
    thresholds[4::5] -= 5
    changed = model.simulate(RATES_E, 40_000, weight_i=run.weights, thresholds=thresholds, seed=2)
    factor = changed.inhibition[-10:].mean(0) / run.inhibition[-10:].mean(0)
    silent, excited = factor[2::5], factor[4::5]
    untouched = np.delete(factor, np.r_[2:100:5, 4:100:5])
    assert silent.mean() == pytest.approx(0.85, abs=0.05)
    assert excited.mean() == pytest.approx(1.13, abs=0.05)
    assert untouched.mean() == pytest.approx(1, abs=0.02)
    assert changed.rates[0, 2::5].mean() < 1
    assert changed.rates[-15:, 2::5].mean() == pytest.approx(5.2, abs=0.6)


def test_balanced_inhibition_is_zero_for_weak_cells():
    model = PlasticCells()
    assert balanced_inhibition(model, [1.0, 72.0])[0] == 0
    higher = balanced_inhibition(model, [72.0], thresholds=[28.0])
    assert higher < balanced_inhibition(model, [72.0])


def test_gamma_network_equals_its_twin():
    model = GammaNetwork(n_e=40, n_i=10, weight_ie=2.0, weight_ei=3.0)
    run = model.simulate(60, seed=5)
    rng = np.random.default_rng(5)
    connected = rng.random((50, 50)) < model.connection
    np.fill_diagonal(connected, False)
    start = rng.uniform(model.reset, model.threshold, 50)
    fired = gamma_spikes(model, connected, start, 600, 0.1, random_state(5))
    at, senders = np.nonzero(fired)
    np.testing.assert_array_equal(senders, run.senders)
    np.testing.assert_allclose(run.times, 0.1 * (at + 1))
    assert senders.size > 40
    assert (senders >= 40).any()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_inhibition_follows_excitation_in_every_gamma_cycle(seed):
    run = GammaNetwork().simulate(4000, seed=seed)
    e, i = run.conductance_e[5000:], run.conductance_i[5000:]
    peaks_i = cycle_peaks(i, run.dt)
    intervals = run.dt * np.diff(peaks_i)
    assert 1000 / intervals.mean() == pytest.approx(29.6, abs=1.0)
    assert (run.senders < 800).sum() / 800 / 4 == pytest.approx(12.5, abs=0.6)
    peaks_e = peaks_before(e, peaks_i, run.dt)
    assert run.dt * (peaks_i - peaks_e).mean() == pytest.approx(2.35, abs=0.2)
    assert np.corrcoef(e[peaks_e], i[peaks_i])[0, 1] == pytest.approx(0.95, abs=0.04)
    assert np.corrcoef(i[peaks_i][:-1], intervals)[0, 1] > 0.6
    assert lag(e, i, run.dt, longest=15).lag == pytest.approx(4.5, abs=0.2)


def test_dense_network_equals_its_twin():
    model = DenseNetwork(n=60)
    run = model.simulate(12, cells=5, warmup=0, seed=4)
    np.testing.assert_allclose(run.activity, dense_activity(model, 12, 4))
    assert run.activity[0].max() > 0.05


def pair_mean(rows):
    return np.corrcoef(rows)[np.triu_indices(len(rows), 1)].mean()


def test_currents_correlate_but_their_sum_does_not():
    totals = []
    for n in (200, 800):
        run = DenseNetwork(n=n).simulate(1500, seed=2)
        assert pair_mean(run.excitation) > 0.35
        assert pair_mean(run.inhibition) > 0.2
        shuffled = run.excitation + np.roll(run.inhibition, 700, axis=1)
        assert pair_mean(shuffled) > 0.25
        totals.append(pair_mean(run.total))
    assert totals[0] < 0.09
    assert totals[0] / totals[1] == pytest.approx(2, abs=0.6)  # as 1 / sqrt(n)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PlasticCells(trace_tau=0),
        lambda: GammaNetwork(decay_i=0.4),
        lambda: DenseNetwork(j_ei=1),
    ],
)
def test_wrong_parameters_are_named(make):
    with pytest.raises(ValueError, match="must be"):
        make()
