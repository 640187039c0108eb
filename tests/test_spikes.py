"""Measures of spike trains against closed forms."""

import math

import elephant.conversion
import elephant.spike_train_correlation
import elephant.statistics
import neo
import numpy as np
import pytest
import quantities
from hypothesis import given, settings
from hypothesis import strategies as st

from balcourse.measure import spikes
from balcourse.models.lif import BrunelNetwork

N, DURATION, RATE = 400, 20_000.0, 20.0


def gamma_trains(shape, n=N, duration=DURATION, rate=RATE, seed=1):
    """Independent gamma processes of one rate (Hz), in equilibrium: (times, senders)."""
    rng = np.random.default_rng(seed)
    count = int(2 * rate * duration / 1000 + 100)
    intervals = rng.gamma(shape, 1000 / (rate * shape), (n, count))
    times = np.cumsum(intervals, axis=1) - 20 * 1000 / rate
    senders = np.broadcast_to(np.arange(n)[:, None], times.shape)
    inside = (times > 0) & (times <= duration)
    return times[inside], senders[inside]


@pytest.fixture(scope="module")
def poisson():
    return gamma_trains(1)


@pytest.mark.parametrize("shape", [1, 4])
def test_rate_of_renewal_processes(shape):
    times, senders = gamma_trains(shape)
    error = math.sqrt(RATE * 1000 / (shape * N * DURATION))
    assert spikes.mean_rate(times, senders, N, DURATION) == pytest.approx(RATE, abs=4 * error)
    each = spikes.rates(times, senders, N, DURATION)
    assert each.mean() == pytest.approx(RATE, abs=4 * error)
    variance = RATE * 1000 / (shape * DURATION)
    assert each.var() == pytest.approx(variance, rel=4 * math.sqrt(2 / N) + 0.05)


@pytest.mark.parametrize("shape", [1, 2, 10])
def test_irregularity_of_gamma_processes(shape):
    """CV, Lv and the Fano factor of a gamma process; CV2 of a Poisson process."""
    times, senders = gamma_trains(shape)
    spikes_each = RATE * DURATION / 1000
    # A neuron's CV of m intervals is too low by about CV (kurtosis terms) / m; 2 / m bounds it.
    tolerance = 4 / math.sqrt(N * spikes_each) + 2 / spikes_each
    assert spikes.cv_isi(times, senders) == pytest.approx(1 / math.sqrt(shape), abs=tolerance)
    assert spikes.lv(times, senders) == pytest.approx(3 / (2 * shape + 1), abs=tolerance)
    if shape == 1:
        assert spikes.cv2(times, senders) == pytest.approx(1, abs=tolerance)
    window = 1_000.0
    # Equilibrium renewal process, long window: CV^2 (1 + (1 - CV^4) / (6 CV^2 mean count) ...).
    square = 1 / shape
    expected = square + (1 - square**2) / (6 * RATE * window / 1000)
    error = 4 * math.sqrt(2 / (N * DURATION / window)) * expected + 0.01 * expected
    found = spikes.fano_factor(times, senders, N, DURATION, window)
    assert found == pytest.approx(expected, abs=error)


def test_a_clock_has_no_irregularity():
    times = np.tile(np.arange(5.0, 1_000, 10), 3)
    senders = np.repeat([0, 1, 2], 100)
    assert spikes.cv_isi(times, senders) == pytest.approx(0, abs=1e-12)
    assert spikes.cv2(times, senders) == pytest.approx(0, abs=1e-12)
    assert spikes.lv(times, senders) == pytest.approx(0, abs=1e-12)
    assert spikes.fano_factor(times, senders, 3, 1_000.0, window=50.0) == 0
    assert spikes.pairwise_correlation(times, senders, 3, 1_000.0, width=5.0) == pytest.approx(1)
    assert spikes.synchrony(times, 1_000.0, width=5.0) == pytest.approx(3 * 0.5 * 200 / 199)
    lags, rate = spikes.autocorrelation(times, senders, 3, 1_000.0, width=1.0, reach=35.0)
    np.testing.assert_array_equal(lags[rate > 0], [10.5, 20.5, 30.5])
    np.testing.assert_allclose(rate[rate > 0], 1_000.0, rtol=0.02)


