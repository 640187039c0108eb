"""The balanced network of binary neurons: random, sparse, strong connections.

C. van Vreeswijk and H. Sompolinsky, Science 274:1724 (1996); Neural Comput. 10:1321 (1998).
A neuron of population k is active (1) after an update if its input exceeds its threshold:
u = sum_l J_kl n_l / sqrt(K) + E_k sqrt(K) m_0 - theta_k > 0, with n_l its active inputs from l,
J_EE = J_IE = 1, J_EI = -j_e, J_II = -j_i; at u = 0 it is silent. Neurons are updated one at a
time in random order. Time is in units of tau_E = 1; everything else is dimensionless.
"""

import dataclasses
import math

import numpy as np
import psutil

from balcourse.models import _binary_kernels as kernels
from balcourse.models import _binary_rows as rows
from balcourse.models.random import below, random_state
from balcourse.parameters import checked

_WIRING, _THRESHOLDS, _START, _UPDATES, _FLIPS, _OTHER_ORDER = range(6)
_TIE = 1e-9  # an input this near to the threshold is equal to it, whatever rounding says
_PACKED_FROM = 32  # copies from which packed replicas are faster than single runs
_ROWS_FROM = 400  # connections from which rows of bits are faster than lists of targets,
_ROWS_DENSITY = 1 / 40  # if more than this part of all pairs is connected,
_ROWS_BYTES = 1e9  # and the rows do not need more than this


