"""Theory of the balanced network: reference numbers, identities, and simulations of five seeds."""

import dataclasses
import functools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from balcourse.models.binary import BalancedNetwork
from balcourse.theory import balance
from balcourse.theory.balance import balance_limit, mean_field

SPARSE = {"n_e": 10**9, "n_i": 10**9}
SEEDS = range(1, 6)


@pytest.mark.parametrize(
    "k, m_0, m",
    [
        (1_000, 0.1, (0.0586671, 0.0786504)),
        (1_000, 0.04, (0.0067604, 0.0187290)),
        (10_000, 0.1, (0.081653, 0.090469)),
        (10**6, 0.2, (0.197857, 0.198852)),
        (100, 0.2, (0.123497, 0.162681)),
    ],
)
def test_rates_at_finite_k(k, m_0, m):
    state = mean_field(BalancedNetwork(k=k, m_0=m_0, **SPARSE))
    assert state.m == pytest.approx(np.array(m), abs=1e-6)


def test_order_parameters_and_variances():
    state = mean_field(BalancedNetwork())
    assert state.q == pytest.approx(np.array([0.0051101, 0.0087293]), abs=1e-6)
    assert state.alpha[0] == pytest.approx(0.373269, abs=1e-5)
    assert state.beta[0] == pytest.approx(0.040027, abs=1e-5)
    # The definition, by numerical integration over the quenched part of the input.
    x = np.linspace(-10, 10, 20_001)
    for u, alpha, beta, q in zip(state.u, state.alpha, state.beta, state.q, strict=True):
        rate = stats.norm.cdf((u + math.sqrt(beta) * x) / math.sqrt(alpha - beta))
        assert np.trapezoid(stats.norm.pdf(x) * rate**2, x) == pytest.approx(q, abs=1e-9)


def test_infinite_k():
    limit = balance_limit(BalancedNetwork(m_0=0.1))
    assert (limit.slope_e, limit.slope_i) == pytest.approx((1, 1))
    other = BalancedNetwork(j_e=2.4, j_i=1.5, external_e=1.2, external_i=0.6, m_0=0.1)
    limit = balance_limit(other)
    assert limit.m_e - other.j_e * limit.m_i == pytest.approx(-1.2 * 0.1)
    assert limit.m_e - other.j_i * limit.m_i == pytest.approx(-0.6 * 0.1)
    finite = mean_field(dataclasses.replace(other, k=10**12, n_e=10**13, n_i=10**13))
    assert finite.m == pytest.approx([limit.m_e, limit.m_i], abs=1e-5)


def test_the_distance_to_the_limit_falls_as_one_over_sqrt_k():
    gap = [0.1 - mean_field(BalancedNetwork(k=k, n_e=10**9, n_i=10**9)).m for k in (10**6, 10**8)]
    assert gap[0] / gap[1] == pytest.approx([10, 10], rel=0.02)


@pytest.mark.parametrize(
    "change, condition",
    [
        ({"external_i": 1.0}, "external_e / external_i > j_e / j_i"),
        ({"j_i": 2.2, "external_i": 0.5}, "j_e > j_i"),
        ({"j_e": 0.9, "j_i": 0.6, "external_i": 0.5}, "j_e > 1 + external_e m_0"),
    ],
)
def test_on_the_wrong_side_of_each_condition_balance_is_lost(change, condition):
    network = BalancedNetwork(n_e=2_000, n_i=2_000, k=800, m_0=0.1)
    broken = dataclasses.replace(network, **change)
    with pytest.warns(UserWarning, match="no balanced state"):
        limit = balance_limit(broken)
    assert not limit.conditions[condition]
    start = np.ones(4_000, bool) if condition.startswith("j_e > 1") else None
    run = broken.simulate(15, warmup=15, start=start, seed=1)
    active = run.activity_e.mean()
    assert active < 0.002 or active > 0.9
    kept = network.simulate(15, warmup=15, start=start, seed=1)
    assert 0.03 < kept.activity_e.mean() < 0.1


def test_too_weak_an_input_is_flagged_as_silence():
    with pytest.warns(UserWarning, match="silent"):
        state = mean_field(BalancedNetwork(k=100, m_0=0.04))
    assert not state.m.any() and not state.q.any()


def test_rates_of_the_simulation():
    for m_0, published in ((0.1, (0.0570, 0.0770)), (0.2, (0.1547, 0.1758))):
        state = mean_field(BalancedNetwork(m_0=m_0), sparse=False)
        runs = [_run(m_0, seed) for seed in SEEDS]
        m = np.array([[run.activity_e.mean(), run.activity_i.mean()] for run in runs])
        error = m.std(axis=0, ddof=1) / math.sqrt(len(SEEDS))
        # The Gaussian approximation of counts of order 60 is good to a few per cent.
        assert (np.abs(m.mean(axis=0) - state.m) < 4 * error + 0.02 * state.m).all()
        assert m.mean(axis=0) == pytest.approx(published, rel=0.03)


