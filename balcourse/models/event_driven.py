"""Inhibitory networks of theta or leaky integrate-and-fire neurons, from spike to spike, exactly.

Setting after M. Monteforte and F. Wolf, Phys. Rev. Lett. 105:268104 (2010) (theta neurons) and
Phys. Rev. X 2:041007 (2012) (LIF). Time in membrane time constants. LIF: dV/dt = I - V, threshold
1, reset 0; theta: dV/dt = I + V^2, from minus to plus infinity. I = drive sqrt(K); a spike lowers
the potential of its targets by strength / sqrt(K) at once. In the right phase, a function of V,
all neurons move at one speed between spikes, so that only spikes cost work and nothing is stepped.
"""

import dataclasses
import math

import numpy as np
from scipy import optimize

from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state, uniform
from balcourse.parameters import checked

_WIRING, _START, _TANGENT = range(3)


@dataclasses.dataclass(frozen=True)
class PulseNetwork:
    """A random inhibitory network of pulse-coupled neurons.

    Parameters
    ----------
    neuron : {"lif", "theta"}
        Which neuron.
    n : int
        Number of neurons.
    in_degree : int
        Inputs of each neuron (K), drawn without repetition among the others.
    drive : float
        Constant current is drive sqrt(K); for LIF it must be above 1 in all.
    strength : float
        An inhibitory spike lowers the potential by strength / sqrt(K).

    Raises
    ------
    ValueError
        If a parameter is out of bounds.

    Examples
    --------
    >>> network = PulseNetwork("lif", n=100, in_degree=20)
    >>> run = network.simulate(20, seed=1)
    >>> bool((np.diff(run.times) >= 0).all())
    True

    """

    neuron: str = "theta"
    n: int = 200
    in_degree: int = 50
    drive: float = 0.3
    strength: float = 1.0

    def __post_init__(self):
        if self.neuron not in ("lif", "theta"):
            raise ValueError(f"neuron = {self.neuron!r}: must be 'lif' or 'theta'")
        checked("n", self.n, integer=True, at_least=2)
        checked("in_degree", self.in_degree, integer=True, at_least=1, below=self.n)
        least = 1 / math.sqrt(self.in_degree) if self.neuron == "lif" else 0
        checked("drive", self.drive, above=least)
        checked("strength", self.strength, at_least=0)

    @property
    def current(self):
        """The constant current I."""
        return self.drive * math.sqrt(self.in_degree)

    @property
    def constants(self):
        """Whether LIF; speed of the phase, its values at reset and threshold, size of a kick."""
        kick = self.strength / math.sqrt(self.in_degree)
        if self.neuron == "lif":
            return True, 1.0, 0.0, -math.log1p(-1 / self.current), kick / self.current
        root = math.sqrt(self.current)
        return False, 2 * root, -math.pi, math.pi, kick / root

    def wiring(self, seed):
        """Return (first, targets): neuron j's spikes reach targets[first[j]:first[j + 1]]."""
        random, pairs = random_state(seed, _WIRING), []
        for target in range(self.n):
            chosen = set()
            while len(chosen) < self.in_degree:
                source = below(random, self.n)
                if source != target:
                    chosen.add(source)
            pairs += [(source, target) for source in chosen]
        pairs = np.array(sorted(pairs))
        first = np.searchsorted(pairs[:, 0], np.arange(self.n + 1))
        return first, np.ascontiguousarray(pairs[:, 1])

    def first_phases(self, seed):
        """Return random phases between reset and threshold, shape (n,)."""
        random, (_, _, low, high, _) = random_state(seed, _START), self.constants
        return np.array([low + (high - low) * uniform(random) for _ in range(self.n)])

    def simulate(self, duration, *, warmup=0.0, phases=None, seed=0):
        """Run the network.

        Parameters
        ----------
        duration, warmup : float
            Time recorded and time run before.
        phases : array_like, optional
            Phases at first, shape (n,); random by default.
        seed : int
            Decides connections and first phases.

        Returns
        -------
        Spikes

        """
        duration = checked("duration", duration, "tau", at_least=0)
        warmup = checked("warmup", warmup, "tau", at_least=0)
        first, targets = self.wiring(seed)
        phase = self.first_phases(seed) if phases is None else np.array(phases, float)
        tangent, none = np.zeros(self.n), (np.zeros(0), np.zeros(0, np.int64))
        _advance(warmup, *self.constants, first, targets, phase, tangent, *none)
        before = phase.copy()
        count = _advance(duration, *self.constants, first, targets, phase.copy(), tangent, *none)
        times, senders = np.zeros(count), np.zeros(count, np.int64)
        _advance(duration, *self.constants, first, targets, phase, tangent, times, senders)
        return Spikes(self, seed, duration, times, senders, before, phase)

    def lyapunov(self, duration, *, warmup=20.0, every=1.0, seed=0):
        """Measure the largest Lyapunov exponent across the flow, by Benettin's method.

        A shift of all phases alike is a shift in time, which neither grows nor shrinks; it is
        taken out, so that a stable network has a negative exponent.

        Parameters
        ----------
        duration, warmup : float
            Time averaged over, and time run before.
        every : float
            Time between renormalisations.
        seed : int
            Decides connections, first phases and the first perturbation.

        Returns
        -------
        numpy.ndarray
            Shape (duration / every,): the growth rate in each interval, per time constant;
            their mean is the exponent.

        Examples
        --------
        >>> PulseNetwork("lif", n=100, in_degree=20).lyapunov(50).mean() < 0
        np.True_

        """
        every = checked("every", every, "tau", above=0)
        intervals = int(checked("duration", duration, "tau", at_least=every) / every + 1e-9)
        first, targets = self.wiring(seed)
        random = random_state(seed, _TANGENT)
        phase = self.first_phases(seed)
        tangent = np.array([uniform(random) - 0.5 for _ in range(self.n)])
        none = (np.zeros(0), np.zeros(0, np.int64))
        before = math.ceil(warmup / every)
        growth = np.zeros(before + intervals)
        tangent = _unit(tangent)
        for interval in range(before + intervals):
            _advance(every, *self.constants, first, targets, phase, tangent, *none)
            tangent -= tangent.mean()
            size = np.linalg.norm(tangent)
            growth[interval] = math.log(size) / every
            tangent /= size
        return growth[before:]

    def separates(self, sizes, duration, *, directions=10, warmup=20.0, seed=0):
        """Perturb one trajectory and see which perturbations grow large.

        Parameters
        ----------
        sizes : array_like
            Shape (S,): Euclidean norm of the perturbation of the phases, which leaves their mean.
        duration : float
            Time after which distances are read.
        directions : int
            Random directions, the same for all sizes.
        warmup, seed
            As in `lyapunov`.

        Returns
        -------
        numpy.ndarray
            Shape (directions, S): final distance, mean over neurons, up to a common time shift.

        """
        first, targets = self.wiring(seed)
        none = (np.zeros(0), np.zeros(0, np.int64))
        base = self.simulate(0, warmup=warmup, seed=seed).phases
        span = self.constants[3] - self.constants[2]

        def later(phase):
            _advance(duration, *self.constants, first, targets, phase, np.zeros(self.n), *none)
            return phase

        reference = later(base.copy())
        random = random_state(seed, _TANGENT)
        distance = np.zeros((directions, len(sizes)))
        for row in distance:
            direction = _unit(np.array([uniform(random) - 0.5 for _ in range(self.n)]))
            for column, size in enumerate(sizes):
                gap = later(np.minimum(base + size * direction, self.constants[3])) - reference
                gap -= np.median(gap)
                row[column] = np.abs(gap - span * np.round(gap / span)).mean()
        return distance