@dataclasses.dataclass(frozen=True)
class BalancedNetwork:
    """Parameters of a balanced network; the defaults are the classic ones.

    Parameters
    ----------
    n_e, n_i : int
        Excitatory and inhibitory neurons.
    k : int
        Mean number of connections that a neuron receives from each population.
    j_e, j_i : float
        Strength of inhibition onto E and onto I; excitation has strength 1.
    external_e, external_i : float
        Strength of the external input to E and I (E and I in the papers).
    theta_e, theta_i : float
        Mean thresholds.
    tau_i : float
        Mean interval between updates of an inhibitory neuron; tau_E is 1.
    m_0 : float
        Rate of the external neurons, 0 to 1.
    n_0 : int
        External neurons, each active with probability `m_0`, drawn afresh once per unit time on
        average, and `k` of them connected to each neuron. With 0, external input is constant.
    fixed_in_degree : bool
        Whether each neuron has exactly `k` inputs from each population, not `k` on average.
    threshold_spread : float
        Thresholds are uniform on an interval of this width around their mean.
    temperature : float
        Glauber dynamics: active with probability 1 / (1 + exp(-u / temperature)).
    parallel : bool
        Whether all neurons are updated at once, every unit of time (`tau_i` is then unused).

    Raises
    ------
    ValueError
        If a parameter is not finite or out of bounds, for example `k` above a population's size.

    Examples
    --------
    >>> network = BalancedNetwork(n_e=1000, n_i=1000, k=100, m_0=0.2)
    >>> run = network.simulate(20, seed=1)
    >>> bool(0.05 < run.activity_e[-50:].mean() < 0.2)
    True

    """

    n_e: int = 10_000
    n_i: int = 10_000
    k: int = 1_000
    j_e: float = 2.0
    j_i: float = 1.8
    external_e: float = 1.0
    external_i: float = 0.8
    theta_e: float = 1.0
    theta_i: float = 0.7
    tau_i: float = 0.9
    m_0: float = 0.1
    n_0: int = 0
    fixed_in_degree: bool = False
    threshold_spread: float = 0.0
    temperature: float = 0.0
    parallel: bool = False

    def __post_init__(self):
        bounds = {
            "n_e": {"integer": True, "at_least": 1},
            "n_i": {"integer": True, "at_least": 1},
            "n_0": {"integer": True, "at_least": 0},
            "theta_e": {},
            "theta_i": {},
            "tau_i": {"above": 0},
            "m_0": {"at_least": 0, "at_most": 1},
        }
        weights = ("j_e", "j_i", "external_e", "external_i", "threshold_spread", "temperature")
        for name, limits in (bounds | {weight: {"at_least": 0} for weight in weights}).items():
            object.__setattr__(self, name, checked(name, getattr(self, name), **limits))
        smallest = min(size for size in (self.n_e, self.n_i, self.n_0 or self.n_e))
        k = checked("k", self.k, integer=True, at_least=1, at_most=smallest)
        object.__setattr__(self, "k", k)

    def simulate(
        self,
        duration,
        *,
        every=None,
        warmup=0.0,
        m_0=None,
        start=None,
        traced=(),
        states=False,
        seed=0,
    ):
        """Run one network.

        Parameters
        ----------
        duration : float
            Length of the recording, in tau_E.
        every : float, optional
            Sampling interval, 0.1 by default (1 when `parallel`, always whole then).
        warmup : float
            Time run before the recording.
        m_0 : callable or array_like, optional
            External rate in place of the constant one: a function of time (negative in the
            warm-up), or one value for each sampling interval. It is held over an interval.
        start : array_like of bool, optional
            State of the E and I neurons at first, shape (n_e + n_i,); by default each is active
            with probability `m_0`.
        traced : sequence of int
            Neurons whose input is recorded; the inhibitory ones come after the excitatory.
        states : bool
            Whether to keep the state of every neuron at every sample.
        seed : int
            Decides the connections, thresholds, first state and order of updates.

        Returns
        -------
        Activity

        Raises
        ------
        ValueError
            If an argument is out of bounds.
        MemoryError
            If the network needs more memory than there is; the message says how much.

        Examples
        --------
        >>> network = BalancedNetwork(n_e=500, n_i=500, k=50)
        >>> network.simulate(2, every=0.5).times
        array([0. , 0.5, 1. , 1.5, 2. ])

        """
        every, samples = self._sampling(duration, every)
        drive = self._external_rate(m_0, every, samples)
        traced = np.array([
            checked("traced", one, integer=True, at_least=0, below=self.n_e + self.n_i)
            for one in traced
        ], np.int64)  # fmt: skip
        run = _Run(self, _Graph(self, seed), seed)
        run.begin(start)
        run.warm_up(warmup, every, drive)
        n_inputs = self.n_e + self.n_i
        active = np.zeros((samples + 1, 2), np.int64)
        inputs = np.zeros((samples + 1, 3, traced.size))
        kept = np.zeros((samples + 1 if states else 0, n_inputs), bool)
        used = np.array([drive(sample * every) for sample in range(samples + 1)])
        run.busy[:] = -run.now * run.state.astype(np.int64)
        origin = run.now
        for sample in range(samples + 1):
            if sample:
                run.advance(origin + self._updates(sample * every) - run.now, used[sample - 1])
            active[sample] = run.active[:2]
            inputs[sample] = run.counts[:, traced]
            if states:
                kept[sample] = run.state[:n_inputs]
        busy = run.busy + run.now * run.state.astype(np.int64)
        local = busy[:n_inputs] / max(run.now - origin, 1)
        side = (traced >= self.n_e).astype(int)
        coupling = self._coupling[side].T / math.sqrt(self.k)
        constant = np.array([self._drive(value) for value in used])[:, side] / math.sqrt(self.k)
        return Activity(
            network=self,
            seed=seed,
            times=np.arange(samples + 1) * every,
            m_0=used,
            activity_e=active[:, 0] / self.n_e,
            activity_i=active[:, 1] / self.n_i,
            rates_e=local[: self.n_e],
            rates_i=local[self.n_e :],
            excitation=coupling[0] * inputs[:, 0] + coupling[2] * inputs[:, 2] + constant,
            inhibition=coupling[1] * inputs[:, 1],
            thresholds=run.graph.thresholds[traced],
            states=kept if states else None,
        )

    def damage(
        self,
        duration,
        *,
        flips=1,
        copies=1,
        every=None,
        warmup=10.0,
        m_0=None,
        same_order=True,
        seed=0,
    ):
        """Follow copies of one network that differ from it, at first, in a few neurons.

        All have the same connections, thresholds, external neurons and thermal noise, and are
        updated in the same order, so that a difference lives by the dynamics alone. From 32
        copies on they run as bits of words, 1,023 beside the original; the result is the same.

        Parameters
        ----------
        duration : float
            Time followed, in tau_E.
        flips : int
            Neurons, drawn for each copy, whose state is changed at time 0.
        copies : int
            Number of changed copies.
        every, m_0, seed
            As in `simulate`.
        warmup : float
            Time run before the change.
        same_order : bool
            With False, each copy draws its own order of updates.

        Returns
        -------
        Damage

        Raises
        ------
        ValueError, MemoryError
            As in `simulate`.

        Examples
        --------
        >>> network = BalancedNetwork(n_e=500, n_i=500, k=50, m_0=0.2)
        >>> spread = network.damage(3, copies=2, every=1.0, seed=1)
        >>> spread.distance_e.shape
        (2, 4)

        """
        every, samples = self._sampling(duration, every)
        drive = self._external_rate(m_0, every, samples)
        copies = checked("copies", copies, integer=True, at_least=1)
        n_inputs = self.n_e + self.n_i
        flips = checked("flips", flips, integer=True, at_least=1, at_most=n_inputs)
        packed = same_order and not self.parallel and copies >= _PACKED_FROM
        graph = _Graph(self, seed, packed=packed)
        original = _Run(self, graph, seed)
        original.begin(None)
        original.warm_up(warmup, every, drive)
        random = random_state(seed, _FLIPS)
        changed = [_distinct(random, n_inputs, flips) for _ in range(copies)]
        distance = np.zeros((2, copies, samples + 1))
        batch = 64 * kernels.WIDTH - 1 if packed else copies
        for first in range(0, copies, batch):
            part = slice(first, min(first + batch, copies))
            group = (_Packed if packed else _Singles)(original, changed[part])
            if not same_order:
                group.draw_orders(seed)
            for sample in range(samples + 1):
                if sample:
                    start, stop = self._updates((sample - 1) * every), self._updates(sample * every)
                    group.advance(stop - start, drive((sample - 1) * every))
                distance[:, part, sample] = group.differing()
        return Damage(
            network=self,
            seed=seed,
            times=np.arange(samples + 1) * every,
            distance_e=distance[0] / self.n_e,
            distance_i=distance[1] / self.n_i,
        )

    @property
    def _coupling(self):
        external = (self.external_e, self.external_i) if self.n_0 else (0.0, 0.0)
        return np.array([[1.0, -self.j_e, external[0]], [1.0, -self.j_i, external[1]]])

    def _drive(self, m_0):
        """Return the constant external input to E and I in units of 1/sqrt(K), shape (2,)."""
        size = 0.0 if self.n_0 else self.k * m_0
        return size * np.array([self.external_e, self.external_i])

    def _updates(self, time):
        """Return the number of updates in `time` (sweeps, if all are updated at once)."""
        per_time = 1 if self.parallel else self.n_e + self.n_0 + self.n_i / self.tau_i
        return round(time * per_time)

    def _sampling(self, duration, every):
        whole = {"integer": True} if self.parallel else {}
        default = 1 if self.parallel else 0.1
        every = default if every is None else checked("every", every, "tau_E", above=0, **whole)
        duration = checked("duration", duration, "tau_E", at_least=0)
        return every, int(duration / every + 1e-9)

    def _external_rate(self, m_0, every, samples):
        """Return the external rate as a function of time, checked on every call."""
        if m_0 is None:
            return lambda time: self.m_0
        if callable(m_0):
            given = m_0
        else:
            values = np.asarray(m_0, float)
            if values.shape != (samples,):
                raise ValueError(
                    f"m_0 has shape {values.shape}: must be a function of time or "
                    f"one value for each of the {samples} sampling intervals"
                )
            given = lambda time: values[min(max(round(time / every), 0), samples - 1)]  # noqa: E731
        return lambda time: checked("m_0", given(time), at_least=0, at_most=1)


