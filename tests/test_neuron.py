"""Integrate-and-fire cells under given input: twins, closed forms, windows, lags."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve
from scipy.stats import norm

from balcourse.measure.voltages import lag, unfiltered
from balcourse.models.neuron import ConductanceNeuron, CurrentNeuron
from balcourse.models.protocols import FeedforwardVolley, barrage, held_pair, spike_jitter
from balcourse.models.trains import correlated_noise
from balcourse.theory.correlations import input_rate
from balcourse.theory.timing import correlogram_peak
from balcourse.theory.tuning import steady_potential
from tests.naive.evidence import conductance_potential, current_spikes


@pytest.mark.parametrize("dt, bound", [(0.2, 0.02), (0.05, 0.005)])
def test_conductance_neuron_equals_its_twin_and_converges_with_order_two(dt, bound):
    neuron = ConductanceNeuron()
    events = np.random.default_rng(1).random((2, 1, round(60 / dt))) * (
        np.random.default_rng(2).random((2, 1, round(60 / dt))) < 0.5 * dt
    )
    found = neuron.simulate(*events, dt=dt, spiking=False, record=True).potential[0]
    twin = conductance_potential(neuron, events[0, 0], events[1, 0], dt)
    assert np.abs(found - twin).max() < bound


def test_trapezoidal_steps_are_of_second_order():
    neuron = ConductanceNeuron()

    def end(dt):
        events = np.zeros((1, round(20 / dt)))
        events[0, 0] = 3.0
        return neuron.simulate(events, events, dt=dt, spiking=False, record=True).potential[0, -1]

    steps = 0.4, 0.2, 0.1
    first, second, third = (end(dt) for dt in steps)
    assert np.log2((first - second) / (second - third)) == pytest.approx(2, abs=0.15)


@given(st.floats(0, 3), st.floats(0, 3))
@settings(max_examples=20, deadline=None)
def test_constant_conductance_gives_the_steady_potential(g_e, g_i):
    neuron = ConductanceNeuron()
    dt = 0.05
    unit = neuron.simulate(
        np.ones((1, 8000)), np.ones((1, 8000)), dt=dt, spiking=False, record=True
    )
    input_e = np.full((1, 8000), g_e / unit.conductance_e[0, -1])
    input_i = np.full((1, 8000), g_i / unit.conductance_i[0, -1])
    run = neuron.simulate(input_e, input_i, dt=dt, spiking=False, record=True)
    assert run.potential[0, -1] == pytest.approx(steady_potential(neuron, g_e, g_i), abs=1e-4)


def test_peak_of_a_conductance_event_is_its_weight():
    neuron = ConductanceNeuron()
    events = np.zeros((1, 4000))
    events[0, 0] = 0.7
    run = neuron.simulate(events, events, dt=0.01, record=True)
    assert run.conductance_e.max() == pytest.approx(0.7, abs=1e-4)
    assert run.conductance_i.max() == pytest.approx(0.7, abs=1e-4)


def test_current_neuron_equals_its_twin():
    neuron = CurrentNeuron()
    jumps = neuron.drive(18, 5, correlated_noise(3, 0.2, 20_000, seed=1).astype(float))
    run = neuron.simulate(jumps)
    for row in range(3):
        np.testing.assert_allclose(
            run.times[run.senders == row], current_spikes(neuron, jumps[row], 0.1)
        )
    assert run.times.size > 50


def test_rows_do_not_depend_on_each_other():
    neuron = CurrentNeuron()
    jumps = neuron.drive(18, 5, correlated_noise(4, 0, 5000, seed=3))
    together, alone = neuron.simulate(jumps), neuron.simulate(jumps[2:3])
    np.testing.assert_array_equal(together.times[together.senders == 2], alone.times)


def test_free_potential_has_the_mean_variance_and_correlation_of_the_input():
    neuron = CurrentNeuron()
    jumps = neuron.drive(15, 5, correlated_noise(2, 0.5, 4_000_000, seed=4))
    free = neuron.simulate(jumps, spiking=False, record=True).potential[:, 2000:]
    effective = 400_000 / 40  # independent samples: two time constants each
    assert np.abs(free.mean(1) - 15).max() < 4 * 12.5**0.5 / effective**0.5
    assert np.abs(free.var(1) - 12.5).max() < 4 * 12.5 * (2 / effective) ** 0.5
    assert np.corrcoef(free)[0, 1] == pytest.approx(0.5, abs=4 * 0.75 / effective**0.5)


@pytest.mark.parametrize("mean, rate", [(10, 0.882), (15, 9.461), (22, 35.302)])
def test_rate_is_siegerts_once_the_threshold_is_corrected_for_dt(mean, rate):
    neuron = CurrentNeuron()
    assert input_rate(neuron, mean, 5.0) == pytest.approx(rate, abs=6e-4)
    jumps = neuron.drive(mean, 5, correlated_noise(40, 0, 300_000, seed=5))
    found = neuron.watched_every(0.1, 5.0).simulate(jumps).rates
    error = found.std(ddof=1) / 40**0.5
    assert abs(found.mean() - rate) < 4 * error + 0.005 * rate
    if mean > 10:
        assert neuron.simulate(jumps).rates.mean() < rate - 4 * error


@pytest.mark.parametrize(
    "ratio, delay, threshold, window",
    [
        (0, 2, 1.78, 19.6),
        (1, 2, 2.65, 8.2),
        (4, 2, 2.95, 1.45),
        (4, 1, 5.34, 0.98),
        (4, 4, 1.98, 2.9),
    ],
)
def test_inhibition_shortens_the_integration_window(ratio, delay, threshold, window):
    neuron, volley = ConductanceNeuron(), FeedforwardVolley(ratio, delay)
    assert volley.threshold(neuron) == pytest.approx(threshold, abs=0.03)
    assert volley.window(neuron) == pytest.approx(window, abs=0.2)


def test_inhibition_shortens_and_lowers_a_weak_response():
    neuron = ConductanceNeuron()
    peak = [0.9 * FeedforwardVolley(ratio=0).threshold(neuron)]
    for ratio, height, width in ((0, 13.7, 22.3), (2, 9.2, 5.6)):
        volley = FeedforwardVolley(ratio, delay=2)
        run = volley.recorded(neuron, [[0.0]], peak, spiking=False)
        response = run.potential[0] - neuron.leak
        assert response.max() == pytest.approx(height, abs=0.05)
        assert run.dt * (response > response.max() / 2).sum() == pytest.approx(width, abs=0.1)


def test_a_volley_too_weak_to_fire_is_named():
    with pytest.raises(ValueError, match="ratio"):
        FeedforwardVolley(ratio=60, delay=0).threshold(ConductanceNeuron())


def test_early_inhibition_makes_spikes_precise():
    neuron = ConductanceNeuron()
    early, late, never = (
        spike_jitter(neuron, FeedforwardVolley(ratio, delay), seed=1)
        for ratio, delay in ((4, 1), (4, 4), (0, 0))
    )
    assert early[0] < 0.5 * late[0] < never[0]
    for _, reliability in (early, late, never):
        # threshold lies 0.3 / 1.3 of the mean size below it, the spread is 0.15 of it
        assert reliability == pytest.approx(norm.cdf(0.3 / 1.3 / 0.15), abs=0.048)


def test_a_barrage_has_the_stated_mean_conductances_and_the_steady_potential():
    neuron = ConductanceNeuron()
    run = barrage(neuron, [0.2, 0.6], [0.5, 0.1], 20_000, spiking=False, seed=1)
    settled = slice(2000, None)
    np.testing.assert_allclose(run.conductance_e[:, settled].mean(1), [0.2, 0.6], rtol=0.02)
    np.testing.assert_allclose(run.conductance_i[:, settled].mean(1), [0.5, 0.1], rtol=0.02)
    steady = steady_potential(neuron, [0.2, 0.6], [0.5, 0.1])
    np.testing.assert_allclose(run.potential[:, settled].mean(1), steady, atol=0.4)


@pytest.mark.parametrize("delay, raw", [(1, 3.7), (2, 4.7), (5, 7.9)])
def test_the_membrane_adds_milliseconds_to_the_lag_and_can_be_undone(delay, raw):
    neuron = ConductanceNeuron()
    e, i = held_pair(neuron, delay, 60_000, seed=0)
    membrane = lag(e.potential[0], -i.potential[0], 0.1)
    synaptic = lag(e.conductance_e[0], e.conductance_i[0], 0.1)
    undone = lag(unfiltered(e.potential[0], 20, 0.1), -unfiltered(i.potential[0], 20, 0.1), 0.1)
    assert membrane.lag == pytest.approx(raw, abs=0.2)
    assert membrane.correlation > 0.95
    assert synaptic.lag == pytest.approx(delay + 0.3, abs=0.15)
    assert undone.lag == pytest.approx(synaptic.lag, abs=0.15)
    assert membrane.lag - synaptic.lag == pytest.approx(2.4, abs=0.4)
    assert 0 < membrane.error < 0.2
    assert synaptic.lag == pytest.approx(correlogram_peak(neuron, delay, membrane=False), abs=0.06)
    assert membrane.lag == pytest.approx(correlogram_peak(neuron, delay, membrane=True), abs=0.35)


@pytest.mark.parametrize("membrane", [False, True])
def test_theory_of_the_lag_is_the_peak_of_the_kernels_correlation(membrane):
    neuron, dt = ConductanceNeuron(), 0.02
    time = dt * np.arange(20_000)
    kernels = [
        np.exp(-time / decay) - np.exp(-time / rise)
        for rise, decay in ((neuron.rise_e, neuron.decay_e), (neuron.rise_i, neuron.decay_i))
    ]
    if membrane:
        leak = np.exp(-time / neuron.tau)
        kernels = [fftconvolve(kernel, leak)[: time.size] for kernel in kernels]
    overlap = fftconvolve(kernels[1], kernels[0][::-1])
    peak = dt * (overlap.argmax() - time.size + 1)
    assert correlogram_peak(neuron, 1.5, membrane=membrane) == pytest.approx(1.5 + peak, abs=0.03)


@pytest.mark.parametrize("kind", [ConductanceNeuron, CurrentNeuron])
@pytest.mark.parametrize(
    "wrong", [{"tau": 0}, {"reset": 30}, {"refractory": -1}, {"threshold": np.nan}]
)
def test_wrong_parameters_are_named(kind, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        kind(**wrong)


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="input_e"):
        ConductanceNeuron().simulate(np.full((1, 5), -1.0), np.zeros((1, 5)))
    with pytest.raises(ValueError, match="input_i"):
        ConductanceNeuron().simulate(np.zeros((1, 5)), np.zeros((1, 4)))
    with pytest.raises(ValueError, match="jumps"):
        CurrentNeuron().simulate(np.array([[np.nan]]))
    with pytest.raises(ValueError, match="dt"):
        CurrentNeuron().simulate(np.zeros((1, 5)), dt=0)
