"""Glauber dynamics against its twin, exact enumeration, closed forms and linear noise."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import glauber as naive
from scipy import stats

from balcourse.models.glauber import GlauberNetwork, Populations
from balcourse.theory import glauber as theory

SYMMETRIC = [[0, 1, -0.5, 0.3], [1, 0, 0.2, -0.7], [-0.5, 0.2, 0, 0.4], [0.3, -0.7, 0.4, 0]]
ASYMMETRIC = [[0, 1, -1.2, 0], [0, 0, 1, -1.2], [1.5, 0, 0, -0.8], [1.5, 0.9, 0, 0]]
PAIR = Populations([[2, -3], [3, -2]], [0.2, -0.4], 1000, 0.5, tau=[1, 0.7])


def symmetric(**changes):
    return GlauberNetwork(
        **{"coupling": SYMMETRIC, "threshold": [0.1, -0.2, 0.3, 0], "temperature": 0.5} | changes
    )


def asymmetric(**changes):
    return symmetric(**{"coupling": ASYMMETRIC, "threshold": [0.2, 0.1, 0.3, 0.2]} | changes)


def random_network(n, seed, temperature=0.7, even=False):
    rng = np.random.default_rng(seed)
    coupling = rng.normal(size=(n, n)) / np.sqrt(n)
    if even:
        coupling = coupling + coupling.T
        np.fill_diagonal(coupling, 0)
    tau = rng.uniform(0.5, 2, n)
    return GlauberNetwork(coupling, rng.normal(size=n) / 3, temperature, tau)


def frequencies(run):
    return np.bincount(theory.state_numbers(run.states), minlength=1 << run.network.n)


@pytest.mark.parametrize("temperature", [0.0, 0.4])
@pytest.mark.parametrize("parallel", [False, True])
def test_the_kernel_equals_its_twin(temperature, parallel):
    network = random_network(9, seed=3, temperature=temperature)
    network = dataclasses.replace(network, parallel=parallel)
    run = network.simulate(30, warmup=4, seed=5)
    assert np.array_equal(run.states, naive.states(network, 30, 1, 4, seed=5))


def test_a_tie_at_zero_temperature_is_a_coin():
    # The decimals cancel only on paper: 1 - 0.7 - 0.3 is not zero in binary.
    coupling = np.zeros((4, 4))
    coupling[3, :3] = [1, -0.7, -0.3]
    frozen = [-1, -1, -1, 0]
    run = GlauberNetwork(coupling, frozen, 0).simulate(4000, every=4, start=[1] * 4, seed=2)
    assert abs(run.states[:, 3].mean() - 0.5) < 4 * 0.5 / np.sqrt(1000)
    assert run.states[:, :3].all()


def test_numbers_of_the_symmetric_instance():
    network = symmetric()
    law = theory.boltzmann(network)
    assert theory.partition_function(network) == pytest.approx(29.18459284543608, abs=1e-10)
    assert law @ theory.energies(network) == pytest.approx(-0.5303515417, abs=1e-9)
    assert np.abs(theory.stationary(network) - law).max() < 1e-14
    assert np.abs(theory.currents(network)).max() < 1e-14
    assert abs(theory.entropy_production(network)) < 1e-13
    slow = theory.spectrum(network)[1:4]
    assert slow == pytest.approx([-0.54450425, -0.87981173, -0.94850213], abs=1e-8)


def test_numbers_of_the_asymmetric_instance():
    network = asymmetric()
    means = theory.stationary(network) @ theory.all_states(4)
    assert means == pytest.approx([0.37132406, 0.32131048, 0.39881281, 0.67847952], abs=1e-8)
    assert theory.entropy_production(network) == pytest.approx(1.2210474892, abs=1e-9)
    assert theory.currents(network).max() == pytest.approx(0.0722467593, abs=1e-9)
    assert theory.spectrum(network)[1] == pytest.approx(-0.88291139 - 0.36694855j, abs=1e-7)
    lagged = theory.covariance(network, [0.5, 1, 2])
    assert lagged[:, 0, 0] == pytest.approx([0.1372752551, 0.0760834255, 0.0187685784], abs=1e-9)
    assert lagged[:, 1, 0] == pytest.approx([0.0079655868, 0.0011385314, -0.0035314083], abs=1e-9)


def test_parallel_updates_have_another_law():
    together = symmetric(parallel=True)
    law = theory.stationary(together)
    assert np.abs(law - theory.boltzmann(together)).max() < 1e-14
    distance = np.abs(law - theory.boltzmann(symmetric())).sum() / 2
    assert distance == pytest.approx(0.2316339807, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 10**6), temperature=st.floats(0.2, 5))
def test_symmetric_couplings_have_detailed_balance(n, seed, temperature):
    network = random_network(n, seed, temperature, even=True)
    assert np.abs(theory.stationary(network) - theory.boltzmann(network)).max() < 1e-11
    assert np.abs(theory.currents(network)).max() < 1e-11
    general = np.linalg.eigvals(theory.generator(network)).real
    assert np.sort(theory.spectrum(network)) == pytest.approx(np.sort(general), abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 6), seed=st.integers(0, 10**6))
def test_entropy_production_is_never_negative(n, seed):
    assert theory.entropy_production(random_network(n, seed)) > 0


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_spins_and_zero_one_units_are_the_same(n, seed):
    rng = np.random.default_rng(seed)
    coupling = np.triu(rng.normal(size=(n, n)), 1)
    coupling, field = coupling + coupling.T, rng.normal(size=n)
    network = GlauberNetwork.from_spins(coupling, field, temperature=0.8)
    spins = 2.0 * theory.all_states(n) - 1
    energy = -np.einsum("si,ij,sj->s", spins, coupling, spins) / 2 - spins @ field
    law = np.exp(-energy / 0.8)
    assert theory.boltzmann(network) == pytest.approx(law / law.sum(), abs=1e-12)
    fields = spins @ coupling.T + field
    assert network.fields(theory.all_states(n)) == pytest.approx(2 * fields, abs=1e-12)


def test_the_ring_decays_and_correlates_as_glauber_found():
    coupling = 0.5 * (np.roll(np.eye(8), 1, 0) + np.roll(np.eye(8), -1, 0))
    ring = GlauberNetwork.from_spins(coupling)
    magnetisation = 2 * theory.expected_states(ring, [0.5, 1, 3], np.ones(8)) - 1
    decay = np.exp(-theory.ring_rate(0.5, 1) * np.array([0.5, 1, 3]))
    assert magnetisation == pytest.approx(np.outer(decay, np.ones(8)), abs=1e-12)
    assert decay[1] == pytest.approx(0.7878828686, abs=1e-10)
    spins = 2 * theory.all_states(8) - 1.0
    products = theory.stationary(ring) @ (spins * spins[:, :1])
    assert products == pytest.approx(theory.ring_correlation(8, 0.5, 1.0), abs=1e-12)


@pytest.mark.parametrize("network", [symmetric(), asymmetric(), random_network(4, 8)])
def test_long_runs_reach_the_stationary_law(network):
    # Samples ten relaxation times apart are independent, so that chi-square has its meaning.
    every = 10 / -theory.spectrum(network)[1].real
    counts = frequencies(network.simulate(20_000 * every, every=every, warmup=every, seed=4))
    expected = theory.stationary(network) * counts.sum()
    assert stats.chisquare(counts, expected).pvalue > 1e-4
    wrong = np.full(16, counts.sum() / 16)
    assert stats.chisquare(counts, wrong).pvalue < 1e-12


def test_long_runs_of_parallel_updates_reach_their_own_law():
    network = symmetric(parallel=True)
    counts = frequencies(network.simulate(400_000, every=20, warmup=20, seed=4))
    assert stats.chisquare(counts, theory.stationary(network) * counts.sum()).pvalue > 1e-4


def test_time_between_updates_changes_the_pace_and_not_the_equilibrium():
    slow = symmetric(tau=[1, 3, 0.5, 2])
    assert theory.stationary(slow) == pytest.approx(theory.boltzmann(symmetric()), abs=1e-12)
    run = slow.simulate(40_000, every=1.0, warmup=20, seed=7)
    x = run.states - run.states.mean(axis=0)
    lagged = (x[1:].T @ x[:-1]) / (len(x) - 1)
    assert np.abs(lagged - theory.covariance(slow, [1.0])[0]).max() < 0.008


def test_response_is_the_change_of_covariance_only_in_equilibrium():
    times = [0.3, 1.0, 4.0]
    for network in (symmetric(), symmetric(tau=[1, 3, 0.5, 2])):
        lost = theory.covariance(network) - theory.covariance(network, times)
        assert network.temperature * theory.step_response(network, times) == pytest.approx(
            lost, abs=1e-12
        )
    driven = asymmetric()
    lost = theory.covariance(driven) - theory.covariance(driven, times)
    assert np.abs(driven.temperature * theory.step_response(driven, times) - lost).max() > 0.05


def test_late_response_is_the_derivative_of_the_means():
    network, small = asymmetric(), 1e-5
    moved = asymmetric(threshold=network.threshold - [small, 0, 0, 0])
    shift = (theory.stationary(moved) - theory.stationary(network)) @ theory.all_states(4)
    late = theory.step_response(network, [60.0])[0, :, 0]
    assert late == pytest.approx(shift / small, abs=1e-5)


def test_linear_noise_solves_the_reference_instance():
    noise = theory.linear_noise(PAIR)
    assert noise.m == pytest.approx([0.33792056, 0.40404283], abs=1e-8)
    assert noise.slope == pytest.approx([0.44746051, 0.48158444], abs=1e-8)
    expected = [[0.34370, 0.13976], [0.13976, 0.22551]]
    assert 1000 * noise.population_covariance == pytest.approx(np.array(expected), abs=1e-5)
    pairs = [[0.12009, 0.13976], [0.13976, -0.01530]]
    assert 1000 * noise.pair_covariance == pytest.approx(np.array(pairs), abs=1e-5)


def test_population_fluctuations_are_those_of_linear_noise():
    pair = dataclasses.replace(PAIR, size=100)
    noise = theory.linear_noise(pair)
    measured = []
    for seed in range(8):
        run = pair.network().simulate(1500, every=0.5, warmup=10, seed=seed)
        x = pair.means(run.states)
        x = x - x.mean(axis=0)
        measured.append([x.T @ x / len(x), x[2:].T @ x[:-2] / (len(x) - 2)])
    mean, error = np.mean(measured, 0), np.std(measured, 0, ddof=1) / np.sqrt(8)
    expected = np.array([noise.population_covariance, noise.delayed([1.0])[0]])
    # Beyond the sampling error only the next order of 1/N, a few per cent here, is left.
    assert (np.abs(mean - expected) < 5 * error + 0.05 * np.abs(expected).max()).all()


def test_estimated_pair_covariances_average_over_pairs():
    few = dataclasses.replace(PAIR, size=[3, 4])
    states = few.network().simulate(50, every=1, seed=2).states
    x = states - states.mean(axis=0)
    full = x[2:].T @ (states[:-2] - states.mean(axis=0)) / 49
    np.fill_diagonal(full, np.nan)
    blocks = [[full[a, b] for b in (slice(0, 3), slice(3, 7))] for a in (slice(0, 3), slice(3, 7))]
    expected = [[np.nanmean(block) for block in row] for row in blocks]
    # The estimate centres products with means over the whole run, hence the loose bound.
    assert few.pair_covariance(states, 2) == pytest.approx(np.array(expected), abs=0.01)


def test_correlation_time_is_the_integral_of_the_covariance():
    network, lags = asymmetric(), np.linspace(0, 40, 801)
    decay = theory.covariance(network, lags)
    integral = np.trapezoid(decay, lags, axis=0) / decay[0]
    assert theory.correlation_time(network) == pytest.approx(np.diagonal(integral), abs=1e-3)


def test_pairs_and_own_parts_add_up():
    noise = theory.linear_noise(dataclasses.replace(PAIR, size=[50, 80]))
    assert noise.delayed_pairs([0.0])[0] == pytest.approx(noise.pair_covariance, abs=1e-15)
    own = noise.m * (1 - noise.m) / [50, 80]
    total = np.diagonal(noise.pair_covariance) * (1 - 1 / np.array([50, 80])) + own
    assert total == pytest.approx(np.diagonal(noise.population_covariance), abs=1e-15)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: symmetric(temperature=-0.1), "temperature = -0.1"),
        (lambda: GlauberNetwork([[0, 1, 2], [1, 0, 2]]), r"shape \(2, 3\): must be square"),
        (lambda: GlauberNetwork([[0, np.nan], [1, 0]]), "finite"),
        (lambda: GlauberNetwork([[0, np.inf], [1, 0]]), "finite"),
        (lambda: symmetric(threshold=[1, 2]), "threshold has shape"),
        (lambda: symmetric(tau=0), "tau = 0"),
        (lambda: symmetric().simulate(1, start=[0, 1]), "start has shape"),
        (lambda: symmetric().simulate(-1), "duration = -1"),
        (lambda: theory.generator(GlauberNetwork(np.zeros((11, 11)))), "at most 10"),
        (lambda: theory.all_states(30), "at most 10"),
        (lambda: theory.stationary(symmetric(temperature=0)), "temperature = 0.0"),
        (lambda: theory.boltzmann(asymmetric()), "symmetric"),
        (lambda: theory.covariance(symmetric(parallel=True)), "parallel = True"),
        (lambda: dataclasses.replace(PAIR, temperature=0), "temperature = 0"),
        (lambda: dataclasses.replace(PAIR, drive=[1, 2, 3]), "drive has shape"),
        (lambda: dataclasses.replace(PAIR, size=1), "size = 1"),
        (lambda: theory.linear_noise(Populations([[4]], [-2.0], 100, 0.5)), "no stable"),
    ],
)
def test_bad_input_is_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()