@dataclasses.dataclass(frozen=True)
class Activity:
    """One run of a `BalancedNetwork`; T samples, P traced neurons.

    Attributes
    ----------
    network, seed
        What was run.
    times : numpy.ndarray
        Shape (T,), in tau_E.
    m_0 : numpy.ndarray
        Shape (T,): the external rate from each sample on.
    activity_e, activity_i : numpy.ndarray
        Shape (T,): the fraction of neurons that are active.
    rates_e, rates_i : numpy.ndarray
        Shape (n_e,) and (n_i,): the fraction of the recording that each neuron was active.
    excitation, inhibition : numpy.ndarray
        Shape (T, P): input from E and external neurons, and from I (negative).
    thresholds : numpy.ndarray
        Shape (P,), in the same unit.
    states : numpy.ndarray or None
        Shape (T, n_e + n_i), bool, if asked for.

    """

    network: BalancedNetwork
    seed: int
    times: np.ndarray
    m_0: np.ndarray
    activity_e: np.ndarray
    activity_i: np.ndarray
    rates_e: np.ndarray
    rates_i: np.ndarray
    excitation: np.ndarray
    inhibition: np.ndarray
    thresholds: np.ndarray
    states: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Damage:
    """Distance of changed copies from their original, over T samples.

    Attributes
    ----------
    network, seed
        What was run.
    times : numpy.ndarray
        Shape (T,), in tau_E since the change.
    distance_e, distance_i : numpy.ndarray
        Shape (copies, T): the fraction of neurons whose state differs.

    """

    network: BalancedNetwork
    seed: int
    times: np.ndarray
    distance_e: np.ndarray
    distance_i: np.ndarray


