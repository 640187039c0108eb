"""Brunel's sparse network of leaky integrate-and-fire neurons, at full size.

N. Brunel, J. Comput. Neurosci. 8:183 (2000): tau dV/dt = -V between spikes; a spike from an
excitatory (inhibitory) source lifts V by j (lowers it by g j) after the delay; V at the threshold
is a spike, after which V is held at reset for the refractory period and input is lost. Every
neuron also receives c_e independent Poisson trains. Times in ms, potentials in mV, rates in Hz.

Time runs on a grid, on which the decay is exact. A spike of step k, at time k dt, moves its
targets at step k + delay / dt, and they can fire in that step: the round trip is the delay.
"""

import contextlib
import dataclasses
import math
import os
import sys
import threading
import warnings

import numba
import numpy as np
import psutil
from tqdm.auto import tqdm

from balcourse.models import windows
from balcourse.models.bitrows import BLOCK, TILE, own_pages
from balcourse.models.poisson import ladders, lane_states
from balcourse.models.random import random_state
from balcourse.models.wiring import FourToOne, wired
from balcourse.parameters import checked

# Streams of random numbers: those of the graph are multiples of four (`wiring`).
EXTERNAL, RARE, START = 1, 2, 3
_LARGEST_COUNT = np.iinfo(np.uint16).max
_MOST_STEPS = 1 << 24
_PLACES_A_CALL = 25_000_000  # less than half a second, after which Ctrl-C is heard