@dataclasses.dataclass(frozen=True)
class Spikes:
    """Spikes of a `PulseNetwork`.

    Attributes
    ----------
    network, seed, duration
        What was run.
    times : numpy.ndarray
        Shape (spikes,), in membrane time constants.
    senders : numpy.ndarray
        Shape (spikes,): who spiked.
    phases, last_phases : numpy.ndarray
        Shape (n,): phases when the recording began and ended.

    """

    network: PulseNetwork
    seed: int
    duration: float
    times: np.ndarray
    senders: np.ndarray
    phases: np.ndarray
    last_phases: np.ndarray


def tube_powers(shapes, sizes, shares, *, resamples=200):
    """Fit the powers of N and K by which the flux tube shrinks.

    Parameters
    ----------
    shapes : list of (int, int)
        N and K of each kind of network.
    sizes : numpy.ndarray
        Shape (S,): sizes of perturbations.
    shares : array_like
        Shape (kinds, networks, S): the share of perturbations that left the tube.
    resamples : int
        Bootstrap samples of the networks, for the errors.

    Returns
    -------
    powers, errors : numpy.ndarray
        Shape (2,): the width is as N**-powers[0] K**-powers[1], and standard errors.

    Notes
    -----
    A perturbation of size s leaves with probability 1 - exp(-s / width), the width by maximum
    likelihood; its logarithm is then linear in those of N and K.

    Examples
    --------
    >>> sizes, shapes = np.array([0.01, 0.1]), [(100, 10), (200, 10), (100, 20)]
    >>> shares = [[1 - np.exp(-sizes * n**0.5 * k / 500)] * 3 for n, k in shapes]
    >>> tube_powers(shapes, sizes, shares)[0].round(3)
    array([0.5, 1. ])

    """
    sizes, shares = np.asarray(sizes, float), np.asarray(shares, float)
    logs = np.column_stack([np.ones(len(shapes)), -np.log(shapes)])

    def log_width(share):
        def score(inverse):
            odds = sizes * np.exp(-sizes * inverse) / -np.expm1(-sizes * inverse)
            return (share * odds - (1 - share) * sizes).sum()

        return -math.log(optimize.brentq(score, 1e-3 / sizes.max(), 100 / sizes.min()))

    def fitted(samples):
        widths = [log_width(kind.mean(axis=0)) for kind in samples]
        return np.linalg.lstsq(logs, widths, rcond=None)[0][1:]

    random, networks = np.random.default_rng(0), shares.shape[1]
    drawn = [
        fitted([kind[random.integers(networks, size=networks)] for kind in shares])
        for _ in range(resamples)
    ]
    return fitted(shares), np.std(drawn, axis=0)