class _Graph:
    """Connections and thresholds of one network, which all its runs share."""

    def __init__(self, network, seed, packed=False):
        self.network = network
        inputs = network.n_e + network.n_i
        self.ends = np.cumsum([0, network.n_e, network.n_i, network.n_0])
        populations = 3 if network.n_0 else 2
        # Ten standard deviations above the mean: a draw that does not fit has no chance to occur.
        mean = populations * inputs * network.k
        places = mean if network.fixed_in_degree else mean + int(10 * math.sqrt(mean)) + 64
        self.index = np.uint16 if inputs <= 1 << 16 else np.uint32
        self.count = np.int16 if 2 * network.k + 1000 < 1 << 15 else np.int32
        item = np.dtype(self.index).itemsize
        need = places * item * (2 if packed else 1)
        need += self.ends[-1] * (40 + (8 * kernels.WIDTH if packed else 0))
        as_rows = self._rows_pay(inputs)
        need += rows.bytes_of(inputs) if as_rows else 0
        free = psutil.virtual_memory().available
        if need > free:
            raise MemoryError(
                f"n_e = {network.n_e}, n_i = {network.n_i}, k = {network.k}: "
                f"needs {need / 1e9:.3g} GB, {free / 1e9:.3g} GB are free"
            )
        self.pointer = np.zeros(self.ends[-1] + 1, np.int64)
        self.targets = np.empty(places, self.index)
        random = random_state(seed, _WIRING)
        drawn = np.empty(512), np.array([512])
        for first, last in zip(
            self.ends[:populations].tolist(), self.ends[1:].tolist(), strict=False
        ):
            if network.fixed_in_degree:
                self._wire_fixed(random, first, last, inputs)
            else:
                self._wire_random(random, first, last, inputs, drawn)
        spread = np.empty(inputs)
        kernels.fill_uniform(random_state(seed, _THRESHOLDS), spread)
        mean_threshold = np.repeat([network.theta_e, network.theta_i], [network.n_e, network.n_i])
        self.thresholds = mean_threshold + network.threshold_spread * (spread - 0.5)
        self.bound = math.sqrt(network.k) * (self.thresholds + _TIE)
        if packed:
            self._turn_round(inputs)
        self.bits = rows.make_rows(inputs, self.pointer, self.targets) if as_rows else None

    def _rows_pay(self, inputs):
        network = self.network
        return (
            not network.parallel
            and network.n_0 == 0
            and network.k >= max(_ROWS_FROM, _ROWS_DENSITY * max(network.n_e, network.n_i))
            and rows.bytes_of(inputs) <= _ROWS_BYTES
        )

    def _wire_random(self, random, first, last, inputs, drawn):
        probability = self.network.k / (last - first)
        mean_gap = -1.0 / math.log1p(-probability) if probability < 1 else 0.0
        graph = self.pointer, self.targets
        if kernels.wire_random(random, first, last, inputs, mean_gap, *drawn, *graph):
            raise RuntimeError("more connections were drawn than places made")

    def _wire_fixed(self, random, first, last, inputs):
        cursor = np.zeros(last, np.int64)
        for fill, state in ((0, random.copy()), (1, random)):
            mark = np.full(last, -1, np.int64)
            kernels.wire_fixed(
                state, first, last, inputs, self.network.k, mark, cursor, self.targets, fill
            )
            if not fill:
                out = self.pointer[first] + np.cumsum(cursor[first:last])
                self.pointer[first + 1 : last + 1] = out
                cursor[first:last] = self.pointer[first:last]

    def _turn_round(self, inputs):
        """Make the list of inputs of each neuron, excitatory first."""
        last = int(self.ends[2])
        used = self.targets[: self.pointer[last]]
        self.in_pointer = np.concatenate([[0], np.cumsum(np.bincount(used, minlength=inputs))])
        self.sources = np.empty(used.size, self.index)
        cursor = self.in_pointer[:-1].copy()
        n_e = self.network.n_e
        kernels.turn_round(self.pointer, self.targets, 0, n_e, cursor, self.sources)
        self.in_middle = cursor.copy()
        kernels.turn_round(self.pointer, self.targets, n_e, last, cursor, self.sources)