@dataclasses.dataclass(frozen=True)
class BrunelNetwork(FourToOne):
    """Excitatory and inhibitory neurons with random connections of fixed in-degree.

    Parameters
    ----------
    n : int
        Neurons; four fifths are excitatory.
    epsilon : float
        Fraction of each population that projects to a neuron: c_e = epsilon n_e different
        excitatory and c_i = epsilon n_i different inhibitory sources, never the neuron itself.
    g : float or (float, float)
        Strength of an inhibitory synapse relative to an excitatory one.
    external_ratio : float or (float, float)
        Rate of each of the c_e external trains, in units of the rate `threshold_rate` whose mean
        input reaches the threshold.
    j : float or (float, float)
        Jump in potential per excitatory spike, recurrent or external (mV).
    delay : float or tuple of float
        Transmission delay (ms); of several, each is equally likely at every synapse.
    tau : float or (float, float)
        Membrane time constant (ms).
    threshold, reset : float
        Potential at which a neuron fires, and to which it returns (mV); rest is 0.
    refractory : float
        Time for which a neuron that fired is held at `reset` (ms).

    A pair gives the values of excitatory and of inhibitory neurons, as the receiving side (model B
    of the paper).

    Raises
    ------
    ValueError
        If a parameter is out of range; the message names it.

    Examples
    --------
    >>> network = BrunelNetwork(g=5, external_ratio=2)
    >>> network.n_e, network.c_i, network.threshold_rate
    (10000, 250, 10.0)
    >>> small = BrunelNetwork(n=1_250, j=1.0)
    >>> run = small.simulate(100, seed=1)
    >>> run.times.shape == run.senders.shape
    True
    """

    n: int = 12_500
    epsilon: float = 0.1
    g: float | tuple = 5.0
    external_ratio: float | tuple = 2.0
    j: float | tuple = 0.1
    delay: float | tuple = 1.5
    tau: float | tuple = 20.0
    threshold: float = 20.0
    reset: float = 10.0
    refractory: float = 2.0

    def __post_init__(self):
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("n", checked("n", self.n, "neurons", integer=True, at_least=10, at_most=2**31 - 1))
        put("epsilon", checked("epsilon", self.epsilon, above=0, at_most=1))
        put("threshold", checked("threshold", self.threshold, "mV"))
        put("reset", checked("reset", self.reset, "mV", below=self.threshold))
        put("refractory", checked("refractory", self.refractory, "ms", at_least=0, at_most=1e4))
        put("g", _for_populations("g", self.g, at_least=0))
        put("external_ratio", _for_populations("external_ratio", self.external_ratio, at_least=0))
        put("j", _for_populations("j", self.j, "mV", above=0))
        put("tau", _for_populations("tau", self.tau, "ms", above=0))
        delays = self.delay if isinstance(self.delay, tuple | list) else (self.delay,)
        delays = tuple(checked("delay", delay, "ms", above=0, at_most=1e4) for delay in delays)
        put("delay", delays if len(delays) > 1 else delays[0])
        for name, in_degree, size in (("c_e", self.c_e, self.n_e), ("c_i", self.c_i, self.n_i)):
            if not 1 <= in_degree <= size - 1:
                raise ValueError(
                    f"epsilon = {self.epsilon!r} with n = {self.n} gives {name} = {in_degree}: must"
                    f" be at least 1 and at most {size - 1}, the other neurons of the population"
                )

    @property
    def threshold_rate(self):
        """Rate of each external train whose mean input is the threshold (Hz); a pair if it must."""
        return _apart(lambda j, tau: 1000 * self.threshold / (self.c_e * j * tau), self.j, self.tau)

    @property
    def external_rate(self):
        """Rate of each external train (Hz); a pair if the populations differ."""
        return _apart(lambda ratio, rate: ratio * rate, self.external_ratio, self.threshold_rate)

    def simulate(
        self,
        duration,
        *,
        dt=0.1,
        warmup=0.0,
        modulation=None,
        traced=(),
        keep_spikes=True,
        threads=1,
        progress=True,
        seed=0,
    ):
        """Simulate the network; the graph, the start and the input are drawn from `seed`.

        Potentials start at random between reset and threshold, without spikes on the way.

        Parameters
        ----------
        duration : float
            Recorded time (ms).
        dt : float
            Step (ms); delays and refractory period must be whole numbers of steps.
        warmup : float
            Time simulated before recording (ms).
        modulation : callable, optional
            Takes times (ms; 0 is the end of the warm-up), shape (steps,); returns the factors on
            the external rate, shape (steps,), or (2, steps) for the two populations.
        traced : sequence of int
            Neurons whose membrane potential is recorded at every step.
        keep_spikes : bool
            Whether to keep senders; without, only the population counts are kept.
        threads : int
            Threads; the spikes are the same for any number.
        progress : bool
            Whether to show a bar once the run has lasted two seconds.
        seed : int
            Seed of everything random.

        Returns
        -------
        LifRun
            What was recorded; after Ctrl-C what there was, with ``cut_short`` true.

        Raises
        ------
        ValueError
            If a parameter is out of range, a count could overflow or memory does not suffice.
        """
        run = Simulation(
            self,
            dt=dt,
            warmup=warmup,
            modulation=modulation,
            traced=traced,
            keep_spikes=keep_spikes,
            threads=threads,
            seed=seed,
        )
        steps = _steps("duration", duration, dt)
        pieces = []
        cut_short = False
        with tqdm(total=steps, unit="step", delay=2, leave=False, disable=not progress) as bar:
            try:
                run.warm_up()
                while steps > 0:
                    pieces.append(run.advance(steps))
                    steps -= len(pieces[-1].counts)
                    bar.update(len(pieces[-1].counts))
            except KeyboardInterrupt:
                if not pieces:
                    raise
                cut_short = True
                warnings.warn("interrupted: the run is cut short", stacklevel=2)
        return _joined(pieces, cut_short)

    def stream(self, duration, *, piece=1000.0, **options):
        """Simulate, and hand over the run in pieces, so that memory holds only one.

        Parameters
        ----------
        duration : float
            Recorded time (ms).
        piece : float
            Length of a piece (ms).
        **options
            As in `simulate`, without `progress`.

        Yields
        ------
        LifRun
            Each with times from its own beginning.

        Examples
        --------
        >>> network = BrunelNetwork(n=1_250, j=1.0)
        >>> sum(len(part.senders) for part in network.stream(100, piece=50, seed=1)) == len(
        ...     network.simulate(100, seed=1).senders
        ... )
        True
        """
        run = Simulation(self, **options)
        steps = _steps("duration", duration, run.dt)
        piece_steps = _steps("piece", piece, run.dt)
        run.warm_up()
        while steps > 0:
            pieces = []
            missing = min(piece_steps, steps)
            steps -= missing
            while missing > 0:
                pieces.append(run.advance(missing))
                missing -= len(pieces[-1].counts)
            yield _joined(pieces, False)


