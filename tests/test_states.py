"""What `measured_state` reads off: clocks, Poisson neurons, a modulated population."""

import numpy as np
import pytest

from balcourse.measure.states import measured_state


def poisson(rng, neurons, duration, rate):
    """Spike times (ms) and senders of neurons with a time-dependent rate (Hz), at most 200 Hz."""
    count = rng.poisson(0.2 * neurons * duration)
    times, senders = rng.uniform(0, duration, count), rng.integers(0, neurons, count)
    kept = rng.uniform(0, 200, count) < rate(times)
    order = np.argsort(times[kept])
    return times[kept][order], senders[kept][order]


def test_independent_poisson_neurons_are_irregular_and_asynchronous():
    times, senders = poisson(np.random.default_rng(1), 200, 4000.0, lambda t: 40 + 0 * t)
    found = measured_state(times, senders, 200, 4000.0)
    assert found.rate == pytest.approx(40, abs=4 * found.rate_error + 0.5)
    assert found.rate_error == pytest.approx((40 / 800) ** 0.5, rel=0.9)
    assert found.cv == pytest.approx(1, abs=0.03)
    assert found.synchrony == pytest.approx(1, abs=5 * (2 / 4000) ** 0.5)


def test_a_common_rhythm_is_found_although_the_neurons_are_irregular():
    rhythm = lambda t: 40 * (1 + np.sin(2 * np.pi * 0.06 * t))  # noqa: E731
    times, senders = poisson(np.random.default_rng(2), 500, 2000.0, rhythm)
    found = measured_state(times, senders, 500, 2000.0)
    assert found.frequency == pytest.approx(60, abs=4)
    assert found.synchrony > 3
    assert found.cv > 0.8


def test_clocks_out_of_step_are_regular():
    rng = np.random.default_rng(3)
    times = np.concatenate([np.arange(start, 1000, 20.0) for start in rng.uniform(0, 20, 100)])
    senders = np.repeat(np.arange(100), 50)
    order = np.argsort(times)
    found = measured_state(times[order], senders[order], 100, 1000.0)
    assert found.cv == pytest.approx(0, abs=1e-9)
    assert found.rate == pytest.approx(50)
    assert found.synchrony < 5
