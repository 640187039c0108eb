"""Diffusion theory: against quadrature, other solvers, simulated neurons and known numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balcourse.models.lif import BrunelNetwork
from balcourse.models.random import random_state, uniform
from balcourse.models.uncoupled import uncoupled
from balcourse.theory import coloured_noise, diffusion, noisy_lif
from balcourse.theory.coloured_noise import coloured_state
from balcourse.theory.diffusion import (
    cusp,
    inputs,
    lif_cv,
    lif_rate,
    loop_gain,
    oscillation,
    population_spectrum,
    saddle_nodes,
    stability_lines,
    stationary_grid,
    stationary_states,
    uniform_delay,
)
from balcourse.theory.noisy_lif import linear_response, spike_spectrum
from tests.naive import diffusion as naive

STATES = {"A": (3, 2), "B": (6, 4), "C": (5, 2), "D": (4.5, 0.9)}


def state(name):
    g, ratio = STATES[name]
    return stationary_states(BrunelNetwork(g=g, external_ratio=ratio))[-1]


@pytest.fixture(scope="module")
def lines():
    return {line.kind: line for line in stability_lines(BrunelNetwork(), g=(2.5, 8))}


# One neuron ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [-20.0, 5.0, 19.99, 25.0, 100.0, 5000.0])
@pytest.mark.parametrize("sd", [1.0, 3.0, 8.0, 40.0])
def test_rate_equals_siegerts_integral_over_the_whole_range(mean, sd):
    log_rate, _ = noisy_lif.log_rate_and_cv(mean, sd, 20.0, 20.0, 10.0, 2.0)
    if abs(20 - mean) / sd > 250:
        noise_free = lif_rate(mean, 0.0)
        assert (mean < 20 and log_rate < -1000) or math.exp(log_rate) == pytest.approx(
            noise_free, rel=1e-4
        )
    else:
        assert log_rate == pytest.approx(naive.log_rate(mean, sd), rel=1e-11, abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "sd"), [(21.0, 7.7), (24.0, 11.0), (16.4, 3.1), (60.0, 10.0), (8.0, 6.0)]
)
def test_cv_equals_brunels_double_integral(mean, sd):
    assert lif_cv(mean, sd) == pytest.approx(naive.cv(mean, sd), rel=1e-9)


@given(mean=st.floats(-1e4, 1e4), sd=st.floats(0, 1e3), refractory=st.floats(0, 50))
def test_rate_and_cv_never_overflow(mean, sd, refractory):
    rate = lif_rate(mean, sd, refractory=refractory)
    cv = lif_cv(mean, sd, refractory=refractory)
    assert 0 <= rate and (refractory == 0 or rate <= 1000 / refractory)
    assert 0 <= cv < math.inf  # above 1 where reset lies above the mean: bursts


@given(mean=st.floats(-20, 60), sd=st.floats(0.5, 30), step=st.floats(0.01, 5))
def test_rate_rises_with_the_mean(mean, sd, step):
    assert lif_rate(mean + step, sd) >= lif_rate(mean, sd)


@pytest.mark.parametrize("y", [31.999999, 32.000001])
def test_tables_and_series_meet(y):
    below = noisy_lif._cumulants_below(y)
    above = noisy_lif._cumulants_above(y)
    assert below == pytest.approx(noisy_lif._cumulants_below(32.0), rel=1e-6)
    assert below[0] == pytest.approx(math.log(y) + 0.98175501300 + 1 / (4 * y**2), abs=1e-6)
    assert above[1] == pytest.approx(above[0] ** 2 / 2, rel=1e-12)


def test_limits_of_weak_and_of_vanishing_noise():
    assert lif_rate(30.0, 0.0) == pytest.approx(1000 / (2 + 20 * math.log(2)), rel=1e-14)
    assert lif_rate(30.0, 1e-3) == pytest.approx(lif_rate(30.0, 0.0), rel=1e-6)
    assert lif_rate(20.0, 0.0) == 0
    assert lif_cv(5.0, 1.0) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"sd": -1.0}, "sd"), ({"tau": 0.0}, "tau = 0"), ({"reset": 20.0}, "reset = 20")],
)
def test_bad_parameters_are_named(wrong, message):
    arguments = {"mean": 20.0, "sd": 5.0} | wrong
    with pytest.raises(ValueError, match=message):
        lif_rate(arguments.pop("mean"), arguments.pop("sd"), **arguments)


# Linear response ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "sd", "hz"),
    [(24.1587, 10.94, 180), (16.37, 3.11, 0.01), (203.5, 14.7, 662), (10, 2, 300), (24, 10, 3000)],
)
def test_response_equals_parabolic_cylinder_functions(mean, sd, hz):
    expected = naive.parabolic_cylinder_response(mean, sd, hz)
    for found, value in zip(linear_response(mean, sd, hz), expected, strict=True):
        assert abs(found - value) < 1e-9 * abs(value)


@pytest.mark.parametrize(("mean", "sd", "hz"), [(24.16, 10.94, 180), (21.0, 7.7, 30)])
def test_response_equals_threshold_integration(mean, sd, hz):
    rate, to_mean, to_variance = naive.threshold_integration(mean, sd, hz)
    assert lif_rate(mean, sd) == pytest.approx(rate, rel=1e-5)
    found = linear_response(mean, sd, float(hz))
    assert abs(found[0] - to_mean) < 1e-4 * abs(to_mean)
    assert abs(found[1] - to_variance) < 1e-4 * abs(to_variance)


def test_response_equals_simulated_neurons():
    neurons, duration, amplitude = 4000, 400.0, 4.0
    rate, response = naive.driven_neurons(21.0, 7.7, 60.0, amplitude, neurons, duration, seed=3)
    expected, _ = linear_response(21.0, 7.7, 60.0)
    error = math.sqrt(2 * rate / (neurons * duration / 1000)) / amplitude
    assert rate == pytest.approx(lif_rate(21.0, 7.7), rel=0.02)
    assert abs(response - expected) < 4 * error + 0.02 * abs(expected)


def test_response_at_zero_frequency_is_the_slope_of_the_rate():
    to_mean, to_variance = linear_response(21.0, 7.7, 0.0)
    difference = (lif_rate(21.001, 7.7) - lif_rate(20.999, 7.7)) / 0.002
    assert to_mean == pytest.approx(difference, rel=1e-6)
    wide, narrow = math.sqrt(7.7**2 + 0.01), math.sqrt(7.7**2 - 0.01)
    difference = (lif_rate(21.0, wide) - lif_rate(21.0, narrow)) / 0.02
    assert to_variance == pytest.approx(difference, rel=1e-6)


def test_response_at_high_frequency_falls_as_an_inverse_root_and_keeps_the_variance_channel():
    slow, fast = linear_response(21.0, 7.7, [1e5, 4e5])[0]
    assert abs(fast / slow) == pytest.approx(0.5, rel=0.02)
    assert np.angle(fast) == pytest.approx(-math.pi / 4, abs=0.03)
    _, to_variance = linear_response(21.0, 7.7, 1e6)
    assert to_variance == pytest.approx(lif_rate(21.0, 7.7) / 7.7**2, rel=0.02)


def test_known_responses_of_states_b_and_c():
    b, c = state("B"), state("C")
    to_mean, to_variance = linear_response(b.mean, b.sd, [0.0, 180.0])
    assert to_mean[1] == pytest.approx(1.13600 - 1.00070j, abs=1e-4)  # reference 37
    assert to_mean[0] == pytest.approx(3.27293, abs=1e-5)
    assert to_variance[1] == pytest.approx(0.441501 + 0.061502j, abs=1e-6)
    to_mean, to_variance = linear_response(c.mean, c.sd, 100.0)
    assert to_mean == pytest.approx(1.55134 - 1.24925j, abs=1e-5)
    assert to_variance == pytest.approx(0.621212 + 0.118919j, abs=1e-6)


def test_spike_spectrum_has_its_two_limits():
    spectrum = spike_spectrum(21.0, 7.7, [0.0, 1e-3, 1e5])
    rate, cv = lif_rate(21.0, 7.7), lif_cv(21.0, 7.7)
    assert spectrum == pytest.approx([rate * cv**2, rate * cv**2, rate], rel=1e-4)


# Stationary states --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rate", "tolerance"),
    [("B", 55.8413, 1e-3), ("C", 37.9497, 1e-3), ("D", 6.5167, 1e-3), ("A", 327.008, 0.01)],
)
def test_rates_of_brunels_four_states(name, rate, tolerance):
    assert state(name).rate == pytest.approx(rate, abs=tolerance)  # references 29, 30


def test_cv_formula_in_state_c():
    assert state("C").cv == pytest.approx(0.67533, abs=1e-4)  # reference 31


def test_rates_through_g_at_twice_threshold():
    rates = stationary_grid(BrunelNetwork(), g=[3, 4, 4.5, 5, 6], external_ratio=[2])[0][:, 0, 0]
    assert rates == pytest.approx([327.0, 105.2, 56.7, 37.95, 22.85], abs=0.05)


@settings(max_examples=60, deadline=None)
@given(g=st.floats(0, 10), ratio=st.floats(0, 6), j=st.floats(0.02, 1))
def test_every_state_reproduces_its_rate(g, ratio, j):
    network = BrunelNetwork(g=g, external_ratio=ratio, j=j)
    states = stationary_states(network)
    assert len(states) in (1, 3, 5)
    assert [own.stable for own in states] == [True, False, True, False, True][: len(states)]
    for own in states:
        mean, sd = inputs(network, own.rate)
        assert lif_rate(mean, sd) == pytest.approx(own.rate, rel=1e-7, abs=1e-300)


def test_one_state_for_strong_inhibition_at_any_drive():
    for ratio in (0.3, 0.8, 0.85, 1, 2, 4):
        assert len(stationary_states(BrunelNetwork(g=5, external_ratio=ratio))) == 1


def test_saddle_nodes_and_cusp():
    assert saddle_nodes(BrunelNetwork(g=4)) == pytest.approx([0.83191, 0.84131], abs=2e-5)
    point = cusp(BrunelNetwork())
    assert point.g[0] == pytest.approx(4.243, abs=0.005)  # references 32, 33
    assert saddle_nodes(BrunelNetwork(g=3)) == pytest.approx([0.83638], abs=2e-5)


def test_states_appear_in_pairs_at_a_saddle_node():
    merging = saddle_nodes(BrunelNetwork(g=4))[1]
    networks = [BrunelNetwork(g=4, external_ratio=merging + shift) for shift in (-1e-5, 1e-5)]
    before, after = map(stationary_states, networks)
    assert (len(before), len(after)) == (3, 1)
    assert loop_gain(networks[0], 0.0, before[1]).real > 1


def test_three_states_persist_above_four_for_stronger_synapses():
    strong = BrunelNetwork(n=50_000, j=0.2, g=6)
    assert saddle_nodes(strong) == pytest.approx([0.7154, 0.7365], abs=1e-4)


def test_two_equal_populations_are_one():
    network = BrunelNetwork(g=(5.0, 5.0001), external_ratio=(2.0, 2.0))
    [both] = stationary_states(network)
    assert both.rate == pytest.approx([state("C").rate] * 2, rel=1e-3)
    assert both.gain == pytest.approx(state("C").gain, rel=1e-3)
    found = oscillation(network)
    assert found.gain == pytest.approx(oscillation(BrunelNetwork()).gain, rel=1e-3)


def test_model_b_solves_both_equations():
    network = BrunelNetwork(g=(5.5, 5.0), external_ratio=(2.0, 1.5), tau=(20.0, 10.0))
    for own in stationary_states(network):
        mean, sd = inputs(network, tuple(own.rate))
        assert lif_rate(mean[0], sd[0]) == pytest.approx(own.rate[0], rel=1e-7)
        assert lif_rate(mean[1], sd[1], tau=10.0) == pytest.approx(own.rate[1], rel=1e-7)


@pytest.mark.parametrize(("g", "ratio"), [((5.5, 5.0), (2.0, 1.8)), ((5.2, 5.0), (2.0, 1.9))])
def test_model_b_gives_the_rates_of_its_network(g, ratio):
    network = BrunelNetwork(g=g, external_ratio=ratio)
    run = network.simulate(600, warmup=300, seed=1, threads=1)
    excitatory = np.count_nonzero(run.senders < network.n_e)
    spikes = np.array([excitatory, run.senders.size - excitatory])
    rates = 1000 * spikes / (run.duration * np.array([network.n_e, network.n_i]))
    # Jumps and the time grid lower a rate by about 3 %, as in model A.
    [state] = stationary_states(network)
    assert abs(np.diff(state.rate)) > 1
    assert rates == pytest.approx(state.rate, rel=0.06)


def test_model_b_finds_three_states_where_model_a_does():
    pair = stationary_states(BrunelNetwork(g=(3.0, 3.00001), external_ratio=0.8))
    single = stationary_states(BrunelNetwork(g=3.0, external_ratio=0.8))
    assert len(pair) == len(single) == 3
    for two, one in zip(pair, single, strict=True):
        assert two.rate == pytest.approx([one.rate] * 2, rel=1e-3)


# Stability ----------------------------------------------------------------------------------------


def test_known_points_of_the_lines(lines):
    [fast] = lines["fast"].at(g=6)
    assert fast.external_ratio[0] == pytest.approx(3.2550, abs=0.002)  # reference 34
    assert fast.frequency[0] == pytest.approx(176.22, abs=0.1)
    upper = lines["slow"].at(g=4.5)[-1]
    assert upper.external_ratio[0] == pytest.approx(0.91255, abs=0.0005)  # reference 35
    assert upper.frequency[0] == pytest.approx(31.81, abs=0.05)
    [regular] = lines["regular"].at(external_ratio=2)
    assert regular.g[0] == pytest.approx(3.2727, abs=0.001)  # reference 36
    assert regular.frequency[0] == pytest.approx(645.75, abs=0.1)


def test_the_gain_is_one_along_every_line(lines):
    for line in lines.values():
        middle = len(line.g) // 3
        network = BrunelNetwork(g=line.g[middle], external_ratio=line.external_ratio[middle])
        near = [s for s in stationary_states(network) if abs(s.rate / line.rate[middle] - 1) < 1e-2]
        gains = [loop_gain(network, line.frequency[middle], own) for own in near]
        assert min(abs(gain - 1) for gain in gains) < 1e-3


def test_oscillations_of_the_four_states():
    known = {"A": (662, 1.92, 1), "B": (187.7, 1.117, 0.1), "C": (129.7, 0.725, 0.1)}
    for name, (frequency, gain, tolerance) in (known | {"D": (29.0, 1.031, 0.1)}).items():
        g, ratio = STATES[name]
        found = oscillation(BrunelNetwork(g=g, external_ratio=ratio))
        assert found.frequency == pytest.approx(frequency, abs=tolerance)
        assert found.gain == pytest.approx(gain, rel=0.01)


def test_longer_delays_lower_border_and_frequency():
    found = []
    for delay in (2.0, 3.0):
        network = BrunelNetwork(delay=delay)
        plane = stability_lines(network, g=(5.5, 6.5), external_ratio=(1.2, 3))
        [fast] = [line for line in plane if line.kind == "fast"]
        [point] = fast.at(g=6)
        found.append((point.external_ratio[0], point.frequency[0]))
    assert found[0] == pytest.approx((2.486, 128.5), abs=0.05)
    assert found[1] == pytest.approx((1.763, 80.9), abs=0.05)


def test_spread_delays_quench_the_regular_oscillation():
    network = BrunelNetwork(g=3, external_ratio=2)
    assert oscillation(network).gain > 1.9
    assert oscillation(network, delay=uniform_delay(0.0, 3.0)).gain < 1


def test_several_delays_and_a_transform_agree():
    delays = tuple(np.linspace(0.0005, 2.9995, 3000))
    network = BrunelNetwork(g=6, external_ratio=4)
    spread = loop_gain(network, 150.0, delay=uniform_delay(0.0, 3.0))
    assert abs(loop_gain(network, 150.0, delay=delays) - spread) < 1e-6


def test_lines_refuse_two_targets(lines):
    with pytest.raises(ValueError, match="exactly one"):
        lines["fast"].at(g=6, external_ratio=3)


# Finite size --------------------------------------------------------------------------------------


def test_spectrum_of_nearly_uncoupled_neurons_is_theirs():
    network = BrunelNetwork(g=4, external_ratio=1.2, j=1e-3)
    own = diffusion._state(network, np.log([1.0]))
    frequency = np.array([5.0, 50.0])
    spectrum = population_spectrum(
        network, frequency, stationary_states(network)[-1], single=np.full(2, own.rate)
    )
    assert spectrum.shape == (2,)
    assert (spectrum > 0).all()


def test_spectrum_scales_inversely_with_size_and_refuses_oscillating_states():
    frequency = np.array([20.0, 126.0])
    small = population_spectrum(BrunelNetwork(n=12_500), frequency)
    large = population_spectrum(BrunelNetwork(n=25_000, epsilon=0.05), frequency)
    assert small == pytest.approx(2 * large)
    with pytest.raises(ValueError, match="188 Hz grows"):
        population_spectrum(BrunelNetwork(g=6, external_ratio=4), frequency)


# Beyond white noise -------------------------------------------------------------------------------


def test_uncoupled_neurons_follow_the_cv_formula_and_jumps_lower_the_rate():
    c = state("C")
    run = uncoupled(BrunelNetwork(), c.rate, spikes=40_000, seed=1)
    assert run.cv == pytest.approx(c.cv, abs=4 * run.cv_error + 0.015)
    assert run.rate / c.rate - 1 == pytest.approx(-0.012, abs=4 * run.rate_error / c.rate)


def test_uncoupled_kernel_equals_its_twin():
    words, twin_words = random_state(5), random_state(5)
    arguments = (0.1, 5.0, 60.0, 10.0, 20.0, 20.0, 10.0, 2.0)
    from balcourse.models import uncoupled as module

    intervals = np.empty(3)
    module._fire(intervals, *arguments, words)
    stream = iter(lambda: uniform(twin_words), None)
    expected = [naive.poisson_driven_interval(stream, *arguments) for _ in range(3)]
    assert intervals == pytest.approx(expected, rel=1e-12)


def test_uncoupled_refuses_a_silent_neuron():
    with pytest.raises(ValueError, match="hardly ever reaches"):
        uncoupled(BrunelNetwork(external_ratio=0.3), 0.0)


def test_coloured_integrator_equals_its_twin():
    kicks = np.random.default_rng(2).normal(0, 0.6, (1, 4000))
    neuron = (20.0, 20.0, 10.0, 2.0)
    words, twin_words = random_state(7), random_state(7)
    spikes, sums = np.zeros_like(kicks), np.zeros(3)
    coloured_noise._drive(kicks, 21.0, 7.7, 0.1, *neuron, 500, words, spikes, sums)
    expected = naive.drive(kicks[0], 21.0, 7.7, 0.1, neuron, 500, lambda: uniform(twin_words))
    assert np.flatnonzero(spikes[0]).tolist() == expected
    assert len(expected) > 10 and sums[0] == len(expected) - 1


def test_coloured_noise_starts_at_white_theory_and_ends_at_the_networks_cv():
    found = coloured_state(BrunelNetwork(), neurons=60, intervals=60, rounds=9, seed=1)
    assert found.rates[0] == pytest.approx(state("C").rate, rel=0.03)
    assert found.cvs[0] == pytest.approx(state("C").cv, abs=0.02)
    assert found.cv == pytest.approx(0.41, abs=0.02)
    assert found.rate == pytest.approx(37.9, rel=0.02)
    assert found.spectrum[1:20].mean() < 0.5 * found.spectrum[-2000:].mean()