@dataclasses.dataclass(frozen=True, eq=False)
class LifRun:
    """What a simulation of a `BrunelNetwork` recorded.

    Attributes
    ----------
    network : BrunelNetwork
        What was simulated.
    duration, dt : float
        Recorded time and step (ms).
    senders : numpy.ndarray
        Neuron of each spike, in the order of time, and within a step of neurons (excitatory
        first): uint16 for up to 65,536 neurons, otherwise uint32.
    counts : numpy.ndarray
        Shape (steps, 2), int32: how many excitatory and inhibitory neurons fired in each step.
    traced : tuple of int
        Neurons whose potential was recorded.
    potentials : numpy.ndarray
        Shape (steps, neurons), float32, mV: the potential at the end of each step.
    cut_short : bool
        Whether Ctrl-C ended the run.
    """

    network: BrunelNetwork
    duration: float
    dt: float
    senders: np.ndarray
    counts: np.ndarray
    traced: tuple
    potentials: np.ndarray
    cut_short: bool = False

    @property
    def grid(self):
        """End of each step (ms), shape (steps,)."""
        return np.arange(1, len(self.counts) + 1) * self.dt

    @property
    def times(self):
        """Time of each spike (ms), from the end of the warm-up; made from `counts` at each call."""
        if len(self.senders) != self.counts.sum():
            raise ValueError("spikes were not kept: simulate with keep_spikes=True")
        return np.repeat(self.grid, self.counts.sum(axis=1))

    def to_neo(self, neurons=None):
        """Return a `neo.Segment` with a spike train for each neuron (needs the package neo).

        Parameters
        ----------
        neurons : sequence of int, optional
            Which neurons; all by default.
        """
        import neo

        segment = neo.Segment(name="BrunelNetwork")
        times, order = self.times, np.argsort(self.senders, kind="stable")
        chosen = range(self.network.n) if neurons is None else neurons
        begins = np.searchsorted(self.senders[order], chosen, side="left")
        ends = np.searchsorted(self.senders[order], chosen, side="right")
        for neuron, begin, end in zip(chosen, begins, ends, strict=True):
            train = times[order[begin:end]]
            segment.spiketrains.append(
                neo.SpikeTrain(train, units="ms", t_stop=self.duration, neuron=int(neuron))
            )
        return segment


