"""Glauber dynamics: binary units with any couplings, at any temperature.

R. J. Glauber, J. Math. Phys. 4:294 (1963). A unit is 0 or 1. At random times, tau_i apart on
average, it forgets its state and becomes 1 with probability 1 / (1 + exp(-h_i / T)), where
h_i = sum_j J_ij sigma_j - theta_i is its field. All units may also be updated together, once per
unit of time (W. A. Little, Math. Biosci. 19:101 (1974)). All quantities are dimensionless.
"""

import dataclasses
import math

import numpy as np
from scipy import special, stats

from balcourse.models._binary_kernels import BATCH
from balcourse.models.elementary import logit
from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state, uniform
from balcourse.parameters import checked

_START, _COUNTS, _UPDATES = range(3)
_FIELD_BITS = 30


@dataclasses.dataclass(frozen=True, eq=False)
class GlauberNetwork:
    """Couplings, thresholds and temperature of binary units.

    Parameters
    ----------
    coupling : array_like
        Shape (n, n): `coupling[i, j]` is what unit j, when 1, adds to the field of unit i.
    threshold : float or array_like
        Shape (n,), or one for all.
    temperature : float
        In the unit of the fields. At 0 a unit takes the sign of its field, and a coin if it is 0.
    tau : float or array_like
        Mean time between updates of a unit, shape (n,), or one for all.
    parallel : bool
        Whether all units are updated together, once per unit of time (`tau` is then unused).

    Raises
    ------
    ValueError
        If couplings are not a square matrix of finite numbers, a length differs, the temperature
        is negative or a time is not positive.

    Examples
    --------
    >>> pair = GlauberNetwork([[0, 1], [1, 0]], threshold=0.5, temperature=0.4)
    >>> run = pair.simulate(1000, seed=1)
    >>> bool(np.mean(run.states[:, 0] == run.states[:, 1]) > 0.6)
    True

    """

    coupling: np.ndarray
    threshold: np.ndarray = 0.0
    temperature: float = 1.0
    tau: np.ndarray = 1.0
    parallel: bool = False

    def __post_init__(self):
        coupling = _numbers("coupling", self.coupling)
        if coupling.ndim != 2 or coupling.shape[0] != coupling.shape[1] or not coupling.size:
            raise ValueError(f"coupling has shape {coupling.shape}: must be square and not empty")
        n = len(coupling)
        vectors = {name: _numbers(name, getattr(self, name)) for name in ("threshold", "tau")}
        for name, values in vectors.items():
            if values.shape not in ((), (n,)):
                raise ValueError(f"{name} has shape {values.shape}: must be one number or {n}")
            vectors[name] = np.broadcast_to(values, (n,)).copy()
        checked("tau", float(vectors["tau"].min()), above=0)
        temperature = checked("temperature", self.temperature, at_least=0)
        for name, value in ({"coupling": coupling} | vectors).items():
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        object.__setattr__(self, "temperature", temperature)

    @classmethod
    def from_spins(cls, coupling, field=0.0, **others):
        """Make the network in which s = 2 sigma - 1 is a spin of +1 or -1.

        Spins have the energy -sum_(i<j) J_ij s_i s_j - sum_i field_i s_i, and become +1 with
        probability 1 / (1 + exp(-2 b_i / T)), where b_i = sum_j J_ij s_j + field_i.

        Parameters
        ----------
        coupling, field
            Between spins, shape (n, n), and on each of them.
        **others
            `temperature`, `tau`, `parallel`.

        Examples
        --------
        >>> GlauberNetwork.from_spins([[0, 1], [1, 0]]).coupling
        array([[0., 4.],
               [4., 0.]])

        """
        coupling = _numbers("coupling", coupling)
        threshold = 2 * coupling.sum(axis=-1) - 2 * _numbers("field", field)
        return cls(4 * coupling, threshold, **others)

    @property
    def n(self):
        """Number of units."""
        return len(self.coupling)

    @property
    def has_energy(self):
        """Whether couplings are symmetric and, if units are updated singly, without a diagonal."""
        free = self.parallel or not np.diagonal(self.coupling).any()
        return bool(free and np.array_equal(self.coupling, self.coupling.T))

    def fields(self, states):
        """Return the field of each unit, shape (..., n), in states of shape (..., n)."""
        return np.asarray(states, float) @ self.coupling.T - self.threshold

    def chance(self, fields):
        """Return the probability of being 1 after an update, in the given fields."""
        if self.temperature == 0:
            return np.heaviside(fields, 0.5)
        return special.expit(np.asarray(fields) / self.temperature)

    def simulate(self, duration, *, every=1, warmup=0.0, start=None, seed=0):
        """Run the dynamics.

        Couplings are kept as integers of 30 bits, so that fields never drift. At T = 0 a field
        within their rounding of zero counts as zero.

        Parameters
        ----------
        duration : float
            Length of the recording.
        every : float
            Sampling interval (whole if `parallel`).
        warmup : float
            Time run before the recording.
        start : array_like of bool, optional
            First state, shape (n,); a random one by default.
        seed : int
            Decides the first state and all updates.

        Returns
        -------
        Trajectory

        Raises
        ------
        ValueError
            If an argument is out of bounds.

        Examples
        --------
        >>> free = GlauberNetwork(np.zeros((3, 3)))
        >>> free.simulate(2, seed=1).states.shape
        (3, 3)

        """
        every = checked("every", every, above=0, integer=self.parallel)
        samples = int(checked("duration", duration, at_least=0) / every + 1e-9)
        warmup = checked("warmup", warmup, at_least=0)
        state = self._start(start, seed)
        reach = np.abs(self.coupling).sum(axis=1) + np.abs(self.threshold)
        largest = reach.max()
        scale = 2.0 ** (_FIELD_BITS - 1 - math.frexp(largest)[1]) if largest else 1.0
        # Row j holds what unit j adds to each field, so that one flip reads one stretch of memory.
        effect = np.ascontiguousarray(np.round(self.coupling.T * scale).astype(np.int32))
        field = (state @ effect.astype(np.int64) - np.round(self.threshold * scale)).astype(
            np.int32
        )
        tie, heat = 0 if self.temperature else self.n, self.temperature * scale
        random = random_state(seed, _UPDATES)
        share = self.tau.min() / self.tau
        if self.parallel:
            counts = np.full(samples + 1, every)
            counts[0] = round(warmup)
        else:
            times = np.full(samples + 1, every)
            times[0] = warmup
            draws = random_state(seed, _COUNTS)
            chance = np.array([uniform(draws) for _ in range(samples + 1)])
            counts = stats.poisson.ppf(chance, times * self.n / self.tau.min())
        counts = np.maximum(counts, 0).astype(np.int64)
        states = np.zeros((samples + 1, self.n), np.uint8)
        if self.parallel:
            _record_together(counts, states, state, field, effect, tie, heat, random)
        else:
            picked, limits = np.zeros(BATCH, np.int64), np.zeros(BATCH)
            record(
                counts, states, state, field, effect, share, tie, heat, random, picked, limits
            )  # fmt: skip
        return Trajectory(
            network=self,
            seed=seed,
            times=np.arange(samples + 1) * every,
            states=states.view(bool),
        )

    def _start(self, start, seed):
        if start is None:
            random = random_state(seed, _START)
            return np.array([uniform(random) < 0.5 for _ in range(self.n)], np.uint8)
        state = np.asarray(start)
        if state.shape != (self.n,) or not np.isin(state, (0, 1)).all():
            raise ValueError(f"start has shape {state.shape}: must be {self.n} zeros and ones")
        return state.astype(np.uint8)


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """One run of a `GlauberNetwork`; T samples.

    Attributes
    ----------
    network, seed
        What was run.
    times : numpy.ndarray
        Shape (T,).
    states : numpy.ndarray
        Shape (T, n), bool.

    """

    network: GlauberNetwork
    seed: int
    times: np.ndarray
    states: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Populations:
    """Populations of identical units, each coupled to all: J_ij = weights[a, b] / size[b].

    Parameters
    ----------
    weights : array_like
        Shape (p, p): what population b adds to the field of population a when all of b is 1.
    drive : array_like
        Shape (p,): constant field.
    size : int or array_like
        Units in each population.
    temperature : float
        Above 0.
    tau : float or array_like
        Mean time between updates of a unit, shape (p,), or one for all.

    Raises
    ------
    ValueError
        If a shape does not fit or a value is out of bounds.

    Examples
    --------
    >>> pair = Populations([[2, -3], [3, -2]], drive=[0.2, -0.4], size=50, temperature=0.5)
    >>> pair.network().n
    100

    """

    weights: np.ndarray
    drive: np.ndarray
    size: np.ndarray
    temperature: float = 1.0
    tau: np.ndarray = 1.0

    def __post_init__(self):
        weights = _numbers("weights", self.weights)
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
            raise ValueError(f"weights has shape {weights.shape}: must be square")
        vectors = {name: _numbers(name, getattr(self, name)) for name in ("drive", "size", "tau")}
        for name, values in vectors.items():
            if values.shape not in ((), (len(weights),)):
                raise ValueError(
                    f"{name} has shape {values.shape}: must be one number or {len(weights)}"
                )
            vectors[name] = np.broadcast_to(values, (len(weights),))
        checked("tau", float(vectors["tau"].min()), above=0)
        for size in vectors["size"]:
            checked("size", float(size), at_least=2)
        vectors["size"] = vectors["size"].astype(int)
        temperature = checked("temperature", self.temperature, above=0)
        fields = {"weights": weights, "temperature": temperature} | vectors
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def network(self):
        """Return the `GlauberNetwork` of all units; none is coupled to itself."""
        of = np.repeat(np.arange(len(self.size)), self.size)
        coupling = (self.weights / self.size)[np.ix_(of, of)]
        np.fill_diagonal(coupling, 0)
        return GlauberNetwork(coupling, -self.drive[of], self.temperature, self.tau[of])

    def means(self, states):
        """Average states of shape (..., n) over each population: shape (..., p)."""
        first = np.concatenate([[0], np.cumsum(self.size)[:-1]])
        return np.add.reduceat(states, first, axis=-1, dtype=float) / self.size

    def pair_covariance(self, states, lag=0):
        """Estimate the covariance of two different units, averaged over pairs.

        Parameters
        ----------
        states : numpy.ndarray
            Shape (T, n), as recorded by `network().simulate`.
        lag : int
            Samples between the two.

        Returns
        -------
        numpy.ndarray
            Shape (p, p): row the later unit's population, column the earlier one's.

        """
        mean, count = states.mean(axis=0), len(states) - lag
        products = (states[lag:] & states[:count]).mean(axis=0) - mean**2
        means = self.means(states) - self.means(mean)
        covariance = means[lag:].T @ means[:count] / count
        return without_self(covariance, self.means(products), self.size)


