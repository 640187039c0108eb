"""First passage of stable processes: against closed forms, a Markov chain and simulation."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from balcourse.models.heavy import HeavyTailedNetwork
from balcourse.models.stable import StableNeuron, extrapolated_rate
from balcourse.theory import fractional
from balcourse.theory.fractional import (
    big_jump_rate,
    firing_rate,
    first_passage,
    network_input,
    network_rate,
)
from tests.naive.fractional import markov_chain_rate


def siegert(mean, scale, threshold=20.0, reset=10.0, tau=20.0, refractory=2.0):
    integral, _ = integrate.quad(
        lambda u: special.erfcx(-u),
        (reset - mean) / scale,
        (threshold - mean) / scale,
        epsabs=0,
        epsrel=1e-12,
    )
    return 1e3 / (refractory + tau * math.sqrt(math.pi) * integral)


def downward_rate(mean, scale, index, threshold=20.0, reset=10.0, tau=20.0, refractory=2.0):
    """Closed form without upward jumps (A. Novikov, Theory Probab. Appl. 48:288, 2004)."""
    exponent = -0.5 * scale**index / (index * math.cos(math.pi * index / 2))
    integral, _ = integrate.quad(
        lambda u: (
            (math.exp(u * (threshold - mean) - exponent * u**index))
            * -math.expm1(u * (reset - threshold))
            / u
        ),
        0,
        np.inf,
        epsabs=0,
        epsrel=1e-10,
        limit=500,
    )
    return 1e3 / (refractory + tau * integral)


@pytest.mark.parametrize(
    ("mean", "scale"), [(15, 5), (10, 5), (20, 2), (25, 3), (0, 5), (-40, 40), (60, 1), (19, 0.5)]
)
def test_index_two_is_siegert(mean, scale):
    expected = siegert(mean, scale)
    assert firing_rate(mean, scale, 2) == pytest.approx(expected, rel=1e-6)
    assert firing_rate(mean, scale, 2, skew=0.7) == pytest.approx(expected, rel=1e-6)
    # 1e-7 off index 2 moves the rate by as little, except where it is exponentially small.
    if expected > 0.1:
        assert firing_rate(mean, scale, 2 - 1e-7) == pytest.approx(expected, rel=1e-5)


def test_published_values_at_index_two():
    # Companion repository of Wardak and Gong (2021): 17.85 and 103.73 Hz.
    assert network_rate(HeavyTailedNetwork(2, n=50_000, j=0.02)).rate == pytest.approx(
        17.85, abs=0.02
    )
    assert network_rate(HeavyTailedNetwork(2, n=50_000, j=0.2)).rate == pytest.approx(
        103.73, abs=0.05
    )


@pytest.mark.parametrize("index", [1.1, 1.2, 1.4, 1.6, 1.8, 1.95])
@pytest.mark.parametrize(("mean", "scale"), [(15, 5), (20, 8), (5, 20), (30, 3)])
def test_without_upward_jumps_there_is_a_closed_form(index, mean, scale):
    passage = first_passage(mean, scale, index, -1)
    expected = downward_rate(mean, scale, index)
    assert abs(passage.rate - expected) < 2 * passage.error
    assert passage.rate == pytest.approx(expected, rel=1e-6 if index > 1.3 else 5e-4)
    assert (passage.overshoot([0.1, 1.0]) == 0).all()


@pytest.mark.parametrize(
    ("index", "skew", "mean", "scale"),
    [(1.2, 0, 15, 5), (1.5, 0, 15, 5), (1.8, 0, 15, 5), (1.5, 1, 15, 4), (1.5, -0.5, 5, 8)],
)
def test_agrees_with_a_markov_chain(index, skew, mean, scale):
    arguments = (mean, scale, index, skew)
    rate = firing_rate(*arguments)
    coarse, fine = (markov_chain_rate(*arguments, cell=cell) for cell in (0.4, 0.2))
    assert abs(fine - rate) < abs(coarse - rate)
    assert fine == pytest.approx(rate, rel=0.015)
    assert 2 * fine - coarse == pytest.approx(rate, rel=0.005)


@pytest.mark.parametrize(
    ("index", "skew", "mean", "scale"),
    [(1.2, -0.3, 20, 50), (1.5, -0.17, 20, 8), (1.8, 0.5, 20, 10), (1.3, 0.6, 25, 10)],
)
def test_agrees_with_the_langevin_equation_as_its_step_goes_to_zero(index, skew, mean, scale):
    neuron = StableNeuron(mean, scale, index, skew)
    rate, error, rates, errors = extrapolated_rate(
        neuron, 320_000, steps=(0.16, 0.04, 0.02), seed=3
    )
    expected = firing_rate(mean, scale, index, skew)
    assert error < 0.01 * expected
    assert abs(rate - expected) < 3.5 * error
    assert rates[0] < expected - errors[0]


def test_published_table_of_rates():
    # Independent prototype, quoted to about 1 %.
    for index, expected in [(1.2, 6.91), (1.5, 7.30), (1.8, 8.44)]:
        assert firing_rate(15, 5, index) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("arguments", [(15, 5, 1.5), (20, 50, 1.2, -0.3), (0, 10, 1.8, 0.5)])
def test_error_falls_geometrically_with_the_degree(arguments):
    exact = first_passage(*arguments, degree=16).rate
    errors = [abs(first_passage(*arguments, degree=degree).rate - exact) for degree in (3, 5)]
    assert errors[1] < errors[0] / 50
    # From there on the panel nearest to threshold, 1e-6 of the scale, sets the error.
    for degree in (7, 9, 12):
        assert abs(first_passage(*arguments, degree=degree).rate - exact) < 1e-7 * exact


def test_order_at_a_fixed_degree_is_two_orders_a_polynomial():
    # Slopes of degree d - 1 make f of degree d; a functional converges with twice that order.
    exact = siegert(15, 5)
    coarse, fine = (
        abs(first_passage(15, 5, 2, degree=3, ratio=ratio).rate - exact) for ratio in (0.8, 0.4)
    )
    assert 5 < math.log2(coarse / fine) < 8


@settings(max_examples=25, deadline=None)
@given(
    mean=st.floats(-60, 60),
    log_scale=st.floats(0.3, 2),
    index=st.floats(1.1, 2),
    skew=st.floats(-1, 1),
)
def test_error_estimate_covers_the_error(mean, log_scale, index, skew):
    arguments = (mean, 10**log_scale, index, skew)
    passage = first_passage(*arguments)
    best = first_passage(*arguments, degree=14, ratio=0.7)
    assert abs(passage.rate - best.rate) <= 5 * passage.error + best.error
    if passage.rate > 0.01:
        assert passage.error < 0.02 * passage.rate


@pytest.mark.parametrize(
    "arguments",
    [
        (41.66, 22.67, 1.008, 0.9644),
        (48.82, 0.5105, 1.028, 0.4273),
        (11.21, 9.805, 1.007, 0.7689),
        (46.43, 6.269, 1.009, 0.0),
        (-33.93, 21.87, 1.006, 0.0),
        (20.0, 100.0, 1.05, 0.9),
        (20.0, 100.0, 1.05, -1.0),
        (0.0, 3.0, 1.1, 1.0),
    ],
)
def test_error_estimate_covers_the_error_where_the_layer_at_threshold_is_too_thin(
    arguments, monkeypatch
):
    # The first four: the worst of 200 random points, which an estimate by two panels alone misses.
    passage = first_passage(*arguments)
    monkeypatch.setattr(fractional, "_FLOOR", 1e-120)
    best = first_passage(*arguments)
    assert abs(passage.rate - best.rate) <= 1.1 * passage.error
    assert not passage.reliable or abs(passage.rate - best.rate) < 2e-3 * best.rate


@settings(max_examples=15, deadline=None)
@given(
    factor=st.floats(0.1, 10),
    shift=st.floats(-50, 50),
    index=st.floats(1.2, 2),
    skew=st.floats(-1, 1),
)
def test_units_do_not_matter(factor, shift, index, skew):
    plain = firing_rate(12, 8, index, skew)
    scaled = firing_rate(
        factor * 12 + shift,
        factor * 8,
        index,
        skew,
        factor * 20 + shift,
        factor * 10 + shift,
        20 * factor,
        2 * factor,
    )
    assert scaled * factor == pytest.approx(plain, rel=1e-4)


@pytest.mark.parametrize("bottom", [-20, -50, -100])
@pytest.mark.parametrize("index", [1.2, 1.5, 1.8])
def test_a_domain_too_short_is_flagged(bottom, index):
    for scale in (12, 30, 60):
        passage = first_passage(15, scale, index, bottom=bottom)
        wrong_by = abs(passage.rate - firing_rate(15, scale, index))
        assert passage.error > wrong_by / 2
        assert passage.error < 0.5 * passage.rate
        assert not passage.reliable or wrong_by < 1e-3 * passage.rate
    assert wrong_by > 0.01 * passage.rate
    assert not passage.reliable


def test_a_grid_too_coarse_is_flagged():
    coarse = first_passage(20, 50, 1.1, -0.8, degree=3, ratio=2)
    exact = first_passage(20, 50, 1.1, -0.8, degree=14).rate
    assert abs(coarse.rate - exact) > 1e-3 * exact
    assert not coarse.reliable


def test_what_cannot_be_resolved_warns():
    with pytest.warns(RuntimeWarning, match="estimated error"):
        firing_rate(-11.8, 4.5, 1.03, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert firing_rate(-200, 5, 2) < 1e-9


@pytest.mark.parametrize(("index", "skew"), [(1.2, 0.0), (1.5, 0.5), (1.8, -0.5), (2.0, 0.0)])
def test_density(index, skew):
    passage = first_passage(15, 5, index, skew)
    depths = np.concatenate([[0], np.geomspace(1e-8, passage.depths[-1], 200_001)])
    mass = np.trapezoid(passage.density(20 - depths), depths)
    assert mass == pytest.approx(1 - 2e-3 * passage.rate, rel=1e-4)
    assert passage.density(20) == passage.density(25) == 0
    assert (passage.density(np.linspace(-5, 19.99, 500)) > 0).all()
    assert passage.passage_time(10) == pytest.approx(1e3 / passage.rate - 2, rel=1e-9)
    if index < 2:
        # Far below, one downward jump brought V there: density c_- d**(-1 - index) / index.
        amplitude = 0.5 * 5**index * math.gamma(1 + index) * math.sin(math.pi * index / 2) / math.pi
        distance = np.array([300.0, 1000.0])
        law = amplitude * (1 - skew) / index * distance ** (-1 - index)
        assert passage.density(15 - distance) / mass == pytest.approx(law, rel=0.05)


def test_density_and_overshoots_against_simulation():
    neuron = StableNeuron(15, 5, 1.5)
    run = neuron.simulate(300_000, dt=0.01, stride=400, seed=4)
    passage = first_passage(15, 5, 1.5)
    edges = np.array([-40, 0, 10, 14, 17, 19.5])
    share = np.histogram(run.potentials, edges)[0] / len(run.potentials)
    fine = [np.linspace(low, high, 400) for low, high in itertools.pairwise(edges)]
    mass = 1 - 2e-3 * passage.rate
    expected = np.array([np.trapezoid(passage.density(points), points) for points in fine]) / mass
    # Potentials 4 ms apart are correlated over tau = 20 ms, hence about 10 times fewer are free.
    error = np.sqrt(share * (1 - share) / (len(run.potentials) / 10))
    assert (abs(share - expected) < 4 * error + 0.005 * share).all()
    for distance in (0.5, 2.0, 8.0):
        share = (run.overshoots > distance).mean()
        error = math.sqrt(share * (1 - share) / len(run.overshoots))
        assert abs(share - passage.overshoot(distance)) < 4 * error


@pytest.mark.parametrize(("index", "skew"), [(1.35, 0), (1.5, 0), (1.8, 0), (1.5, 0.8)])
def test_every_spike_leaps_over_threshold(index, skew):
    # A stable process that starts near a level lands within x above it as x**(1 - index rho).
    passage = first_passage(15, 5, index, skew)
    skewed = math.atan(skew * math.tan(math.pi * index / 2)) / math.pi
    short, long = 1 - passage.overshoot([1e-6, 1e-5])
    assert long / short == pytest.approx(10 ** (1 - index / 2 - skewed), rel=0.03)
    assert (np.diff(passage.overshoot(np.geomspace(0.01, 1e3, 30))) < 0).all()


def test_single_big_jumps():
    ratios = [
        firing_rate(-80, 5, index) / big_jump_rate(-80, 5, index) for index in (1.2, 1.5, 1.8)
    ]
    assert ratios == pytest.approx([1.018, 1.013, 1.009], abs=0.01)
    assert firing_rate(-8000, 5, 1.5) / big_jump_rate(-8000, 5, 1.5) == pytest.approx(1, abs=1e-3)


def test_maximum_against_index_and_its_mechanism():
    indices = np.array([1.1, 1.15, 1.175, 1.2, 1.25, 1.5, 2.0])
    states = [network_rate(HeavyTailedNetwork(index, n=50_000, j=0.02)) for index in indices]
    rates = np.array([state.rate for state in states])
    assert indices[rates.argmax()] == 1.175
    assert rates.max() == pytest.approx(55.5, abs=1)
    # The authors' stored theory curve has 55.45 Hz at its maximum, 30.1 at 1.5 and 17.85 at 2.
    assert rates[-2:] == pytest.approx([30.1, 17.85], rel=0.02)
    assert np.diff([state.skew for state in states]).max() < 0
    symmetric = [
        network_rate(HeavyTailedNetwork(index, n=50_000, j=0.02), skewed=False).rate
        for index in [1.05, *indices]
    ]
    assert (np.diff(symmetric) < 0).all()
    assert symmetric[0] == pytest.approx(70, abs=1)
    strong = [
        network_rate(HeavyTailedNetwork(index, n=50_000, j=0.2)).rate for index in (1.05, 1.2, 1.5)
    ]
    assert strong == pytest.approx([382, 341, 238.6], rel=0.01)


def test_network_state_is_self_consistent():
    network = HeavyTailedNetwork(1.4, g=5.0, external_ratio=1.5)
    state = network_rate(network)
    assert (state.mean, state.scale, state.skew) == network_input(network, state.rate)
    assert firing_rate(state.mean, state.scale, 1.4, state.skew) == pytest.approx(
        state.rate, rel=1e-6
    )
    assert state.error < 1e-3 * state.rate


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((15, 5, 1.0), {}, "index = 1.0: must be a finite number above 1"),
        ((15, 5, 2.1), {}, "index = 2.1"),
        ((15, 0, 1.5), {}, "scale = 0 mV: must be a finite number above 0 mV"),
        ((15, -1, 1.5), {}, "scale = -1 mV"),
        ((math.nan, 5, 1.5), {}, "mean = nan mV"),
        ((15, 5, 1.5, 1.5), {}, "skew = 1.5"),
        ((15, 5, 1.5), {"reset": 20}, "reset = 20 mV"),
        ((15, 5, 1.5), {"tau": 0}, "tau = 0 ms"),
        ((15, 5, 1.5), {"refractory": -1}, "refractory = -1 ms"),
        ((15, 5, 1.5), {"degree": 2}, "degree = 2"),
        ((15, 5, 1.5), {"ratio": 0}, "ratio = 0"),
        ((15, 5, 1.5), {"bottom": 12}, "bottom = 12 mV: must be a finite number below 10 mV"),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        first_passage(*arguments, **options)
