"""The two estimators of a tail's index, on samples whose index is known."""

import numpy as np
import pytest

from balcourse.measure.tails import characteristic_index, hill_index
from balcourse.models.heavy import HeavyTailedNetwork
from balcourse.models.stable import stable_samples


@pytest.mark.parametrize("index", [1.05, 1.2, 1.5, 1.8, 2.0])
@pytest.mark.parametrize("skew", [0.0, 0.9])
def test_characteristic_function_finds_the_index_of_stable_samples(index, skew):
    estimates = [
        characteristic_index(stable_samples(100_000, index, skew, seed=seed)) for seed in range(4)
    ]
    assert np.mean(estimates) == pytest.approx(index, abs=0.015)
    assert np.std(estimates) < 0.02


def test_location_and_scale_of_the_groups():
    samples = stable_samples(40_000, 1.4, seed=1).reshape(100, 400)
    estimate = characteristic_index(samples)
    assert characteristic_index(samples + 1e3 * np.arange(400)) == pytest.approx(estimate, abs=1e-6)
    assert characteristic_index(7 * samples) == pytest.approx(estimate)
    # Groups whose scales differ are a mixture, flatter than any of them.
    mixed = characteristic_index(samples * np.geomspace(0.1, 10, 400))
    assert mixed < estimate - 0.2


@pytest.mark.parametrize("index", [1.1, 1.2, 1.5, 1.8])
def test_hill_finds_the_index_of_the_weights(index):
    weights = HeavyTailedNetwork(index).weights(500_000, seed=3)
    assert hill_index(weights, 0.004) == pytest.approx(index, rel=0.08)


def test_hill_fails_on_sums():
    samples = stable_samples(500_000, 1.8, seed=2)
    assert hill_index(samples, 0.02) > 2.1
    assert characteristic_index(samples) == pytest.approx(1.8, abs=0.02)


@pytest.mark.parametrize("index", [1.5, 1.8, 2.0])
def test_index_of_a_networks_input(index):
    run = HeavyTailedNetwork(index).simulate(600, seed=2)
    assert characteristic_index(run.summed_inputs(20)) == pytest.approx(index, abs=0.06)
    # In 1 ms too few spikes arrive: their sum is far from its limit.
    assert characteristic_index(run.summed_inputs(1)) < index - 0.06


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (np.zeros(1000), {}, "alike"),
        (np.arange(100.0), {}, "at least 200 pairs"),
        (np.full(1000, np.nan), {}, "finite"),
        (np.arange(1000.0), {"smallest": 0}, "smallest = 0"),
        (np.arange(1000.0), {"largest": 0.1}, "largest = 0.1"),
        (np.arange(1000.0), {"points": 1}, "points = 1"),
    ],
)
def test_characteristic_index_refuses(samples, options, message):
    with pytest.raises(ValueError, match=message):
        characteristic_index(samples, **options)


@pytest.mark.parametrize(
    ("samples", "fraction", "message"),
    [
        (np.arange(1000.0), 1.0, "fraction = 1.0"),
        (np.arange(1000.0), 0.001, "at least 10"),
        (-np.arange(1000.0), 0.1, "positive"),
        (np.full(1000, np.inf), 0.1, "finite"),
    ],
)
def test_hill_index_refuses(samples, fraction, message):
    with pytest.raises(ValueError, match=message):
        hill_index(samples, fraction)