def without_self(covariance, own, size):
    """Return the covariance of pairs of different units, shape (..., p, p).

    From that of population means, which contains each unit's own, `own` of shape (..., p).
    """
    places = np.arange(len(size))
    pairs = covariance.copy()
    mean = covariance[..., places, places]
    pairs[..., places, places] = (size * mean - own) / (size - 1)
    return pairs


def _numbers(name, values):
    values = np.array(values, float)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} = {values}: must be finite numbers")
    return values


@kernel(inline="always")
def _limit(chance, tie, heat):
    """Return what a field must exceed for an update to end in 1 (heat bath, from one chance)."""
    if heat == 0.0:
        return -tie - 1.0 if chance < 0.5 else tie
    return heat * logit(chance)


@kernel(inline="always")
def _flip(unit, state, field, effect):
    added = effect[unit]
    if state[unit]:
        for target in range(field.size):
            field[target] -= added[target]
    else:
        for target in range(field.size):
            field[target] += added[target]
    state[unit] = 1 - state[unit]


@kernel
def record(
    counts, states, state, field, effect, share, tie, heat, random, picked, limits
):  # fmt: skip
    """Update units one at a time, and write the state after each of `counts` attempts.

    Order and noise do not depend on the state, so they are drawn many at a time: the processor
    then has other work while it waits for a row of couplings. `picked` and `limits` (BATCH,) are
    work space.
    """
    for sample in range(counts.size):
        for first in range(0, counts[sample], BATCH):
            size = min(BATCH, counts[sample] - first)
            for place in range(size):
                unit = below(random, state.size)
                skipped = share[unit] < 1.0 and uniform(random) >= share[unit]
                picked[place] = -1 if skipped else unit
                limits[place] = 0.0 if skipped else uniform(random)
            for place in range(size):
                limits[place] = _limit(limits[place], tie, heat)
            for place in range(size):
                unit = picked[place]
                if unit >= 0 and (field[unit] > limits[place]) != (state[unit] != 0):
                    _flip(unit, state, field, effect)
        for unit in range(state.size):
            states[sample, unit] = state[unit]


@kernel
def _record_together(counts, states, state, field, effect, tie, heat, random):
    """Update all units from one set of fields, `counts` times before each sample."""
    for sample in range(counts.size):
        row = states[sample]
        for _step in range(counts[sample]):
            for unit in range(state.size):
                row[unit] = field[unit] > _limit(uniform(random), tie, heat)
            for unit in range(state.size):
                if row[unit] != state[unit]:
                    _flip(unit, state, field, effect)
        for unit in range(state.size):
            row[unit] = state[unit]
