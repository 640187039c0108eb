"""The balanced binary network: against its slow twin, its definition, and its own replicas."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balcourse.models import binary
from balcourse.models.binary import BalancedNetwork
from tests.naive import binary as naive

SMALL = BalancedNetwork(n_e=60, n_i=50, k=20, m_0=0.2)
VARIANTS = {
    "the paper's": {},
    "external neurons": {"n_0": 40},
    "fixed in-degree": {"fixed_in_degree": True, "n_0": 30},
    "spread thresholds": {"threshold_spread": 0.7, "theta_e": 0.8},
    "heat bath": {"temperature": 0.6, "n_0": 25},
    "all at once": {"parallel": True, "temperature": 0.3, "n_0": 25},
    "all connected": {"k": 50, "n_e": 50},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_states_are_those_of_the_slow_twin(variant):
    network = dataclasses.replace(SMALL, **VARIANTS[variant])
    for seed in (1, 2):
        run = network.simulate(4, every=1, states=True, seed=seed)
        assert np.array_equal(run.states, naive.states(network, range(5), seed))
        assert np.array_equal(run.activity_e, run.states[:, : network.n_e].mean(axis=1))
        assert np.array_equal(run.activity_i, run.states[:, network.n_e :].mean(axis=1))


def with_rows(patch):
    """Let every network without external neurons run with rows of bits."""
    patch.setattr(binary, "_ROWS_FROM", 0)
    patch.setattr(binary, "_ROWS_DENSITY", 0.0)


@pytest.mark.parametrize("variant", [{}, {"fixed_in_degree": True}, {"temperature": 0.6}])
def test_rows_of_bits_give_the_states_of_the_slow_twin(variant, monkeypatch):
    with_rows(monkeypatch)
    network = dataclasses.replace(SMALL, **variant)
    for every in (0.25, 4):
        run = network.simulate(4, every=every, states=True, seed=1)
        assert np.array_equal(run.states[-1], naive.states(network, [0, 4], 1)[-1])


@pytest.mark.parametrize("m_0", [0.05, 0.3])
def test_rows_of_bits_and_lists_are_one_network(m_0, monkeypatch):
    # More neurons than a tile of counters has, and in one call more changes than a counter holds.
    network = BalancedNetwork(n_e=9_100, n_i=8_300, k=40, m_0=m_0)
    start = np.ones(17_400, bool)
    lists = network.simulate(3, every=1.5, start=start, traced=range(0, 17_400, 97), seed=2)
    with_rows(monkeypatch)
    rows = network.simulate(3, every=1.5, start=start, traced=range(0, 17_400, 97), seed=2)
    for name in ("activity_e", "activity_i", "rates_e", "rates_i", "excitation", "inhibition"):
        assert np.array_equal(getattr(lists, name), getattr(rows, name))
    assert lists.activity_e[1] < 0.9


def test_only_a_dense_network_is_kept_as_rows():
    dense = BalancedNetwork(n_e=2_000, n_i=1_500, k=500)
    for network, as_rows in (
        (dense, True),
        (dataclasses.replace(dense, k=300), False),
        (dataclasses.replace(dense, n_e=100_000), False),
        (dataclasses.replace(dense, n_0=2_000), False),
        (dataclasses.replace(dense, parallel=True), False),
    ):
        assert (binary._Graph(network, 1).bits is not None) == as_rows


def test_external_rate_may_change_in_time():
    rate = [0.1, 0.4, 0.0, 0.3]
    run = SMALL.simulate(4, every=1, m_0=rate, states=True, seed=5)
    assert np.array_equal(run.states, naive.states(SMALL, range(5), 5, m_0=rate))
    same = SMALL.simulate(4, every=1, m_0=lambda time: rate[min(int(time), 3)], states=True, seed=5)
    assert np.array_equal(run.states, same.states)


def test_inputs_are_the_sums_of_the_definition():
    network = dataclasses.replace(SMALL, n_0=40)
    run = network.simulate(3, traced=[0, 59, 60, 109], states=True, seed=3)
    matrix = naive.connections(network, 3)
    for column, neuron in enumerate([0, 59, 60, 109]):
        j = network.j_e if neuron < 60 else network.j_i
        inhibition = -j * run.states[:, 60:] @ matrix[neuron, 60:110] / math.sqrt(20)
        assert np.allclose(run.inhibition[:, column], inhibition)
    constant = SMALL.simulate(3, traced=[0, 109], states=True, seed=3)
    matrix = naive.connections(SMALL, 3)
    for column, (neuron, strength) in enumerate([(0, 1.0), (109, 0.8)]):
        excitation = constant.states[:, :60] @ matrix[neuron, :60] / math.sqrt(20)
        expected = excitation + strength * 0.2 * math.sqrt(20)
        assert np.allclose(constant.excitation[:, column], expected)
    assert np.allclose(constant.thresholds, [1.0, 0.7])


def test_local_rates_are_the_time_spent_active():
    network = BalancedNetwork(n_e=300, n_i=300, k=30, m_0=0.2)
    # Sampling the state at nearly every update measures the same thing.
    run = network.simulate(3, every=1 / 633, warmup=1, states=True, seed=1)
    sampled = run.states[:-1].mean(axis=0)
    assert np.abs(run.rates_e - sampled[:300]).max() < 2e-3
    assert np.abs(run.rates_i - sampled[300:]).max() < 2e-3


def test_an_input_of_exactly_zero_leaves_a_neuron_silent():
    # sqrt(K) E m_0 = theta, and no neuron is active at first: u = 0 for all.
    tie = BalancedNetwork(n_e=100, n_i=100, k=100, m_0=0.1, external_i=0.7)
    silent = np.zeros(200, bool)
    run = tie.simulate(5, start=silent, seed=1)
    assert not run.activity_e.any() and not run.activity_i.any()
    above = dataclasses.replace(tie, theta_e=1 - 1e-6)
    assert above.simulate(5, start=silent, seed=1).activity_e.any()


def test_ties_are_decided_by_the_convention_not_by_rounding():
    # At K = 100 the inputs lie on a lattice (0.2 / sqrt(K) for I) that the threshold shares: a
    # threshold a quarter of the lattice higher changes nothing, one lower lets all ties fire.
    network = BalancedNetwork(n_e=5_000, n_i=5_000, k=100, m_0=0.2)
    rates = {}
    for shift in (-0.005, 0.0, 0.005):
        moved = dataclasses.replace(network, theta_e=1 + shift, theta_i=0.7 + shift)
        rates[shift] = [
            moved.simulate(40, warmup=10, seed=seed).activity_e.mean() for seed in range(4)
        ]
    assert rates[0.0] == rates[0.005]
    # Mean field with binomial counts in place of Gaussian input; one network deviates by 0.003.
    assert np.mean(rates[0.0]) == pytest.approx(0.1057, abs=0.005)
    assert np.mean(rates[-0.005]) == pytest.approx(0.1345, abs=0.005)


@pytest.mark.parametrize("variant", ["the paper's", "external neurons", "heat bath"])
def test_packed_replicas_equal_single_runs(variant, monkeypatch):
    network = dataclasses.replace(SMALL, **VARIANTS[variant])
    packed = network.damage(2, copies=70, flips=2, every=0.25, warmup=2, seed=4)
    monkeypatch.setattr(binary, "_PACKED_FROM", 10**9)
    single = network.damage(2, copies=70, flips=2, every=0.25, warmup=2, seed=4)
    assert np.array_equal(packed.distance_e, single.distance_e)
    assert np.array_equal(packed.distance_i, single.distance_i)
    assert packed.distance_e[:, -1].max() > 0


def test_more_copies_than_one_block_and_wide_inputs(monkeypatch):
    network = BalancedNetwork(n_e=300, n_i=280, k=270, m_0=0.3)
    packed = network.damage(0.2, copies=1_100, every=0.1, warmup=1, seed=4)
    monkeypatch.setattr(binary, "_PACKED_FROM", 10**9)
    single = network.damage(0.2, copies=1_100, every=0.1, warmup=1, seed=4)
    assert np.array_equal(packed.distance_e, single.distance_e)
    assert np.array_equal(packed.distance_i, single.distance_i)


def test_damage_is_the_distance_of_two_runs_of_the_twin():
    damage = SMALL.damage(2, every=1, warmup=0, seed=6)
    original = naive.states(SMALL, range(3), 6)
    flipped = [
        neuron
        for neuron in range(110)
        if np.array_equal(
            (naive.states(SMALL, [0, 1], 6, flipped=[neuron]) != original[:2])[:, :60].mean(axis=1),
            damage.distance_e[0, :2],
        )
    ]
    changed = [naive.states(SMALL, range(3), 6, flipped=[neuron]) for neuron in flipped]
    differ = [np.array([(one != original)[:, :60].mean(axis=1),
                        (one != original)[:, 60:].mean(axis=1)]) for one in changed]  # fmt: skip
    assert any(np.array_equal(one, [damage.distance_e[0], damage.distance_i[0]]) for one in differ)
    assert damage.distance_e[0, 0] * 60 + damage.distance_i[0, 0] * 50 == 1


def test_damage_cannot_come_from_the_order_of_updates():
    network = BalancedNetwork(n_e=1000, n_i=1000, k=100, m_0=0.2)
    # Frozen by strong heat, copies under one order and one noise become equal; under two, never.
    hot = dataclasses.replace(network, temperature=30.0)
    assert hot.damage(15, flips=10, seed=1).distance_e[0, -1] == 0
    assert hot.damage(15, flips=10, same_order=False, seed=1).distance_e[0, -1] > 0.3


def test_connections_have_the_mean_and_spread_they_should():
    for seed in range(3):
        graph = binary._Graph(BalancedNetwork(n_e=400, n_i=300, k=60, n_0=500), seed)
        degrees = np.bincount(graph.targets[: graph.pointer[-1]], minlength=700)
        variance = sum(60 * (1 - 60 / size) for size in (400, 300, 500))
        assert degrees.mean() == pytest.approx(180, abs=4 * math.sqrt(variance / 700))
        assert degrees.var() == pytest.approx(variance, rel=4 * math.sqrt(2 / 700))
    fixed = naive.connections(dataclasses.replace(SMALL, fixed_in_degree=True), 1)
    assert (fixed[:, :60].sum(axis=1) == 20).all() and (fixed[:, 60:].sum(axis=1) == 20).all()


def test_one_seed_is_one_run():
    first, second = (SMALL.simulate(5, seed=9).activity_e for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, SMALL.simulate(5, seed=10).activity_e)


@settings(max_examples=25, deadline=None)
@given(
    n_e=st.integers(1, 60), n_i=st.integers(1, 60), n_0=st.integers(0, 40),
    share=st.floats(0, 1), m_0=st.floats(0, 1), tau_i=st.floats(0.05, 20),
    temperature=st.sampled_from([0.0, 0.5]), fixed=st.booleans(), rows=st.booleans(),
    seed=st.integers(0, 2**40),
)  # fmt: skip
def test_any_small_network_runs_as_its_twin(
    n_e, n_i, n_0, share, m_0, tau_i, temperature, fixed, rows, seed
):
    k = max(1, round(share * min(n_e, n_i, n_0 or n_e)))
    network = BalancedNetwork(n_e=n_e, n_i=n_i, n_0=n_0, k=k, m_0=m_0, tau_i=tau_i,
                              temperature=temperature, fixed_in_degree=fixed)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        if rows:
            with_rows(patch)
        run = network.simulate(2, every=1, states=True, seed=seed)
    assert np.array_equal(run.states, naive.states(network, range(3), seed))


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_e": 0}, {"n_i": 0}, {"n_0": -1}, {"n_e": 10.5}, {"k": 0}, {"k": 51},
        {"k": 21, "n_0": 20},
        {"m_0": -0.1}, {"m_0": 1.1}, {"m_0": math.nan}, {"j_e": math.nan}, {"j_i": -1.0},
        {"external_e": math.inf}, {"theta_e": math.nan}, {"tau_i": 0}, {"tau_i": -1},
        {"temperature": -1}, {"threshold_spread": math.nan},
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} = .*must be"):
        dataclasses.replace(SMALL, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0}, {"every": math.nan}, {"warmup": -1}, {"m_0": [0.1, 0.2]}, {"traced": [110]},
        {"m_0": lambda time: 2.0}, {"start": np.zeros(3)}, {"start": np.full(110, 2)}, {"seed": -1},
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SMALL.simulate(1, **wrong)
    with pytest.raises(ValueError, match="duration"):
        SMALL.simulate(math.inf)


def test_a_network_that_does_not_fit_is_refused_with_its_size():
    huge = BalancedNetwork(n_e=10**7, n_i=10**7, k=10**6)
    with pytest.raises(MemoryError, match=r"needs 1.6e\+05 GB"):
        huge.simulate(1)