def test_quenched_and_moving_variances_of_the_simulation():
    state = mean_field(BalancedNetwork(m_0=0.2), sparse=False)
    runs = [_run(0.2, seed) for seed in SEEDS]
    # The mean square of a local rate over a finite time still holds some temporal variance.
    q_of_run = [np.array([(run.rates_e**2).mean(), (run.rates_i**2).mean()]) for run in runs]
    span, lags = 16.0, np.linspace(0, 16, 321)
    excess = balance.autocorrelation(state, lags) - state.q[:, None]
    finite = 2 / span * np.trapezoid((1 - lags / span) * excess, lags, axis=1)
    assert np.mean(q_of_run, axis=0) == pytest.approx(state.q + finite, rel=0.03)


def test_autocorrelation_of_the_simulation():
    state = mean_field(BalancedNetwork(), sparse=False)
    lags = np.array([0, 0.5, 1, 2, 4, 6])
    theory = balance.autocorrelation(state, lags)
    assert theory[0] == pytest.approx(
        [0.05745, 0.04148, 0.02963, 0.01575, 0.00685, 0.00522], abs=1e-5
    )
    assert theory[1] == pytest.approx(
        [0.07723, 0.05535, 0.03948, 0.02149, 0.01059, 0.00875], abs=1e-5
    )
    sparse = balance.autocorrelation(mean_field(BalancedNetwork()), [1.0])
    assert sparse[:, 0] == pytest.approx([0.03038, 0.04038], abs=1e-5)
    shifts = (0, 1, 2, 4)
    measured = np.array([
        [
            [(states[: 33 - shift, part] & states[shift:33, part]).mean() for shift in shifts]
            for part in (slice(0, 10_000), slice(10_000, 20_000))
        ]
        for states in (_run(0.1, seed).states for seed in SEEDS)
    ])  # fmt: skip
    error = measured.std(axis=0, ddof=1) / math.sqrt(len(SEEDS))
    expected = theory[:, :4]
    assert (np.abs(measured.mean(axis=0) - expected) < 4 * error + 0.02 * expected).all()


def test_autocorrelation_solves_its_differential_equation():
    state = mean_field(BalancedNetwork(m_0=0.2))
    lags = np.arange(0, 4.001, 0.02)
    q = balance.autocorrelation(state, lags)
    second = (q[:, 2:] - 2 * q[:, 1:-1] + q[:, :-2]) / 0.02**2
    inputs = balance._Inputs(state.network, True)
    crossing = inputs.both(state.u, state.alpha, inputs.local(q[:, 1:-1]), shared=False)
    left = np.array([[1.0], [0.9]]) ** 2 * second
    assert left[:, 20:] == pytest.approx((q[:, 1:-1] - crossing)[:, 20:], abs=2e-5)


def test_linear_response():
    state = mean_field(BalancedNetwork())
    assert balance.linear_response(state).real == pytest.approx([0.935, 0.990], abs=1e-3)
    step = 1e-5
    near = [mean_field(BalancedNetwork(m_0=0.1 + shift)).m for shift in (-step, step)]
    difference = (near[1] - near[0]) / (2 * step)
    assert balance.linear_response(state).real == pytest.approx(difference, rel=1e-6)
    # An oscillating input, followed in time.
    frequency = 3.0
    times = np.linspace(0, 20, 2_001)
    m = balance.population_rates(
        BalancedNetwork(), times, lambda time: 0.1 + 1e-4 * math.sin(frequency * time)
    )
    late = times > 10
    wave = np.array([np.sin(frequency * times[late]), np.cos(frequency * times[late])])
    parts = np.linalg.lstsq(wave.T, (m - state.m[:, None])[:, late].T / 1e-4, rcond=None)[0]
    expected = balance.linear_response(state, frequency)
    assert parts[0] + 1j * parts[1] == pytest.approx(expected, rel=1e-3)


def test_linear_response_of_the_simulation():
    m = [np.mean([_run(m_0, seed).activity_e.mean() for seed in SEEDS]) for m_0 in (0.1, 0.2)]
    slopes = [
        balance.linear_response(mean_field(BalancedNetwork(m_0=m_0), sparse=False)).real[0]
        for m_0 in (0.1, 0.15, 0.2)
    ]
    # Simpson's rule.
    assert (m[1] - m[0]) / 0.1 == pytest.approx(np.dot(slopes, [1, 4, 1]) / 6, rel=0.03)


