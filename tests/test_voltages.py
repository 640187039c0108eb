"""Measures of recordings, against signals whose answer is known; tuning curves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from balcourse.measure.voltages import (
    band_power,
    count_correlation,
    cross_correlogram,
    cycle_peaks,
    half_width,
    lag,
    moments,
    unfiltered,
)
from balcourse.models.neuron import ConductanceNeuron
from balcourse.theory.tuning import (
    excitation_for,
    gaussian_tuning,
    iceberg_half_width,
    steady_potential,
)

ANGLES = np.arange(0, 90.01, 0.1)
E = gaussian_tuning(ANGLES, 30)


def test_moments_of_a_gamma_distribution():
    values = np.random.default_rng(1).gamma(4, 2, 200_000)
    found = moments(values)
    assert found.skewness == pytest.approx(stats.skew(values))
    assert found.excess_kurtosis == pytest.approx(stats.kurtosis(values))
    for value, expected, error in zip(
        (found.mean, found.sd, found.skewness), (8, 4, 1), found.errors, strict=False
    ):
        assert abs(value - expected) < 4 * error
    assert found.errors[0] == pytest.approx(4 / math.sqrt(200_000), rel=0.5)


def test_band_power_splits_the_variance_of_two_waves():
    time = np.arange(0, 20_000, 0.5)
    wave = 3 * np.sin(2 * np.pi * 0.004 * time) + np.sin(2 * np.pi * 0.06 * time)
    assert band_power(wave, 0.5, high=10) == pytest.approx(4.5, rel=0.02)
    assert band_power(wave, 0.5, low=40, high=80) == pytest.approx(0.5, rel=0.02)
    with pytest.raises(ValueError, match="high"):
        band_power(wave, 0.5, low=40, high=30)


@given(st.integers(-80, 80), st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_lag_recovers_a_shift(shift, seed):
    noise = np.random.default_rng(seed).standard_normal(4000)
    smooth = np.convolve(noise, np.hanning(15), "same")
    assert lag(smooth, np.roll(smooth, shift), 0.1, longest=10, stretches=4).lag == pytest.approx(
        0.1 * shift, abs=0.02
    )


def test_cross_correlogram_is_the_correlation_coefficient_at_lag_zero():
    first, second = np.random.default_rng(1).standard_normal((2, 500))
    second = second + first
    lags, correlation = cross_correlogram(first, second, 1.0, longest=20)
    assert correlation[lags == 0] == pytest.approx(np.corrcoef(first, second)[0, 1])


def test_unfiltered_undoes_a_membrane():
    time = np.arange(0, 100, 0.01)
    drive = np.sin(time / 3)
    phase = math.atan(20 / 3)
    potential = np.sin(time / 3 - phase) / math.sqrt(1 + (20 / 3) ** 2)
    np.testing.assert_allclose(unfiltered(potential, 20, 0.01)[5:-5], drive[5:-5], atol=1e-3)


def test_cycle_peaks_of_a_noisy_wave():
    time = np.arange(0, 1000, 0.1)
    wave = np.cos(2 * np.pi * time / 25) + 0.05 * np.random.default_rng(1).standard_normal(
        time.size
    )
    peaks = cycle_peaks(wave, 0.1)
    assert peaks.size in (39, 40)
    assert np.diff(0.1 * peaks).mean() == pytest.approx(25, abs=0.2)


def test_count_correlation_of_copied_spikes():
    rng = np.random.default_rng(1)
    shared, one, other = (rng.uniform(0, 1e6, rng.poisson(10_000)) for _ in range(3))
    times = np.concatenate([shared, one, shared, other])
    senders = np.repeat([0, 0, 1, 1], [shared.size, one.size, shared.size, other.size])
    found, error = count_correlation(times, senders, 1e6, window=20)
    assert found == pytest.approx(0.5, abs=0.03)
    assert math.isnan(error)
    assert math.isnan(count_correlation(np.array([]), np.array([], int), 100.0, window=10)[0])


@pytest.mark.parametrize(
    "fraction, expected", [(0, 35.32), (0.3, 27.85), (0.5, 22.76), (0.7, 17.10)]
)
def test_iceberg_formula_equals_the_measured_half_width(fraction, expected):
    assert iceberg_half_width(30, fraction) == pytest.approx(expected, abs=0.005)
    curve = np.maximum(np.exp(-(ANGLES**2) / 1800) - fraction, 0)
    assert half_width(ANGLES, curve) == pytest.approx(expected, abs=0.35 if fraction == 0 else 0.01)


@pytest.mark.parametrize(
    "inhibition, peak, orthogonal, width, spikes, rate",
    [
        (0 * E, -43.75, -63.32, 39.8, 28.57, 22.5),
        (E, -53.636, -64.77, 42.8, 14.11, 2.727),
        (gaussian_tuning(ANGLES, 60), -53.636, -66.52, 36.9, 10.81, 2.727),
        (0 * E + 0.6, -53.636, -69.19, 38.3, 10.11, 2.727),
    ],
)
def test_tuning_with_and_without_inhibition(inhibition, peak, orthogonal, width, spikes, rate):
    potential = steady_potential(ConductanceNeuron(), E, inhibition)
    rates = 2 * np.maximum(potential + 55, 0)
    assert potential[0] == pytest.approx(peak, abs=0.001)
    assert potential[-1] == pytest.approx(orthogonal, abs=0.005)
    assert half_width(ANGLES, potential) == pytest.approx(width, abs=0.05)
    assert half_width(ANGLES, rates) == pytest.approx(spikes, abs=0.005)
    assert rates[0] == pytest.approx(rate, abs=0.001)


def test_cotuned_inhibition_does_not_sharpen_at_matched_peak():
    neuron, widths = ConductanceNeuron(), []
    for inhibition in (0 * E, E, gaussian_tuning(ANGLES, 60), 0 * E + 0.6):
        scale = excitation_for(neuron, -53.6, inhibition[0]) / E[0]
        potential = steady_potential(neuron, scale * E, inhibition)
        assert potential[0] == pytest.approx(-53.6)
        widths.append(half_width(ANGLES, np.maximum(potential + 55, 0)))
    assert widths == pytest.approx([11.1, 14.3, 10.9, 10.2], abs=0.06)


@given(st.floats(0, 5), st.floats(0, 5))
def test_excitation_for_inverts_the_steady_potential(g_e, g_i):
    neuron = ConductanceNeuron()
    potential = steady_potential(neuron, g_e, g_i)
    if potential >= neuron.leak:
        assert excitation_for(neuron, potential, g_i) == pytest.approx(g_e, abs=1e-9)


def test_half_width_names_what_is_wrong():
    with pytest.raises(ValueError, match="curve"):
        half_width([0, 1, 2], [1, 2, 0])
    assert math.isnan(half_width([0, 1], [1, 1]))
