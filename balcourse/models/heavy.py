"""A balanced network of leaky neurons whose synaptic weights have power-law tails.

After A. Wardak and P. Gong, Phys. Rev. Research 3:013083 (2021): Brunel's network (J. Comput.
Neurosci. 8:183, 2000) with weights j w, where w has mean 1 and a Pareto tail of exponent alpha that
is scaled so that the summed input of a neuron tends to a stable law of index alpha as the network
grows. At index 2 every w is 1. Time ms, potential mV, rate Hz. Excitatory neurons come first.
"""

import dataclasses
import math

import numpy as np
from scipy import stats

from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state, uniform
from balcourse.models.wiring import FourToOne
from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True)
class HeavyTailedRun:
    """What a simulated network did.

    Attributes
    ----------
    network : HeavyTailedNetwork
    dt, duration : float
        Time step and recorded time, ms.
    times : numpy.ndarray
        Spike times after the warm-up, ms.
    senders : numpy.ndarray
        The neuron of each spike.
    inputs : numpy.ndarray
        Shape (bins, neurons), float32: each neuron's input in each bin of 1 ms, mV.

    """

    network: "HeavyTailedNetwork"
    dt: float
    duration: float
    times: np.ndarray
    senders: np.ndarray
    inputs: np.ndarray

    @property
    def rates(self):
        """Each neuron's rate, shape (neurons,), Hz."""
        return np.bincount(self.senders, minlength=self.network.n) * (1e3 / self.duration)

    def summed_inputs(self, width):
        """Input of each neuron summed over bins of `width` ms: shape (bins, neurons), mV."""
        width = checked("width", width, "ms", integer=True, at_least=1, at_most=len(self.inputs))
        bins = len(self.inputs) // width
        return self.inputs[: bins * width].reshape(bins, width, -1).sum(1, dtype=float)