@pytest.mark.parametrize(
    "k, m_0, tau", [(1_000, 0.1, 2.79955), (10**4, 0.1, 2.191), (10**6, 0.1, 1.977),
                    (10**12, 0.1, 1.9547), (1_000, 0.2, 2.4496), (1_000, 0.04, 6.355)]
)  # fmt: skip
def test_critical_tau(k, m_0, tau):
    network = BalancedNetwork(k=k, m_0=m_0, n_e=10**13, n_i=10**13)
    assert balance.critical_tau(mean_field(network)) == pytest.approx(tau, abs=1e-3)


def test_rates_come_back_below_the_critical_tau_and_oscillate_above():
    for tau_i, rests in ((2.70, True), (2.90, False)):
        network = BalancedNetwork(tau_i=tau_i)
        state = mean_field(network)
        assert (balance.relaxation(state).real.max() < 0) == rests
        times = np.linspace(0, 600, 1_201)
        m = balance.population_rates(network, times, start=state.m * 1.02)
        assert (np.ptp(m[0, -100:]) < 1e-3) == rests


def test_step_response_is_faster_than_one_neuron_by_sqrt_k():
    times = np.linspace(-0.5, 4, 4_501)
    reached = []
    for k in (1_000, 10_000):
        network = BalancedNetwork(k=k, **SPARSE)
        m = balance.population_rates(network, times, lambda time: 0.1 if time < 0 else 0.12)[0]
        reached.append(times[np.argmax(m > m[0] + (1 - math.exp(-1)) * (m[-1] - m[0]))])
    assert reached == pytest.approx([0.102, 0.0215], abs=0.012)


def test_parallel_updating_destroys_balance():
    state = mean_field(BalancedNetwork())
    eigenvalues = np.sort(np.linalg.eigvals(balance.gains(state)).real)
    assert eigenvalues == pytest.approx([-6.126, -1.418], abs=1e-3)
    run = BalancedNetwork(n_e=3_000, n_i=3_000, k=1_000, parallel=True).simulate(60, seed=1)
    assert set(run.activity_e[-10:]) == {0.0, 1.0}
    assert set(run.activity_i[-10:]) == {0.0, 1.0}


def test_distribution_of_rates():
    state = mean_field(BalancedNetwork())
    median = balance.rate_distribution(state, [0.0178, 0.0487, 0.1125])[1][0]
    assert median == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)
    for network in (BalancedNetwork(m_0=0.2), BalancedNetwork(m_0=0.2, threshold_spread=1.0)):
        state = mean_field(network)
        # Rates down to 1e-9: in steps of their probits.
        rates = stats.norm.cdf(np.linspace(-8, 6, 40_001))
        density, cumulative = balance.rate_distribution(state, rates)
        assert np.trapezoid(density, rates, axis=1) == pytest.approx([1, 1], abs=2e-3)
        assert np.trapezoid(rates * density, rates, axis=1) == pytest.approx(state.m, rel=3e-3)
        assert np.trapezoid(rates**2 * density, rates, axis=1) == pytest.approx(state.q, rel=3e-3)
        assert np.gradient(cumulative[0], rates)[15_000:25_000] == pytest.approx(
            density[0, 15_000:25_000], rel=1e-3
        )


def test_distribution_of_rates_of_the_simulation():
    network = BalancedNetwork(m_0=0.2)
    run = network.simulate(100, warmup=5, seed=1)
    state = mean_field(network, sparse=False)
    quantiles = np.quantile(run.rates_e, [0.25, 0.5, 0.75])
    _, cumulative = balance.rate_distribution(state, quantiles)
    assert cumulative[0] == pytest.approx([0.25, 0.5, 0.75], abs=0.045)


@pytest.mark.parametrize(
    "change",
    [{"threshold_spread": 1.2}, {"n_0": 3_000}, {"fixed_in_degree": True}, {"temperature": 0.4}],
)
def test_rates_of_the_variants(change):
    network = BalancedNetwork(n_e=4_000, n_i=4_000, k=800, m_0=0.2, **change)
    state = mean_field(network, sparse=False)
    runs = [network.simulate(20, warmup=5, seed=seed) for seed in SEEDS[:3]]
    m = np.mean([[run.activity_e.mean(), run.activity_i.mean()] for run in runs], axis=0)
    assert m == pytest.approx(state.m, rel=0.035)
    spread = np.mean([[run.rates_e.var(), run.rates_i.var()] for run in runs], axis=0)
    assert (spread > 0.9 * (state.q - state.m**2)).all()


def test_distance_from_zero_rises_as_a_square_root():
    state = mean_field(BalancedNetwork())
    d = np.array([1e-4, 1e-4])
    rise = balance.distance_velocity(state, d) * [1, 0.9] + d
    assert rise == pytest.approx([0.0034176, 0.0043063], abs=1e-6)
    squares = np.array([[1, 2.0**2], [1, 1.8**2]])
    law = np.exp(-(state.u**2) / (2 * state.alpha)) / math.pi * np.sqrt(squares @ d / state.alpha)
    assert rise == pytest.approx(law, rel=1e-3)
    # The exponent has no bound.
    small = np.array([1e-4, 1e-6, 1e-8, 1e-10])
    slope = [balance.distance_velocity(state, np.full(2, one))[0] / one for one in small]
    assert np.diff(np.log10(slope)) == pytest.approx([1, 1, 1], abs=0.02)


