"""A dense balanced network of binary cells, and the currents of a few of them.

Two cells of a dense network share a good part of their sources, so their excitatory currents are
correlated, and so are their inhibitory ones; their sums need not be. Model after A. Renart et al.,
Science 327:587 (2010): a cell is active if its field was at threshold when it was last updated, one
random cell at a time, with weights j / sqrt(k) for k = connection n sources; external cells become
active at random. Time in units of the time constant, fields in units of the threshold.
"""

import dataclasses
import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state, uniform
from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True, eq=False)
class DenseRun:
    """Currents of the first cells of the excitatory population.

    Attributes
    ----------
    model : DenseNetwork
    excitation, inhibition : ndarray, shape (cells, samples)
        Fields from external and excitatory, and (negative) from inhibitory cells, once a time unit.
    activity : ndarray, shape (3, samples)
        Active part of the excitatory, inhibitory and external population.
    """

    model: "DenseNetwork"
    excitation: np.ndarray
    inhibition: np.ndarray
    activity: np.ndarray

    @property
    def total(self):
        """Sum of the two currents, shape (cells, samples)."""
        return self.excitation + self.inhibition


@dataclasses.dataclass(frozen=True)
class DenseNetwork:
    """Three populations of equal size: excitatory, inhibitory, external.

    Attributes
    ----------
    n : int
        Cells in each.
    connection : float
        Probability that one cell projects to another.
    j_ee, j_ie, j_ei, j_ii, j_ex, j_ix : float
        Scaled weights, the target first; `j_ei` and `j_ii` are negative.
    threshold_e, threshold_i : float
    activity_x : float
        Active part of the external cells.

    Examples
    --------
    >>> run = DenseNetwork(n=200).simulate(50, cells=4, seed=1)
    >>> run.total.shape
    (4, 50)
    """

    n: int = 1000
    connection: float = 0.2
    j_ee: float = 1.0
    j_ie: float = 1.0
    j_ei: float = -2.0
    j_ii: float = -1.8
    j_ex: float = 1.0
    j_ix: float = 0.8
    threshold_e: float = 1.0
    threshold_i: float = 0.8
    activity_x: float = 0.2

    def __post_init__(self):
        checked("n", self.n, integer=True, at_least=10)
        checked("connection", self.connection, above=0, at_most=1)
        for name in ("j_ee", "j_ie", "j_ex", "j_ix"):
            checked(name, getattr(self, name), at_least=0)
        for name in ("j_ei", "j_ii"):
            checked(name, getattr(self, name), at_most=0)
        checked("threshold_e", self.threshold_e)
        checked("threshold_i", self.threshold_i)
        checked("activity_x", self.activity_x, at_least=0, at_most=1)

    def simulate(self, duration, *, cells=50, warmup=20, seed):
        """Run the network.

        Parameters
        ----------
        duration : int
            Samples, one a time unit.
        cells : int
            Excitatory cells whose currents are recorded.
        warmup : int
            Time units before the first sample.
        seed : int

        Returns
        -------
        DenseRun
        """
        duration = checked("duration", duration, integer=True, at_least=1)
        warmup = checked("warmup", warmup, integer=True, at_least=0)
        cells = checked("cells", cells, integer=True, at_least=1, at_most=self.n)
        rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
        targets = [
            np.nonzero(row)[0] for row in rng.random((3 * self.n, 2 * self.n)) < self.connection
        ]
        first = np.concatenate([[0], np.cumsum([row.size for row in targets])])
        weights = np.array(
            [[self.j_ee, self.j_ei, self.j_ex], [self.j_ie, self.j_ii, self.j_ix]]
        ) / math.sqrt(self.connection * self.n)
        samples = np.zeros((2, cells, duration))
        activity = np.zeros((3, duration))
        _dense_steps(
            samples, activity, np.zeros(3 * self.n, np.bool_),
            np.zeros((2 * self.n, 3), np.int64), first, np.concatenate(targets), weights,
            np.array([self.threshold_e, self.threshold_i]), self.activity_x, warmup,
            random_state(seed),
        )  # fmt: skip
        return DenseRun(self, *samples, activity / self.n)


@kernel
def _dense_steps(
    samples,
    activity,
    active,
    counts,
    first,
    targets,
    weights,
    thresholds,
    activity_x,
    warmup,
    state,
):
    """Update 3 n random cells a time unit (reference: tests/naive/evidence.py).

    `counts` holds each cell's active sources of the three kinds as integers, so nothing drifts.
    """
    n = active.size // 3
    for unit in range(warmup + activity.shape[1]):
        for _ in range(active.size):
            cell = below(state, active.size)
            if cell >= 2 * n:
                becomes = uniform(state) < activity_x
            else:
                kind = cell // n
                field = 0.0
                for source in range(3):
                    field += weights[kind, source] * counts[cell, source]
                becomes = field >= thresholds[kind]
            if becomes != active[cell]:
                active[cell] = becomes
                change = 1 if becomes else -1
                for synapse in range(first[cell], first[cell + 1]):
                    counts[targets[synapse], cell // n] += change
        sample = unit - warmup
        if sample >= 0:
            for cell in range(samples.shape[1]):
                samples[0, cell, sample] = (
                    weights[0, 0] * counts[cell, 0] + weights[0, 2] * counts[cell, 2]
                )
                samples[1, cell, sample] = weights[0, 1] * counts[cell, 1]
            for cell in range(active.size):
                if active[cell]:
                    activity[cell // n, sample] += 1
