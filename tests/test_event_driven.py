"""Pulse-coupled spiking networks: twin, closed forms, exponents and finite perturbations."""

import math

import numpy as np
import pytest
from naive import event_driven as naive

from balcourse.models import event_driven
from balcourse.models.event_driven import PulseNetwork
from balcourse.models.smooth import SmoothNetwork
from balcourse.theory.smooth import smooth_mean_field

LIF = PulseNetwork("lif", n=200, in_degree=50, drive=0.2)
THETA = PulseNetwork("theta", n=200, in_degree=50, drive=0.05)


@pytest.mark.parametrize("neuron", ["lif", "theta"])
def test_spikes_equal_those_of_the_twin(neuron):
    network = PulseNetwork(neuron, n=20, in_degree=5, drive=0.6)
    run = network.simulate(8, seed=3)
    twin = naive.spikes(network, 3, 8, network.first_phases(3))
    assert len(twin) > 20
    assert [sender for _, sender in twin] == run.senders.tolist()
    assert run.times == pytest.approx([time for time, _ in twin], abs=1e-8)


@pytest.mark.parametrize("neuron", ["lif", "theta"])
def test_an_uncoupled_neuron_fires_at_its_own_period(neuron):
    network = PulseNetwork(neuron, n=3, in_degree=2, drive=2.0, strength=0)
    run = network.simulate(30, seed=1)
    current = network.current
    period = -math.log(1 - 1 / current) if neuron == "lif" else math.pi / math.sqrt(current)
    assert np.diff(run.times[run.senders == 1]) == pytest.approx(period, abs=1e-9)


@pytest.mark.parametrize("network", [LIF, THETA])
def test_the_tangent_is_the_derivative_of_the_flow(network):
    first, targets = network.wiring(5)
    none = (np.zeros(0), np.zeros(0, np.int64))
    base = network.simulate(0, warmup=20, seed=5).phases
    direction = np.random.default_rng(1).normal(size=network.n)
    ends = []
    for sign in (-1, 1):
        phase = base + sign * 1e-8 * direction
        event_driven._advance(
            1.0, *network.constants, first, targets, phase, np.zeros(network.n), *none
        )
        ends.append(phase)
    tangent = direction.copy()
    count = event_driven._advance(
        1.0, *network.constants, first, targets, base.copy(), tangent, *none
    )
    assert count > 3
    assert (ends[1] - ends[0]) / 2e-8 == pytest.approx(tangent, abs=1e-4)
    assert np.abs(tangent - direction).max() > 0.1


def test_theta_is_chaotic_and_lif_is_stable():
    for seed in range(3):
        for network, sign in ((THETA, 1), (LIF, -1)):
            growth = sign * network.lyapunov(150, seed=seed)
            assert growth.mean() > 5 * growth.std() / np.sqrt(growth.size)


def test_lif_forgets_small_perturbations_and_not_large_ones():
    distance = LIF.separates([1e-7, 1.0], 120, directions=6, seed=1)
    assert distance[:, 0].max() < 1e-9
    assert (distance[:, 1] > 1e-3).mean() > 0.5
    assert THETA.separates([1e-7], 150, directions=4, seed=1).min() > 1e-3


@pytest.mark.parametrize(
    ("gain", "variance", "exponent"),
    [(1.2, 0.2426, 0.0119), (1.5, 0.7477, 0.0468), (2, 1.9248, 0.1128)],
)
def test_mean_field_of_smooth_rates(gain, variance, exponent):
    state = smooth_mean_field(SmoothNetwork(gain=gain))
    assert state.variance == pytest.approx(variance, abs=1e-4)
    assert state.exponent == pytest.approx(exponent, abs=1e-3)


def test_the_variance_of_smooth_rates_is_that_of_mean_field():
    path = SmoothNetwork(n=400, gain=2.0).simulate(150, seed=1)[500:]
    assert np.mean(path**2) == pytest.approx(1.9248, rel=0.1)


def test_rest_decays_at_the_largest_eigenvalue():
    network = SmoothNetwork(n=60, gain=0.8)
    coupling, _ = network._drawn(4)
    expected = np.linalg.eigvals(coupling).real.max() - 1
    assert network.lyapunov(300, warmup=200, seed=4).mean() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: PulseNetwork("qif"), "neuron = 'qif'"),
        (lambda: PulseNetwork("lif", drive=0.1, in_degree=50), "drive = 0.1"),
        (lambda: PulseNetwork(n=10, in_degree=10), "in_degree = 10"),
        (lambda: LIF.simulate(-1), "duration = -1"),
        (lambda: SmoothNetwork(gain=-1), "gain = -1"),
        (lambda: SmoothNetwork(n=0), "n = 0"),
    ],
)
def test_bad_input_is_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()