def test_distance_and_plateau_of_the_simulation():
    network = BalancedNetwork(m_0=0.2)
    state = mean_field(network, sparse=False)
    plateau = balance.plateau(state)
    assert plateau == pytest.approx([0.2209, 0.2437], abs=1e-4)
    assert balance.distance(state, [0, 60.0], [1e-3, 1e-3])[:, -1] == pytest.approx(
        plateau, rel=1e-4
    )
    runs = [network.damage(12, flips=20, every=0.5, seed=seed) for seed in SEEDS]
    late = np.mean(
        [[run.distance_e[0, -8:].mean(), run.distance_i[0, -8:].mean()] for run in runs], axis=0
    )
    assert late == pytest.approx(plateau, rel=0.03)
    theory = balance.distance(state, runs[0].times, [1e-3, 1e-3])
    measured = np.mean([run.distance_e[0] for run in runs], axis=0)
    assert measured[[4, 6, 8]] == pytest.approx(theory[0][[4, 6, 8]], rel=0.12)


def test_growth_from_one_flip():
    for k, m_0, rate in ((1_000, 0.2, 28.37), (1_000, 0.1, 23.16)):
        state = mean_field(BalancedNetwork(k=k, m_0=m_0), sparse=False)
        assert balance.growth_rate(state) == pytest.approx(rate, abs=0.01)
    state = mean_field(BalancedNetwork(k=100, m_0=0.2, n_e=20_000, n_i=20_000), sparse=False)
    assert balance.growth_rate(state) == pytest.approx(7.54, abs=0.01)
    exponents = [
        balance.growth_rate(mean_field(BalancedNetwork(k=k, m_0=0.2, **SPARSE)))
        for k in (10**6, 10**8)
    ]
    assert exponents[1] / exponents[0] == pytest.approx(10, rel=0.01)


def test_growth_from_one_flip_in_the_simulation():
    network = BalancedNetwork(k=200, m_0=0.2)
    state = mean_field(network, sparse=False)
    time = 1 / balance.growth_rate(state)
    runs = [
        network.damage(time, copies=1_000, every=time / 2, warmup=4, seed=seed) for seed in range(6)
    ]
    number = np.array([10_000 * (run.distance_e + run.distance_i).mean(axis=0) for run in runs])
    theory = balance.early_damage(state, runs[0].times, [0.5, 0.5]).sum(axis=0)
    assert number[:, 0] == pytest.approx(1)
    # Copies share the few cells near threshold that are updated in so short a time.
    error = number.std(axis=0, ddof=1) / math.sqrt(len(runs))
    assert (np.abs(number.mean(axis=0) - theory) < 3 * error + 0.03 * theory).all()


def test_heat_heals_damage_above_the_critical_temperature():
    network = BalancedNetwork(k=100, m_0=0.2)
    assert balance.critical_temperature(dataclasses.replace(network, **SPARSE)) == pytest.approx(
        6.806, abs=0.01
    )
    for temperature, heals in ((5.0, False), (8.0, True)):
        hot = dataclasses.replace(network, temperature=temperature)
        last = hot.damage(60, flips=400, every=10, seed=1).distance_e[0, -1]
        assert (last == 0) == heals
        assert (balance.growth_rate(mean_field(hot)) < 0) == heals


@settings(max_examples=25, deadline=None)
@given(
    k=st.integers(500, 10**6), m_0=st.floats(0.05, 0.3), ratio=st.floats(1.05, 2),
    excess=st.floats(1.02, 1.9), j_i=st.floats(1.5, 3),
)  # fmt: skip
def test_a_balanced_state_satisfies_its_equations(k, m_0, ratio, excess, j_i):
    network = BalancedNetwork(
        n_e=10**9, n_i=10**9, k=k, m_0=m_0, j_i=j_i, j_e=j_i * ratio,
        external_e=1.0, external_i=1 / (ratio * excess),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit = balance_limit(network)
        if not (0.01 < limit.m_e < 0.7 and 0.01 < limit.m_i < 0.7):
            return
        state = mean_field(network)
    if not state.m.all():
        return
    assert state.m == pytest.approx(stats.norm.cdf(state.u / np.sqrt(state.alpha)), rel=1e-6)
    assert (state.m**2 <= state.q).all() and (state.q <= state.m).all()
    assert (state.beta <= state.alpha).all()


@functools.cache
def _run(m_0, seed):
    network = BalancedNetwork(m_0=m_0)
    return network.simulate(16, every=0.5, warmup=8, states=True, seed=seed)
