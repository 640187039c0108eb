"""Input of known rate and correlation, and the moments it gives a membrane."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from balcourse.measure.voltages import count_correlation, moments
from balcourse.models.neuron import CurrentNeuron
from balcourse.models.trains import Pool, Trains, correlated_noise, correlated_trains
from balcourse.theory.correlations import correlation_gain
from balcourse.theory.noisy_lif import lif_cv
from balcourse.theory.shot_noise import potential_correlation, potential_moments

FIXATION = [Pool(100, 6, 0.1, 0.5)]
DRIVE_E = [Pool(100, 13, 0.005, 0.5)]
DRIVE = [Pool(100, 40, 0.005, 0.5), Pool(25, 40, 0, -1.4)]


@pytest.mark.parametrize("correlation", [0, 0.01, 0.3, 1])
@pytest.mark.parametrize("window", [1, 50])
def test_trains_have_the_stated_rate_and_correlation(correlation, window):
    trains = correlated_trains(20, 15, correlation, 400_000, seed=2)
    expected = 15 * 400
    effective = 20 / (1 + 19 * correlation)
    assert trains.times.size / 20 == pytest.approx(
        expected, abs=4 * math.sqrt(expected / effective)
    )
    counts = trains.counts(window)
    found = np.corrcoef(counts)[np.triu_indices(20, 1)]
    bound = 5 / math.sqrt(counts.shape[1] * counts.mean()) if correlation < 1 else 1e-9
    assert found.mean() == pytest.approx(correlation, abs=bound)
    assert counts.var() / counts.mean() == pytest.approx(
        1, abs=5 * math.sqrt(2 / counts.shape[1]) + 0.01
    )


@given(st.integers(1, 30), st.floats(0, 50), st.floats(0, 1), st.integers(0, 1000))
@example(3, 1.0, 5e-324, 1)
@example(1, 1.0, 5e-324, 0)
@settings(max_examples=50, deadline=None)
def test_trains_are_ordered_inside_and_reproducible(count, rate, correlation, seed):
    trains = correlated_trains(count, rate, correlation, 2000, seed=seed)
    again = correlated_trains(count, rate, correlation, 2000, seed=seed)
    assert (np.diff(trains.times) >= 0).all()
    assert ((trains.times >= 0) & (trains.times < 2000)).all()
    assert ((trains.senders >= 0) & (trains.senders < count)).all()
    pairs = set(zip(trains.times.tolist(), trains.senders.tolist(), strict=True))
    assert len(pairs) == trains.times.size
    np.testing.assert_array_equal(trains.times, again.times)


def test_counts_are_exact():
    trains = Trains(2, 30.0, np.array([1.0, 9.9, 10.0, 29.0]), np.array([0, 1, 1, 0]))
    np.testing.assert_array_equal(trains.counts(10), [[1, 0, 1], [1, 1, 0]])


@pytest.mark.parametrize("correlation", [0, 0.5, 1])
def test_noise_has_unit_variance_and_the_stated_correlation(correlation):
    noise = correlated_noise(3, correlation, 200_000, seed=1)
    np.testing.assert_allclose(noise.var(1), 1, atol=5 * math.sqrt(2 / 200_000))
    found = np.corrcoef(noise)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(found, correlation, atol=5 / math.sqrt(200_000))


@pytest.mark.parametrize(
    "pools, mean, sd, skewness, kurtosis",
    [
        (FIXATION, 6, 4.044, 0.966, 1.118),
        (DRIVE_E, 13, 2.204, 0.276, 0.104),
        (DRIVE, 12, 5.878, -0.045, 0.022),
    ],
)
def test_moments_of_the_three_states(pools, mean, sd, skewness, kurtosis):
    found = dataclasses.astuple(potential_moments(CurrentNeuron(), *pools))
    assert found == pytest.approx((mean, sd, skewness, kurtosis), abs=1e-3)


def test_a_single_train_gives_the_classical_shot_noise():
    found = potential_moments(CurrentNeuron(tau=20), Pool(1, 5, 0, 1))
    assert found.skewness == pytest.approx(2 * math.sqrt(2) / 3 / math.sqrt(0.1), abs=1e-12)
    assert (found.skewness, found.excess_kurtosis) == pytest.approx((2.981, 10), abs=1e-3)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@given(st.integers(1, 40), st.floats(0.01, 1))
@settings(max_examples=20, deadline=None)
def test_cumulants_are_campbells_with_binomial_events(order, count, correlation):
    from scipy.stats import binom

    from balcourse.theory.shot_noise import _cumulant

    copies = np.arange(count + 1)
    events = (binom.pmf(copies, count, correlation) * copies**order).sum()
    expected = 0.007 / correlation * events * 0.5**order * 20 / order
    assert _cumulant(order, Pool(count, 7, correlation, 0.5), 20) == pytest.approx(expected)


@pytest.mark.parametrize("pools", [FIXATION, DRIVE_E, DRIVE])
def test_simulated_membranes_have_the_moments_and_correlation_of_theory(pools):
    neuron = CurrentNeuron()
    jumps = sum(pool.jumps(400_000, cells=2, seed=7 + k) for k, pool in enumerate(pools))
    free = neuron.simulate(jumps, spiking=False, record=True).potential[:, 2000:]
    theory = dataclasses.astuple(potential_moments(neuron, *pools))
    for row in free:
        found = moments(row, stretches=50)
        for value, expected, error in zip(
            dataclasses.astuple(found), theory, found.errors, strict=False
        ):
            assert abs(value - expected) < 4.5 * error + 0.005 * abs(expected)
    assert np.corrcoef(free)[0, 1] == pytest.approx(potential_correlation(*pools), abs=0.04)


def test_theory_of_moments_says_where_there_is_nothing():
    with pytest.raises(ValueError, match="pools"):
        potential_moments(CurrentNeuron(), Pool(10, 0, 0.1, 0.5))


@pytest.mark.parametrize("mean, gain", [(8, 0.070), (10, 0.206), (15, 0.673), (22, 0.855)])
def test_correlation_gain(mean, gain):
    assert correlation_gain(CurrentNeuron(), mean, 5) == pytest.approx(gain, abs=0.001)


def test_cv_of_brunels_formula():
    assert lif_cv(15, 5.0) == pytest.approx(0.815, abs=0.0005)


@pytest.mark.parametrize(
    "mean, narrow, wide", [(10, 0.061, 0.173), (15, 0.110, 0.357), (22, 0.120, 0.442)]
)
def test_spikes_correlate_less_than_membranes(mean, narrow, wide):
    neuron = CurrentNeuron()
    normal = np.concatenate([correlated_noise(2, 0.5, 200_000, seed=s) for s in range(60)])
    run = neuron.simulate(neuron.drive(mean, 5, normal))
    for window, expected in ((5, narrow), (500, wide)):
        found, error = count_correlation(run.times, run.senders, run.duration, window=window)
        assert abs(found - expected) < 4 * error  # the expectation is itself a run of this size
        assert error < 0.03


def test_weak_correlation_meets_first_order_theory():
    neuron = CurrentNeuron()
    normal = np.concatenate([correlated_noise(2, 0.2, 200_000, seed=s) for s in range(60)])
    run = neuron.simulate(neuron.drive(15, 5, normal))
    found, error = count_correlation(run.times, run.senders, run.duration, window=500)
    assert abs(found - 0.2 * correlation_gain(neuron, 15, 5)) < 3 * error + 0.03


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"rate": -1}, {"correlation": 1.1}, {"jump": math.inf}, {"count": 2.5}]
)
def test_wrong_pools_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Pool(**({"count": 1, "rate": 1, "correlation": 0, "jump": 1} | wrong))