def test_population_of_independent_poisson_neurons(poisson):
    times, senders = poisson
    rate = spikes.population_rate(times, N, DURATION, 5.0)
    assert len(rate) == 4_000
    assert rate.mean() == pytest.approx(spikes.mean_rate(times, senders, N, DURATION))
    assert spikes.synchrony(times, DURATION, 5.0) == pytest.approx(1, abs=4 * math.sqrt(2 / 4_000))
    frequencies, power = spikes.population_spectrum(times, N, DURATION)
    segments = 2 * DURATION / 500
    # Overlapping Hann windows: about 1.06 times the variance of independent segments, halved.
    error = 4 * math.sqrt(1.2 / segments / len(power))
    assert power.mean() == pytest.approx(2 * RATE / N, rel=error + 0.01)
    assert frequencies[0] == pytest.approx(2) and frequencies[-1] == pytest.approx(1_000)
    low, high = power[: len(power) // 2].mean(), power[len(power) // 2 :].mean()
    assert low == pytest.approx(high, rel=2 * error)


def test_correlation_of_neurons_that_share_spikes(poisson):
    """Each neuron copies a share c of a mother train's spikes: the coefficient is c."""
    rng = np.random.default_rng(2)
    mother = np.sort(rng.uniform(0, DURATION, 4_000))
    share, n = 0.3, 50
    kept = rng.random((n, mother.size)) < share
    senders, which = np.nonzero(kept)
    found = spikes.pairwise_correlation(mother[which], senders, n, DURATION, width=20.0)
    assert found == pytest.approx(share, abs=4 * math.sqrt(2 / 1_000) * share + 0.01)
    times, senders = poisson
    none = spikes.pairwise_correlation(times, senders, N, DURATION, width=20.0)
    assert none == pytest.approx(0, abs=4 * math.sqrt(2 / (N * (N - 1) * DURATION / 20)))


def test_autocorrelation_of_poisson_and_gamma_processes(poisson):
    """Flat for Poisson; for gamma of order 2, r (1 - exp(-4 r t))."""
    lags, rate = spikes.autocorrelation(*poisson, N, DURATION, width=2.0, reach=50.0)
    error = 4 * math.sqrt(RATE * 1000 / (RATE * N * DURATION / 1000 * 2.0))
    np.testing.assert_allclose(rate, RATE, atol=error)
    lags, rate = spikes.autocorrelation(*gamma_trains(2), N, DURATION, width=2.0, reach=100.0)
    np.testing.assert_allclose(rate, RATE * (1 - np.exp(-4 * RATE * lags / 1000)), atol=error)


def test_neurons_with_too_few_spikes_are_left_out():
    times, senders = [1.0, 2.0, 3.0, 4.0, 9.0], [0, 0, 0, 0, 1]
    assert spikes.cv_isi(times, senders, least=3) == pytest.approx(0)
    assert math.isnan(spikes.cv_isi(times, senders, least=4))
    assert math.isnan(spikes.cv2([], []))
    assert math.isnan(spikes.fano_factor([], [], 3, 100.0, window=10.0))
    assert math.isnan(spikes.pairwise_correlation([1.0], [0], 2, 100.0))
    assert math.isnan(spikes.synchrony([], 100.0))
    assert spikes.mean_rate([], [], 5, 100.0) == 0


@given(
    st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 4)), max_size=60),
    st.sampled_from([1.0, 2.5, 10.0]),
)
@settings(deadline=None)
def test_every_spike_is_counted_once(pairs, width):
    """On a grid of 0.1 ms every spike falls in the bin in whose steps it ends."""
    times = np.array([0.1 * tick for tick, _ in pairs])
    senders = np.array([sender for _, sender in pairs], int)
    counts = spikes.spike_counts(times, senders, 5, 100.0, width)
    assert counts.sum() == len(pairs)
    expected = np.zeros_like(counts)
    for tick, sender in pairs:
        expected[sender, (tick - 1) // round(width * 10)] += 1
    np.testing.assert_array_equal(counts, expected)
    population = spikes.population_rate(times, 5, 100.0, width) * 5 * width / 1000
    np.testing.assert_allclose(population, counts.sum(axis=0))


@given(st.permutations(range(40)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_spikes_does_not_matter(order):
    rng = np.random.default_rng(3)
    times, senders = rng.uniform(0, 100, 40), rng.integers(0, 3, 40)
    shuffled = times[order], senders[order]
    for measure in (spikes.cv_isi, spikes.cv2, spikes.lv):
        assert measure(times, senders) == pytest.approx(measure(*shuffled), nan_ok=True)
    assert spikes.fano_factor(times, senders, 3, 100.0, 10.0) == pytest.approx(
        spikes.fano_factor(*shuffled, 3, 100.0, 10.0)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spikes.mean_rate([1.0], [0], 0, 10.0), "n = 0"),
        (lambda: spikes.mean_rate([1.0], [0], 1, -1.0), "duration = -1.0 ms"),
        (lambda: spikes.mean_rate([1.0, 2.0], [0], 1, 10.0), "shapes"),
        (lambda: spikes.mean_rate([1.0], [3], 3, 10.0), "senders = 3 to 3: must be 0 to 2"),
        (lambda: spikes.population_rate([1.0], 1, 10.0, 20.0), "width = 20.0 ms"),
        (lambda: spikes.population_spectrum([1.0], 1, 100.0, segment=500.0), "segment = 500.0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_agrees_with_elephant():
    times, senders = gamma_trains(3, n=1, duration=5_000.0)
    intervals = np.diff(times)
    assert spikes.cv_isi(times, senders) == pytest.approx(elephant.statistics.cv(intervals))
    assert spikes.cv2(times, senders) == pytest.approx(elephant.statistics.cv2(intervals))
    assert spikes.lv(times, senders) == pytest.approx(elephant.statistics.lv(intervals))


@pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity")  # between neo and quantities
def test_counts_of_a_network_agree_with_elephant():
    run = BrunelNetwork(n=200, j=6.25).simulate(1_000, seed=1)
    # Half a step earlier no spike lies on the edge of two bins, of which elephant takes the other.
    times = run.times - run.dt / 2
    trains = [
        neo.SpikeTrain(times[run.senders == one], units="ms", t_stop=1_000) for one in range(200)
    ]
    binned = elephant.conversion.BinnedSpikeTrain(trains, bin_size=20 * quantities.ms)
    counts = spikes.spike_counts(run.times, run.senders, 200, 1_000, 20.0)
    np.testing.assert_array_equal(counts, binned.to_array())
    pairs = elephant.spike_train_correlation.correlation_coefficient(binned)
    mean = pairs[np.triu_indices(200, 1)].mean()
    ours = spikes.pairwise_correlation(run.times, run.senders, 200, 1_000, 20.0)
    assert ours == pytest.approx(mean)