@dataclasses.dataclass(frozen=True)
class HeavyTailedNetwork(FourToOne):
    """Parameters of the network; the theory takes the same object.

    Attributes
    ----------
    index : float
        Exponent alpha of the weights' tail, above 1, at most 2.
    n : int
        Neurons, four excitatory to one inhibitory.
    epsilon : float
        Share of the neurons that project to a neuron, above 0, at most 0.5.
    j : float
        Mean excitatory weight, mV, above 0.
    g : float
        Inhibitory over excitatory mean weight, at least 0.
    external_ratio : float
        Rate of each external source over the rate that alone brings the mean to threshold.
    delay, tau, refractory : float
        ms.
    threshold, reset : float
        mV.

    Examples
    --------
    >>> network = HeavyTailedNetwork(1.5)
    >>> network.c_e, network.c_i, network.external_rate
    (200, 50, 50.0)

    """

    index: float
    n: int = 2500
    epsilon: float = 0.1
    j: float = 0.1
    g: float = 4.0
    external_ratio: float = 1.0
    delay: float = 1.5
    tau: float = 20.0
    threshold: float = 20.0
    reset: float = 10.0
    refractory: float = 2.0

    def __post_init__(self):
        checked("index", self.index, above=1, at_most=2)
        checked("n", self.n, integer=True, at_least=50)
        checked("epsilon", self.epsilon, above=0, at_most=0.5)
        checked("j", self.j, "mV", above=0)
        checked("g", self.g, at_least=0)
        checked("external_ratio", self.external_ratio, at_least=0)
        checked("delay", self.delay, "ms", above=0)
        checked("tau", self.tau, "ms", above=0)
        checked("threshold", self.threshold, "mV", above=0)
        checked("reset", self.reset, "mV", below=self.threshold)
        checked("refractory", self.refractory, "ms", at_least=0)
        checked("inputs from inhibitory neurons, epsilon n / 5", self.c_i, at_least=1)

    @property
    def external_rate(self):
        """Rate of each external source, Hz."""
        return 1e3 * self.external_ratio * self.threshold / (self.c_e * self.j * self.tau)

    def weights(self, count, *, seed=0):
        """Draw `count` weights in units of their mean, by inverting the law of `weight_law`."""
        lowest, span = weight_law(self.index)
        drawn = np.empty(checked("count", count, integer=True, at_least=1))
        _draw_weights(drawn, lowest, span, -1 / self.index, random_state(seed))
        return drawn

    def simulate(self, duration, *, dt=0.1, warmup=300.0, seed=0):
        """Wire and run the network.

        Each neuron's inhibitory weights are shifted by one common amount, so that its mean
        recurrent input is what mean weights would make it ("tight balance"): without that, the
        quenched sums of heavy-tailed weights silence half of the neurons.

        Parameters
        ----------
        duration : float
            Recorded time, ms, at least 1.
        dt : float
            Time step, ms, at most the delay.
        warmup : float
            Time before, ms, rounded up to whole delays.
        seed : int
            Seed of wiring, weights, initial potentials and external spikes.

        Returns
        -------
        HeavyTailedRun

        Raises
        ------
        ValueError
            If a parameter is out of its bounds.

        Examples
        --------
        >>> run = HeavyTailedNetwork(2.0, n=500, j=0.5).simulate(200, seed=1)
        >>> run.inputs.shape
        (200, 500)

        """
        dt = checked("dt", dt, "ms", above=0, at_most=min(self.delay, 1.0))
        duration = checked("duration", duration, "ms", at_least=1)
        warmup = checked("warmup", warmup, "ms", at_least=0)
        lag, per_bin = round(self.delay / dt), round(1 / dt)
        steps, skipped = round(duration / dt), round(warmup / dt)
        skipped += -skipped % lag
        starts, targets, strengths, outside = _wired(self, seed)
        state = random_state(seed, 1)
        potentials = np.array([uniform(state) for _ in range(self.n)]) * self.threshold
        mean = self.c_e * self.external_rate * 1e-3 * dt
        counts = np.arange(math.ceil(mean + 12 * math.sqrt(mean) + 20))
        refractory = round(self.refractory / dt)
        most = self.n * (max(steps, lag) // (refractory + 1) + 2)
        spikes = np.empty((most, 2), np.int32)
        inputs = np.zeros((-(-steps // per_bin), self.n), np.float32)
        fired = _run(
            potentials,
            np.zeros((self.n, 2 * lag)),
            np.zeros(self.n, np.int64),
            starts,
            targets,
            strengths,
            outside,
            stats.poisson.cdf(counts, mean),
            skipped,
            steps,
            per_bin,
            refractory,
            math.exp(-dt / self.tau),
            float(self.threshold),
            float(self.reset),
            spikes,
            inputs,
            state,
        )
        spikes = spikes[np.argsort(spikes[:fired, 0], kind="stable")]
        return HeavyTailedRun(self, dt, steps * dt, spikes[:, 0] * dt, spikes[:, 1], inputs)


def weight_law(index):
    """Return the shift and the span of the weights' shifted Pareto law, in units of their mean.

    w exceeds z with probability (span / (z - lowest))**index, and has mean 1. Below an index of
    1.3495 some weights are negative: lowest + span < 0.

    Examples
    --------
    >>> lowest, span = weight_law(1.5)
    >>> round(lowest, 4), round(span, 4)
    (-0.0242, 0.3414)

    """
    index = checked("index", index, above=1, at_most=2)
    if index == 2:
        return 1.0, 0.0
    span = (math.gamma(index) * math.sin(math.pi * index / 2) / math.pi) ** (1 / index)
    return 1 - span * index / (index - 1), span


def _wired(network, seed):
    """Draw the graph; return where each source's targets begin, targets, strengths, outside."""
    sources = np.empty((network.n, network.c_e + network.c_i), np.int32)
    marked = np.full(network.n, -1)
    _wire(sources, marked, network.n_e, network.c_e, random_state(seed, 2))
    lowest, span = weight_law(network.index)
    weights = np.empty((network.n, 2 * network.c_e + network.c_i))
    _draw_weights(weights.reshape(-1), lowest, span, -1 / network.index, random_state(seed, 3))
    excitatory, inhibitory, outside = np.split(
        weights, [network.c_e, network.c_e + network.c_i], axis=1
    )
    inhibitory *= -network.g
    excess = (excitatory - 1).sum(1) + (inhibitory + network.g).sum(1)
    inhibitory -= excess[:, None] / network.c_i

    order = np.argsort(sources, axis=None, kind="stable")
    starts = np.zeros(network.n + 1, np.int64)
    np.cumsum(np.bincount(sources.reshape(-1), minlength=network.n), out=starts[1:])
    strengths = network.j * np.concatenate([excitatory, inhibitory], axis=1).reshape(-1)[order]
    targets = (order // sources.shape[1]).astype(np.int32)
    return starts, targets, strengths, (network.j * outside).astype(np.float32)


@kernel
def _draw_weights(weights, lowest, span, power, state):
    for synapse in range(weights.size):
        weights[synapse] = lowest + span * (1.0 - uniform(state)) ** power


@kernel
def _wire(sources, marked, n_e, c_e, state):
    """Give every neuron different sources, excitatory ones first, never itself."""
    for neuron in range(sources.shape[0]):
        marked[neuron] = neuron
        for synapse in range(sources.shape[1]):
            first, count = (0, n_e) if synapse < c_e else (n_e, sources.shape[0] - n_e)
            source = first + below(state, count)
            while marked[source] == neuron:
                source = first + below(state, count)
            marked[source] = neuron
            sources[neuron, synapse] = source


@kernel
def _run(
    potentials,
    arriving,
    waiting,
    starts,
    targets,
    strengths,
    outside,
    chances,
    skipped,
    steps,
    per_bin,
    refractory,
    decay,
    threshold,
    reset,
    spikes,
    inputs,
    state,
):
    """Run the network; return how many spikes (step, neuron) were recorded, in no order.

    No spike acts before a delay has passed, so each neuron runs for a window of one delay at a
    time. `arriving` holds a neuron's input in this window and in the next; `chances` is the
    cumulative distribution of the external spikes of a step, each from a source at random.
    """
    window = arriving.shape[1] // 2
    fired = 0
    for first in range(-skipped, steps, window):
        half = (first + skipped) // window % 2
        done = fired
        for neuron in range(potentials.size):
            potential = potentials[neuron]
            rest = waiting[neuron]
            for place in range(min(window, steps - first)):
                received = arriving[neuron, half * window + place]
                arriving[neuron, half * window + place] = 0.0
                chance = uniform(state)
                events = 0
                while events < chances.size and chance >= chances[events]:
                    received += outside[neuron, below(state, outside.shape[1])]
                    events += 1
                if first + place >= 0:
                    inputs[(first + place) // per_bin, neuron] += received
                if rest > 0:
                    rest -= 1
                    continue
                potential = potential * decay + received
                if potential >= threshold:
                    potential = reset
                    rest = refractory
                    spikes[fired, 0] = first + place
                    spikes[fired, 1] = neuron
                    fired += 1
            potentials[neuron] = potential
            waiting[neuron] = rest
        for spike in range(done, fired):
            slot = (1 - half) * window + spikes[spike, 0] - first
            source = spikes[spike, 1]
            for synapse in range(starts[source], starts[source + 1]):
                arriving[targets[synapse], slot] += strengths[synapse]
        if first < 0:
            fired = 0
    return fired