class Simulation:
    """A run in progress: the arrays of `balcourse.models.windows`, made and advanced.

    Parameters are those of `BrunelNetwork.simulate`.
    """

    def __init__(
        self,
        network,
        *,
        dt=0.1,
        warmup=0.0,
        modulation=None,
        traced=(),
        keep_spikes=True,
        threads=1,
        seed=0,
    ):
        self.network = network
        self.dt = checked("dt", dt, "ms", above=0)
        self.modulation = modulation
        self.keep_spikes = keep_spikes
        self.threads = checked("threads", threads, integer=True, at_least=1, at_most=1024)
        checked("seed", seed, integer=True, at_least=0, at_most=2**63 - 1)
        checked("warmup", warmup, "ms", at_least=0)
        self.step = -_steps("warmup", warmup, dt) if warmup > 0 else 0
        delays = network.delay if isinstance(network.delay, tuple) else (network.delay,)
        delays = np.array([_steps("delay", delay, dt) for delay in delays])
        refractory = _steps("refractory", network.refractory, dt) if network.refractory else 0
        self.traced = tuple(
            checked("traced", neuron, integer=True, at_least=0, below=network.n)
            for neuron in traced
        )
        self.chunk = max(int(delays.min()), _PLACES_A_CALL // (network.n + BLOCK))
        self._check_sizes(delays, refractory)
        self.graph = self._make_graph(delays, seed)
        self.cells = self._make_cells()
        self.state = self._make_state(refractory, seed)
        if modulation is None:
            self.constant_drive = _drive(np.repeat(self.means(np.ones(1)), self.chunk, axis=1))
        self.work = windows.make_work(self.graph, refractory)
        history = int(delays.max())
        volleys = -(-self.chunk // (refractory + 1)) + -(-history // (refractory + 1))
        self.spikes = windows.Spikes(
            np.empty(network.n * volleys, np.uint32),
            np.zeros(2 * (history + self.chunk) + 1, np.int64),
            history,
        )

    def warm_up(self):
        """Run up to time 0, which is where recording begins."""
        while self.step < 0:
            self.advance(-self.step)

    def advance(self, steps):
        """Run at most `steps` steps and return what they recorded."""
        steps = min(steps, self.chunk)
        traces = windows.Traces(
            *np.divmod(self._slots(np.array(self.traced, np.int64)), BLOCK),
            np.empty((steps, len(self.traced)), np.float32),
        )
        drive = self._make_drive(steps)
        run = windows.advance if self.graph.parts == 1 else windows.advance_on_threads
        arrays = (self.graph, self.cells, drive, self.state, self.spikes, traces, self.work)
        with _compiling(run), _threads(self.graph.parts):
            run(steps, *arrays)
        piece = self._record(steps, traces)
        self._keep_history(steps)
        self.step += steps
        return piece

    def _record(self, steps, traces):
        senders, bounds, history = self.spikes
        kept = senders[bounds[2 * history] : bounds[2 * (history + steps)]]
        kind = np.uint16 if self.network.n <= 65_536 else np.uint32
        counts = np.diff(bounds[2 * history : 2 * (history + steps) + 1]).astype(np.int32)
        return LifRun(
            network=self.network,
            duration=steps * self.dt,
            dt=self.dt,
            senders=(kept if self.keep_spikes else kept[:0]).astype(kind),
            counts=counts.reshape(-1, 2),
            traced=self.traced,
            potentials=traces.potentials,
        )

    def _keep_history(self, steps):
        """Move the spikes still under way to the front; count steps from there."""
        senders, bounds, history = self.spikes
        recent = bounds[2 * steps : 2 * (steps + history) + 1].copy()
        under_way = senders[recent[0] : recent[-1]].copy()
        senders[: len(under_way)] = under_way
        bounds[: 2 * history + 1] = recent - recent[0]

    def _slots(self, neurons):
        """Number the places of all blocks in a row; return those of the neurons."""
        inhibitory = neurons >= self.network.n_e
        return neurons + inhibitory * (-self.network.n_e % BLOCK)

    def _check_sizes(self, delays, refractory):
        network = self.network
        for population, mean in zip("EI", self.means(1.0), strict=True):
            if mean > 10_000 or network.c_e + mean + 12 * math.sqrt(mean) + 40 > _LARGEST_COUNT:
                raise ValueError(
                    f"external_ratio = {network.external_ratio} with dt = {self.dt} ms: {mean:g}"
                    f" external spikes a step on population {population}; must be at most 10000,"
                    f" and with c_e = {network.c_e} recurrent ones fit a counter of 16 bits"
                )
        if self.chunk + refractory > _MOST_STEPS:
            raise ValueError(
                f"dt = {self.dt} ms: delay and refractory period have"
                f" {self.chunk + refractory} steps; must be at most {_MOST_STEPS}"
            )
        if network.c_i > _LARGEST_COUNT:
            raise ValueError(f"epsilon = {network.epsilon}: c_i = {network.c_i} overflows 16 bits")
        self.as_bits = network.epsilon >= 0.01 * len(delays)
        synapses = network.n * (network.c_e + network.c_i)
        bits = network.n**2 * len(delays) // 8
        volleys = -(-(self.chunk + delays.max()) // (refractory + 1))
        need = (bits if self.as_bits else 2 * synapses) + network.n * (200 + 4 * int(volleys))
        need += 2 * refractory * network.n // BLOCK
        have = psutil.virtual_memory().available
        if need > have:
            raise ValueError(
                f"n = {network.n} neurons with epsilon = {network.epsilon}: needs"
                f" {need / 1e9:.1f} GB of memory, must be at most the {have / 1e9:.1f} GB available"
            )

    def _make_graph(self, delays, seed):
        network = self.network
        sizes = (network.n_e, network.n_i, network.c_e, network.c_i)
        with _compiling(wired):
            wiring = wired(*sizes, len(delays), self.as_bits, seed)
        blocks = len(wiring.firsts)
        return windows.Graph(
            rows=wiring.rows,
            targets=wiring.targets,
            starts=wiring.starts,
            firsts=wiring.firsts,
            sizes=wiring.sizes,
            n=network.n,
            blocks_e=-(-network.n_e // BLOCK),
            as_bits=self.as_bits,
            tile=min(TILE, -(-blocks // self.threads)) if self.as_bits else wiring.tile,
            parts=min(self.threads, blocks),
            delays=delays,
            window=int(delays.min()),
            in_degrees=np.array([network.c_e, network.c_i]),
        )

    def _make_cells(self):
        network = self.network
        tau, j, g = (np.array(_pair(value)) for value in (network.tau, network.j, network.g))
        return windows.Cells(
            decay=np.exp(-self.dt / tau).astype(np.float32),
            weight_e=j.astype(np.float32),
            weight_i=(g * j).astype(np.float32),
            reset=np.full(2, network.reset, np.float32),
            threshold=np.full(2, network.threshold, np.float32),
        )

    def _make_state(self, refractory, seed):
        network, blocks = self.network, len(self.graph.firsts)
        start = np.random.Generator(np.random.PCG64([seed, START])).random(network.n)
        potentials = own_pages(blocks, BLOCK // 2).view(np.float32)
        volleys = own_pages(blocks, refractory // 4 + 1).view(np.uint16)
        below = np.nextafter(np.float32(network.threshold), np.float32(-np.inf))
        spread = network.threshold - network.reset
        potentials[:] = -np.inf
        potentials.ravel()[self._slots(np.arange(network.n))] = np.minimum(
            (network.reset + spread * start).astype(np.float32), below
        )
        return windows.State(
            potentials=potentials,
            asleep=own_pages(blocks, BLOCK // 4).view(np.uint16),
            volleys=volleys[:, : refractory + 1],
            marks=own_pages(blocks, 3).view(np.int64),
            lanes=lane_states(seed, EXTERNAL, blocks),
            rare=np.array([random_state(seed, stream=RARE + 4 * b) for b in range(blocks)]),
        )

    def means(self, factors):
        """Return the mean external spikes a step, for each population and factor."""
        rates = np.array(_pair(self.network.external_rate))
        return np.multiply.outer(rates * self.network.c_e * self.dt / 1000, factors)

    def _make_drive(self, steps):
        if self.modulation is None:
            return self.constant_drive
        times = (self.step + np.arange(steps)) * self.dt
        factors = np.asarray(self.modulation(times), float)
        if factors.shape not in ((steps,), (2, steps)) or not (factors >= 0).all():
            raise ValueError(
                f"modulation gives shape {factors.shape}: must be ({steps},) or (2, {steps}),"
                " finite numbers of at least 0"
            )
        return _drive(self.means(np.ones(1)) * factors)


def _drive(means):
    """Make the tables for the mean external spikes of each step, shape (2, steps)."""
    tables, which = np.unique(means, return_inverse=True)
    return windows.Drive(*ladders(tables), which.reshape(means.shape).T.copy())


def _joined(pieces, cut_short):
    """Join the pieces of a run."""
    first = pieces[0]
    return dataclasses.replace(
        first,
        duration=sum(len(piece.counts) for piece in pieces) * first.dt,
        senders=np.concatenate([piece.senders for piece in pieces]),
        counts=np.concatenate([piece.counts for piece in pieces]),
        potentials=np.concatenate([piece.potentials for piece in pieces]),
        cut_short=cut_short,
    )


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)


def _for_populations(name, value, unit="", **bounds):
    """Check one value, or one for excitatory and one for inhibitory neurons."""
    if not isinstance(value, tuple | list):
        return checked(name, value, unit, **bounds)
    if len(value) != 2:
        raise ValueError(f"{name} = {value!r}: must be one number, or one for each population")
    return tuple(checked(name, part, unit, **bounds) for part in value)


def _apart(function, *values):
    """Apply a function to both populations' values; return one number where none differs."""
    if not any(isinstance(value, tuple) for value in values):
        return function(*values)
    return tuple(function(*pair) for pair in zip(*map(_pair, values), strict=True))


def _steps(name, time, dt):
    """Return a time as a number of steps."""
    checked(name, time, "ms", at_least=dt)
    steps = round(time / dt)
    if abs(time / dt - steps) > 1e-6:
        raise ValueError(f"{name} = {time!r} ms: must be a whole number of steps of {dt} ms")
    return steps


@contextlib.contextmanager
def _threads(count):
    before = numba.get_num_threads()
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        numba.set_num_threads(before)


_ready = set()


@contextlib.contextmanager
def _compiling(function):
    """Tell the reader what the first call is waiting for, if it takes more than two seconds.

    Silent, as every bar is, where ``TQDM_DISABLE`` is set: a built page should not say it.
    """
    if function in _ready or "TQDM_DISABLE" in os.environ:
        yield
        return
    text = "balcourse: compiling the network's kernels, once on this machine ..."
    timer = threading.Timer(2.0, print, [text], {"file": sys.stderr, "flush": True})
    timer.start()
    try:
        yield
        _ready.add(function)
    finally:
        timer.cancel()