class _Run:
    """State of one run: everything that `kernels.advance` changes."""

    def __init__(self, network, graph, seed):
        self.network, self.graph, self.seed = network, graph, seed
        size = int(graph.ends[-1])
        self.random = random_state(seed, _UPDATES)
        self.state = np.zeros(size, np.uint8)
        self.active = np.zeros(3, np.int64)
        self.busy = np.zeros(size, np.int64)
        self.counts = np.zeros((3, size), graph.count)
        self.rows = None if graph.bits is None else rows.make_work(size, graph.bits)
        self.now = 0

    def begin(self, start):
        inputs = self.network.n_e + self.network.n_i
        chance = np.empty(self.state.size)
        kernels.fill_uniform(random_state(self.seed, _START), chance)
        on = (chance < self.network.m_0).astype(np.uint8)
        if start is not None:
            start = np.asarray(start)
            if start.shape != (inputs,) or not np.isin(start, (0, 1)).all():
                raise ValueError(f"start: must be {inputs} values of 0 or 1")
            on[:inputs] = start
        self.flip(np.flatnonzero(on))

    def warm_up(self, duration, every, drive):
        duration = checked("warmup", duration, "tau_E", at_least=0)
        steps = math.ceil(duration / every)
        for step in range(steps):
            stop = self.network._updates(min((step + 1) * every, duration))
            self.advance(stop - self.now, drive((step - steps) * every))

    def flip(self, neurons):
        graph = self.graph
        kernels.flip(
            neurons, self.now, self.state, self.active, self.busy, self.counts, graph.pointer,
            graph.targets, self.network.n_e, self.network.n_i,
        )  # fmt: skip

    def copied(self):
        other = _Run(self.network, self.graph, self.seed)
        for name in ("random", "state", "active", "busy", "counts"):
            setattr(other, name, getattr(self, name).copy())
        other.now = self.now
        return other

    def advance(self, updates, m_0):
        network, graph = self.network, self.graph
        heat = network.temperature * math.sqrt(network.k)
        common = (
            self.state, self.active, self.busy, self.counts, graph.bound, network._drive(m_0),
            network._coupling,
        )  # fmt: skip
        lists = graph.pointer, graph.targets
        sizes = network.n_e, network.n_i
        if self.rows:
            rows.advance(
                updates, self.now, self.random, *common, *sizes, network.tau_i, heat, *self.rows
            )
        elif network.parallel:
            state, *rest = common
            kernels.advance_together(
                updates, self.now, self.random, state, np.empty_like(state), *rest, *lists, *sizes,
                network.n_0, m_0, heat,
            )  # fmt: skip
        else:
            work = np.empty(kernels.BATCH, np.int64), np.empty(kernels.BATCH)
            kernels.advance(
                updates, self.now, self.random, *common, *lists, *sizes, network.n_0,
                network.tau_i, m_0, heat, *work,
            )  # fmt: skip
        self.now += updates