def _unit(vector):
    vector = vector - vector.mean()
    return vector / np.linalg.norm(vector)


@kernel
def _advance(
    duration, lif, speed, reset, threshold, kick, first, targets, phase, tangent, times, senders
):
    """Run from spike to spike for `duration`; reference: tests/naive/event_driven.py.

    `tangent` is a small difference between two trajectories at equal times. Returns the spikes.
    """
    shift = 0.0  # what every stored phase has gained since the start
    count = 0
    while True:
        sender = 0
        for neuron in range(phase.size):
            if phase[neuron] > phase[sender]:
                sender = neuron
        reached = threshold - phase[sender]
        if reached > duration * speed:
            break
        shift = reached
        if count < times.size:
            times[count] = shift / speed
            senders[count] = sender
        count += 1
        phase[sender] = reset - shift
        for synapse in range(first[sender], first[sender + 1]):
            target = targets[synapse]
            here = phase[target] + shift
            if lif:
                height = math.exp(-here)
                there = -math.log(height + kick)
                slope = height / (height + kick)
            else:
                height = math.tan(here / 2)
                there = 2 * math.atan(height - kick)
                slope = (1 + height * height) / (1 + (height - kick) * (height - kick))
            phase[target] = there - shift
            # An earlier spike kicks its target at an earlier phase, hence the sender's share.
            tangent[target] = slope * tangent[target] + (1 - slope) * tangent[sender]
    for neuron in range(phase.size):
        phase[neuron] += duration * speed
    return count