class _Singles:
    """The original and its changed copies, as single runs."""

    def __init__(self, original, changed):
        self.original, *self.copies = (original.copied() for _ in range(len(changed) + 1))
        for copy, neurons in zip(self.copies, changed, strict=True):
            copy.flip(neurons)

    def draw_orders(self, seed):
        """Give each copy an order of updates of its own."""
        for number, copy in enumerate(self.copies):
            copy.random = random_state(seed, _OTHER_ORDER + number)

    def advance(self, updates, m_0):
        for run in (self.original, *self.copies):
            run.advance(updates, m_0)

    def differing(self):
        n_e, n_i = self.original.network.n_e, self.original.network.n_i
        states = np.array([copy.state[: n_e + n_i] for copy in self.copies])
        different = states != self.original.state[: n_e + n_i]
        return np.array([different[:, :n_e].sum(axis=1), different[:, n_e:].sum(axis=1)])


class _Packed:
    """The original (replica 0) and up to 1,023 changed copies, as bits of words."""

    def __init__(self, original, changed):
        graph, network = original.graph, original.network
        inputs = network.n_e + network.n_i
        self.network, self.graph, self.copies = network, graph, len(changed)
        self.random, self.state = original.random.copy(), original.state.copy()
        self.counts = original.counts.copy()
        self.words = np.zeros((inputs + 1, kernels.WIDTH), np.uint64)
        self.words[:-1][original.state[:inputs] != 0] = ~np.uint64(0)
        for replica, neurons in enumerate(changed, 1):
            bit = np.uint64(1) << np.uint64(replica % 64)
            self.words[neurons, replica // 64] ^= bit
        deepest = max(
            (graph.in_middle - graph.in_pointer[:-1]).max(),
            (graph.in_pointer[1:] - graph.in_middle).max(),
        )
        rows = int(deepest) // 7 + 8
        self.work = (
            np.arange(rows),
            np.zeros((rows, kernels.WIDTH), np.uint64),
            np.zeros(16 * kernels.WIDTH, np.uint64),
        )
        self.sums = np.zeros((2, 2, 8 * kernels.WIDTH), np.uint64)

    def advance(self, updates, m_0):
        network, graph = self.network, self.graph
        kernels.advance_packed(
            updates, self.random, self.words, self.words.view(np.uint8), self.state, self.counts,
            graph.bound, network._drive(m_0), network._coupling, graph.pointer, graph.targets,
            graph.in_pointer, graph.in_middle, graph.sources, *self.work, self.sums,
            self.sums.view(np.uint8), network.n_e, network.n_i, network.n_0, network.tau_i, m_0,
            network.temperature * math.sqrt(network.k),
        )  # fmt: skip

    def differing(self):
        first = -(self.words[:-1, :1] & np.uint64(1))
        bytes_ = (self.words[:-1] ^ first).view(np.uint8)
        total = np.zeros((2, 64 * kernels.WIDTH), np.int64)
        for population, part in enumerate((bytes_[: self.network.n_e], bytes_[self.network.n_e :])):
            for start in range(0, len(part), 4096):
                bits = np.unpackbits(part[start : start + 4096], axis=1, bitorder="little")
                total[population] += bits.sum(axis=0, dtype=np.int64)
        return total[:, 1 : self.copies + 1]


def _distinct(random, size, number):
    """Return `number` different integers below `size`."""
    chosen = set()
    while len(chosen) < number:
        chosen.add(below(random, size))
    return np.array(sorted(chosen), np.int64)
