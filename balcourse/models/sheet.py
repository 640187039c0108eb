"""A sheet of spiking neurons with local coupling, in which balance makes propagating waves.

Conductance-based integrate-and-fire neurons on a torus of n x n sites: an excitatory neuron on each
site, an inhibitory one on every second row and column. A spike acts at once on all sites within
reach: excitation falls off as a Gaussian, inhibition is a flat disc. After A. Keane and P. Gong,
J. Neurosci. 35:1591 (2015). Time in ms, potential in mV, conductance relative to the membrane's
capacitance in 1/ms, distance in sites.
"""

import dataclasses
import functools
import math

import numba
import numpy as np
import scipy.stats

from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state, uniform
from balcourse.parameters import checked

# Added to each conductance in each step: far below any effect, it keeps float32 from the denormal
# numbers that a long silence would reach, with which a processor is ten times slower.
_ABOVE_DENORMAL = np.float32(1e-30)

# The release of a place on an inhibitory row that no neuron takes. Inhibitory rows have a place for
# each column, every second one empty: vector units are fast at consecutive numbers.
_NEVER = np.iinfo(np.int32).max


@dataclasses.dataclass(frozen=True)
class Sheet:
    """The sheet and its parameters.

    Attributes
    ----------
    n : int
        Sites along one side; even.
    excitatory_weight, inhibitory_weight : float
        Time integral of the conductance that one spike opens: at distance zero, and anywhere on
        the inhibitory disc. Dimensionless.
    excitatory_spread : float
        s in the excitatory weight ``exp(-r**2 / s)`` (sites squared).
    excitatory_reach, inhibitory_reach : float
        Largest distance of a contact (sites).
    tau_rise, tau_e, tau_i : float
        Rise of both conductances, decay of the excitatory and of the inhibitory one (ms).
    leak, external_e, external_i : float
        Constant conductances (1/ms).
    resting, threshold, reset, reversal_e, reversal_i : float
        Potentials (mV).
    refractory : float
        Time at `reset` after a spike (ms).
    kick, kick_rate : float
        Each neuron's potential jumps up or down by `kick` (mV), at random, `kick_rate` times a
        ms. This is our addition: 0 gives the published model, which is deterministic.
    shuffled : bool
        Whether each contact keeps its target and weight but gets a random source of the same kind.

    Raises
    ------
    ValueError
        If a parameter is out of bounds or the neighbourhood does not fit on the torus.

    Notes
    -----
    The potential obeys
    ``dV/dt = -leak (V - resting) - g_e (V - reversal_e) - g_i (V - reversal_i)``.
    A spike at time 0 adds to a conductance
    ``w (exp(-t / tau_decay) - exp(-t / tau_rise)) / (tau_decay - tau_rise)``.
    A neuron makes no contact on its own site.

    Examples
    --------
    >>> run = Sheet(n=64).simulate(20, seed=1)
    >>> run.times.shape == run.senders.shape
    True
    """

    n: int = 96
    excitatory_weight: float = 0.23
    inhibitory_weight: float = 0.30
    excitatory_spread: float = 12.0
    excitatory_reach: float = 8.0
    inhibitory_reach: float = 15.0
    tau_rise: float = 0.5
    tau_e: float = 2.0
    tau_i: float = 7.0
    leak: float = 0.05
    external_e: float = 0.015
    external_i: float = 0.002
    resting: float = -70.0
    threshold: float = -55.0
    reset: float = -70.0
    reversal_e: float = 0.0
    reversal_i: float = -80.0
    refractory: float = 5.0
    kick: float = 1.5
    kick_rate: float = 0.1
    shuffled: bool = False

    def __post_init__(self):
        for name in ("excitatory_weight", "inhibitory_weight", "kick", "kick_rate"):
            checked(name, getattr(self, name), at_least=0)
        checked("excitatory_spread", self.excitatory_spread, "sites squared", above=0)
        for name in ("excitatory_reach", "inhibitory_reach"):
            checked(name, getattr(self, name), "sites", at_least=1)
        checked("tau_rise", self.tau_rise, "ms", above=0)
        checked("tau_e", self.tau_e, "ms", above=self.tau_rise)
        checked("tau_i", self.tau_i, "ms", above=self.tau_rise)
        for name in ("leak", "external_e", "external_i"):
            checked(name, getattr(self, name), "1/ms", at_least=0)
        for name in ("resting", "threshold", "reversal_e", "reversal_i"):
            checked(name, getattr(self, name), "mV")
        checked("reset", self.reset, "mV", below=self.threshold)
        checked("refractory", self.refractory, "ms", at_least=0)
        widest = 2 * int(max(self.excitatory_reach, self.inhibitory_reach)) + 1
        if checked("n", self.n, "sites", integer=True, at_least=widest) % 2:
            raise ValueError(f"n = {self.n} sites: must be even")

    @classmethod
    def small(cls, **changes):
        """Make the sheet of 64 x 64 sites that keeps the waves: every length is two thirds.

        Weights grow by 9/4, so that a neuron's summed weight stays what it is.

        Parameters
        ----------
        **changes
            Attributes; weights are meant for the large sheet and are scaled here.

        Examples
        --------
        >>> round(Sheet.small(inhibitory_weight=0.36).inhibitory_weight, 2)
        0.81
        """
        weights = {"excitatory_weight": 0.23, "inhibitory_weight": 0.30}
        weights = {name: changes.pop(name, weight) * 9 / 4 for name, weight in weights.items()}
        lengths = {"excitatory_spread": 16 / 3, "excitatory_reach": 6, "inhibitory_reach": 10}
        return cls(**{"n": 64} | lengths | weights | changes)

    @property
    def n_e(self):
        """Number of excitatory neurons; neuron ``row * n + column`` sits at (row, column)."""
        return self.n**2

    @property
    def n_i(self):
        """Number of inhibitory neurons, at every second row and column."""
        return (self.n // 2) ** 2

    @functools.cached_property
    def excitatory_weights(self):
        """Weight by displacement, (2 reach + 1, 2 reach + 1), zero displacement in the middle."""
        distance = _distances(self.excitatory_reach)
        bell = np.exp(-(distance**2) / self.excitatory_spread)
        return _exact(np.where(distance <= self.excitatory_reach, self.excitatory_weight * bell, 0))

    @functools.cached_property
    def inhibitory_weights(self):
        """The same for a spike of an inhibitory neuron."""
        distance = _distances(self.inhibitory_reach)
        return _exact(np.where(distance <= self.inhibitory_reach, self.inhibitory_weight, 0))

    @property
    def resting_drive(self):
        """Potential that the constant conductances alone would hold, without threshold (mV)."""
        pulls = (self.leak, self.external_e, self.external_i)
        goals = (self.resting, self.reversal_e, self.reversal_i)
        return sum(pull * goal for pull, goal in zip(pulls, goals, strict=True)) / sum(pulls)

    @property
    def isolated_rate(self):
        """Rate of a neuron without coupling and kicks (Hz)."""
        if self.resting_drive <= self.threshold:
            return 0.0
        start, end = self.resting_drive - self.reset, self.resting_drive - self.threshold
        climb = math.log(start / end) / (self.leak + self.external_e + self.external_i)
        return 1000 / (self.refractory + climb)

    def simulate(self, duration, *, dt=0.1, warmup=0.0, probes=(), sample=1.0, threads=1, seed=0):
        """Run the sheet from random potentials.

        Parameters
        ----------
        duration : float
            Recorded time (ms); a multiple of `sample`.
        dt : float
            Time step (ms): Euler for the potential, exact for the conductances.
        warmup : float
            Time before the recording (ms); a multiple of `sample`.
        probes : array_like of int
            Excitatory neurons whose potential and conductances are sampled.
        sample : float
            Sampling interval (ms); a multiple of `dt`.
        threads : int
            Cores; spikes do not depend on it.
        seed : int

        Returns
        -------
        SheetRun

        Raises
        ------
        ValueError
            If a time is no multiple of its unit, or a probe is no neuron.
        """
        every = _multiple("sample", sample, dt, "dt")
        warming = _multiple("warmup", warmup, sample, "sample", least=0)
        recorded = _multiple("duration", duration, sample, "sample")
        probes = np.atleast_1d(np.asarray(probes, dtype=np.int64))
        for probe in {int(probes.min(initial=0)), int(probes.max(initial=0))}:
            checked("probes", probe, integer=True, at_least=0, below=self.n_e)
        state = SheetState(self, dt=dt, threads=threads, seed=seed)
        for _ in range(warming):
            state.advance(every)
        samples = np.empty((4, recorded, probes.size), np.float32)
        steps, senders = [], []
        for sample_ in range(recorded):
            at, who = state.advance(every)
            steps.append(at)
            senders.append(who)
            samples[:, sample_] = state.look(probes)
        times = (np.concatenate(steps) - warming * every + 1) * dt
        potentials, conductance_e, conductance_i, silent = samples
        return SheetRun(
            sheet=self,
            duration=recorded * sample,
            times=times,
            senders=np.concatenate(senders),
            probes=probes,
            sample_times=(np.arange(recorded) + 1) * sample,
            potentials=potentials,
            conductances_e=conductance_e,
            conductances_i=conductance_i,
            refractory=silent.astype(bool),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class SheetRun:
    """What a run of the sheet recorded.

    Attributes
    ----------
    sheet : Sheet
    duration : float
        ms.
    times, senders : numpy.ndarray
        One entry a spike, in order of time and then of sender: time (ms) since the recording
        began, and neuron. Excitatory neurons come first, then inhibitory ones.
    probes : numpy.ndarray
        Shape (probes,): sampled excitatory neurons.
    sample_times : numpy.ndarray
        Shape (samples,), ms.
    potentials : numpy.ndarray
        Shape (samples, probes), mV.
    conductances_e, conductances_i : numpy.ndarray
        Shape (samples, probes): recurrent and constant conductance together, 1/ms.
    refractory : numpy.ndarray
        Shape (samples, probes): whether the potential was held at the reset.
    """

    sheet: Sheet
    duration: float
    times: np.ndarray
    senders: np.ndarray
    probes: np.ndarray
    sample_times: np.ndarray
    potentials: np.ndarray
    conductances_e: np.ndarray
    conductances_i: np.ndarray
    refractory: np.ndarray

    def frames(self, width=2.0):
        """Count the excitatory spikes in each site and window.

        Parameters
        ----------
        width : float
            Window (ms).

        Returns
        -------
        numpy.ndarray
            Shape (windows, n, n), uint8; an incomplete last window is left out.
        """
        checked("width", width, "ms", above=0, at_most=self.duration)
        n = self.sheet.n
        windows = int(self.duration / width + 1e-9)
        window = ((self.times - 1e-6) / width).astype(np.int64)
        kept = (self.senders < n * n) & (window < windows)
        where = window[kept] * n * n + self.senders[kept]
        return np.bincount(where, minlength=windows * n * n).astype(np.uint8).reshape(-1, n, n)

    @property
    def excitatory(self):
        """Times (ms) and senders of the excitatory spikes alone."""
        kept = self.senders < self.sheet.n_e
        return self.times[kept], self.senders[kept]

    @property
    def current_ratio(self):
        """Mean inhibitory over mean excitatory current of the probes that are not refractory."""
        free = ~self.refractory
        pull_e = self.conductances_e * (self.sheet.reversal_e - self.potentials)
        pull_i = self.conductances_i * (self.potentials - self.sheet.reversal_i)
        return float(pull_i[free].sum(dtype=float) / pull_e[free].sum(dtype=float))

    @property
    def rates(self):
        """Rate of each excitatory neuron, shape (n * n,), Hz."""
        excitatory = self.senders[self.senders < self.sheet.n_e]
        return np.bincount(excitatory, minlength=self.sheet.n_e) * 1000 / self.duration


class SheetState:
    """The sheet in motion: the arrays that `advance` steps.

    Parameters
    ----------
    sheet : Sheet
    dt : float
        Time step (ms).
    threads : int
        Cores.
    seed : int

    Attributes
    ----------
    arguments : dict
        What `advance` takes besides the number of steps, by name.
    longest : int
        Most steps in one call of `advance`: a neuron spikes at most once in so many.
    """

    def __init__(self, sheet, *, dt=0.1, threads=1, seed=0):
        checked("dt", dt, "ms", above=0, at_most=sheet.tau_rise)
        most = numba.config.NUMBA_NUM_THREADS
        threads = checked("threads", threads, integer=True, at_least=1, at_most=most)
        n, half = sheet.n, sheet.n // 2
        streams = [random_state(seed, stream=pair) for pair in range(half)]
        start = np.random.default_rng([seed, 0])
        spread = (sheet.reset, sheet.threshold)
        bands = 2 * np.linspace(0, half, threads + 1).astype(np.int64)
        highest = np.diff(bands).max()
        refractory_steps = round(sheet.refractory / dt)
        self.sheet = sheet
        self.longest = refractory_steps + 1
        self.arguments = {
            "potential_e": start.uniform(*spread, (n, n)).astype(np.float32),
            "potential_i": start.uniform(*spread, (half, n)).astype(np.float32),
            "release_e": np.zeros((n, n), np.int32),
            "release_i": np.tile(np.array([0, _NEVER], np.int32), (half, half)),
            "synapse": np.zeros((4, n, n), np.float32),
            "arrivals": np.zeros((2, n, n), np.float32),
            "weights_e": sheet.excitatory_weights,
            "weights_i": sheet.inhibitory_weights,
            "wires_e": _wires(sheet, sheet.excitatory_weights, 1, [seed, 1]),
            "wires_i": _wires(sheet, sheet.inhibitory_weights, 2, [seed, 2]),
            "constants": _constants(sheet, dt),
            "refractory_steps": refractory_steps,
            "kick_table": _poisson_table(5 * half * sheet.kick_rate * dt),
            "random": np.array(streams),
            "bands": bands,
            "spikes": np.zeros((threads, highest * n * 5 // 2), np.int32),
            "segments": np.zeros((threads, self.longest + 2), np.int32),
            "clock": np.zeros(2, np.int64),
        }

    @property
    def step(self):
        """Number of steps done."""
        return int(self.arguments["clock"][0])

    def advance(self, steps):
        """Go on by `steps` time steps.

        Returns
        -------
        steps, senders : numpy.ndarray
            One entry a spike, in order of step and then of sender; steps count from the start.
        """
        parallel = self.arguments["bands"].size > 2
        run = _advance_in_parallel if parallel else advance
        collected = []
        while steps:
            part = min(steps, self.longest)
            run(**self.arguments, steps=part)
            collected += self._spikes(part)
            steps -= part
        at, who = np.concatenate(collected, axis=1)
        order = np.lexsort((who, at))
        return at[order], who[order]

    def _spikes(self, steps):
        """Yield the last `steps` steps' spikes band by band, as rows of steps and of senders."""
        first = self.step - steps
        for spikes, ends in zip(self.arguments["spikes"], self.arguments["segments"], strict=True):
            counts = np.diff(ends[1 : steps + 2])
            senders = spikes[ends[1] : ends[steps + 1]]
            yield np.array([np.repeat(np.arange(first, self.step), counts), senders])

    def look(self, neurons):
        """Return potential, conductances and refractoriness of excitatory neurons, (4, neurons)."""
        potential, release = self.arguments["potential_e"], self.arguments["release_e"]
        rise_e, decay_e, rise_i, decay_i = self.arguments["synapse"].reshape(4, -1)[:, neurons]
        return np.array(
            [
                potential.ravel()[neurons],
                decay_e - rise_e + self.sheet.external_e,
                decay_i - rise_i + self.sheet.external_i,
                release.ravel()[neurons] > self.step,
            ]
        )


def _multiple(name, value, unit, unit_name, least=1):
    """Return how often `unit` goes into `value`."""
    checked(name, value, "ms", at_least=least * unit)
    count = round(value / unit)
    if abs(count * unit - value) > 1e-6 * unit:
        raise ValueError(f"{name} = {value!r} ms: must be a multiple of {unit_name} = {unit:g} ms")
    return count


def _distances(reach):
    along = np.arange(-int(reach), int(reach) + 1)
    return np.hypot(along[:, None], along)


def _exact(weights):
    """Round weights so far that sums of them are exact in float32, in any order.

    Sums then do not depend on which spike, or which thread, comes first.
    """
    weights[weights.shape[0] // 2, weights.shape[1] // 2] = 0
    quantum = 2.0 ** (math.ceil(math.log2(weights.sum() or 1.0)) - 24)
    return (np.round(weights / quantum) * quantum).astype(np.float32)


def _wires(sheet, weights, spacing, seed):
    """Return the target of each contact, (sources, contacts); nothing if the wiring is local."""
    if not sheet.shuffled:
        return np.zeros((0, 0), np.int32)
    reach = weights.shape[0] // 2
    shift_row, shift_column = np.divmod(np.arange(weights.size), weights.shape[1]) - np.int64(reach)
    side = sheet.n // spacing
    row, column = spacing * np.array(np.divmod(np.arange(side**2), side))
    rows = (row[:, None] + shift_row) % sheet.n
    columns = (column[:, None] + shift_column) % sheet.n
    shuffler = np.random.default_rng(seed)
    return shuffler.permuted((rows * sheet.n + columns).astype(np.int32), axis=0)


def _constants(sheet, dt):
    pulls = np.array([sheet.leak, sheet.external_e, sheet.external_i])
    goals = np.array([sheet.resting, sheet.reversal_e, sheet.reversal_i])
    decays = np.exp(-dt / np.array([sheet.tau_rise, sheet.tau_e, sheet.tau_i]))
    scales = 1 / (np.array([sheet.tau_e, sheet.tau_i]) - sheet.tau_rise)
    potentials = [sheet.reversal_e, sheet.reversal_i, sheet.threshold, sheet.reset, sheet.kick]
    return np.array([*decays, *scales, dt, pulls.sum(), pulls @ goals, *potentials], np.float32)


def _poisson_table(mean):
    """Return the distribution function of a Poisson count, up to where it is 1."""
    cumulative = scipy.stats.poisson.cdf(np.arange(int(mean + 12 * math.sqrt(mean) + 24)), mean)
    return cumulative


# -- The kernel. Its slow twin is tests/naive/sheet.py -------------------------------------------


@kernel(inline="always")
def _wrapped(index, n):
    """Return an index that has left the torus by less than one turn."""
    return index + n if index < 0 else (index - n if index >= n else index)


@kernel
def _add_row(arrivals, plane, row, start, weights, weight_row):
    """Add one row of weights to a row of the torus, from column `start` on."""
    n = arrivals.shape[2]
    width = weights.shape[1]
    inside = min(width, n - start)
    for offset in range(inside):
        arrivals[plane, row, start + offset] += weights[weight_row, offset]
    for offset in range(inside, width):
        arrivals[plane, row, start + offset - n] += weights[weight_row, offset]


@kernel
def _deliver(source, spacing, arrivals, plane, weights, wires, first, last):
    """Add the weights of one spike to the rows from `first` to `last`."""
    n = arrivals.shape[2]
    side, reach, width = n // spacing, weights.shape[0] // 2, weights.shape[1]
    if wires.shape[0] == 0:
        start = _wrapped(source % side * spacing - reach, n)
        for weight_row in range(weights.shape[0]):
            row = _wrapped(source // side * spacing - reach + weight_row, n)
            if first <= row < last:
                _add_row(arrivals, plane, row, start, weights, weight_row)
    else:
        for contact in range(wires.shape[1]):
            row = wires[source, contact] // n
            if first <= row < last:
                column = wires[source, contact] % n
                arrivals[plane, row, column] += weights[contact // width, contact % width]


@kernel
def _filter_row(row, constants, synapse, arrivals):
    """Add what arrived to the conductances of one row and let them decay."""
    for kind in range(2):
        rise, decay, scale = constants[0], constants[1 + kind], constants[3 + kind]
        for column in range(arrivals.shape[2]):
            arrived = arrivals[kind, row, column] * scale + _ABOVE_DENORMAL
            arrivals[kind, row, column] = 0
            rising = (synapse[2 * kind, row, column] + arrived) * rise
            synapse[2 * kind, row, column] = rising
            decaying = (synapse[2 * kind + 1, row, column] + arrived) * decay
            synapse[2 * kind + 1, row, column] = decaying


@kernel
def _charge_row(row, site_row, step, potential, release, synapse, constants):
    """Move the potentials of one row that are not refractory by one step of Euler."""
    dt, pull, drive = constants[5], constants[6], constants[7]
    reversal_e, reversal_i = constants[8], constants[9]
    for column in range(potential.shape[1]):
        conductance_e = synapse[1, site_row, column] - synapse[0, site_row, column]
        conductance_i = synapse[3, site_row, column] - synapse[2, site_row, column]
        v = potential[row, column]
        current = conductance_e * (reversal_e - v) + conductance_i * (reversal_i - v)
        moved = v + dt * (drive - pull * v + current)
        potential[row, column] = moved if release[row, column] <= step else v


@kernel
def _kick_rows(pair, step, potential_e, potential_i, release_e, release_i, size, table, random):
    """Kick random neurons of one inhibitory row and its two excitatory rows."""
    n = potential_e.shape[1]
    chance = uniform(random[pair])
    count = 0
    while chance >= table[count]:
        count += 1
    for _ in range(count):
        draw = below(random[pair], 5 * n)
        jump = size if draw % 2 else -size
        neuron = draw // 2
        row, column = 2 * pair + neuron // n, neuron % n
        if neuron >= 2 * n:
            column = 2 * (neuron - 2 * n)
            if release_i[pair, column] <= step:
                potential_i[pair, column] += jump
        elif release_e[row, column] <= step:
            potential_e[row, column] += jump


@kernel
def _fire_row(
    row, step, first_sender, spacing, potential, release, constants, silence, spikes, band, end
):
    """Reset the neurons of one row that reached the threshold; return where their list ends."""
    threshold, reset = constants[10], constants[11]
    fired = 0
    for column in range(potential.shape[1]):
        fired += potential[row, column] >= threshold
    if fired:
        for column in range(potential.shape[1]):
            if potential[row, column] >= threshold:
                potential[row, column] = reset
                release[row, column] = step + 1 + silence
                spikes[band, end] = first_sender + (row * potential.shape[1] + column) // spacing
                end += 1
    return end


@kernel
def _advance_band(
    band, step, at, potential_e, potential_i, release_e, release_i, synapse, arrivals, weights_e,
    weights_i, wires_e, wires_i, constants, refractory_steps, kick_table, random, bands, spikes,
    segments,
):  # fmt: skip
    """Do one step of the rows of one band: deliver the last step's spikes, then fire."""
    first, last = bands[band], bands[band + 1]
    n_e = potential_e.size
    for origin in range(segments.shape[0]):
        for place in range(segments[origin, at], segments[origin, at + 1]):
            sender = spikes[origin, place]
            if sender < n_e:
                _deliver(sender, 1, arrivals, 0, weights_e, wires_e, first, last)
            else:
                _deliver(sender - n_e, 2, arrivals, 1, weights_i, wires_i, first, last)
    end = segments[band, at + 1]
    for pair in range(first // 2, last // 2):
        for row in range(2 * pair, 2 * pair + 2):
            _filter_row(row, constants, synapse, arrivals)
            _charge_row(row, row, step, potential_e, release_e, synapse, constants)
        _charge_row(pair, 2 * pair, step, potential_i, release_i, synapse, constants)
        _kick_rows(pair, step, potential_e, potential_i, release_e, release_i, constants[12],
                   kick_table, random)  # fmt: skip
        for row in range(2 * pair, 2 * pair + 2):
            end = _fire_row(row, step, 0, 1, potential_e, release_e, constants, refractory_steps,
                            spikes, band, end)  # fmt: skip
        end = _fire_row(pair, step, n_e, 2, potential_i, release_i, constants, refractory_steps,
                        spikes, band, end)  # fmt: skip
    segments[band, at + 2] = end


@kernel
def _rewind(spikes, segments, clock):
    """Keep of each band's spikes only those of the last step, which have not been delivered."""
    done = clock[1]
    for band in range(segments.shape[0]):
        start = segments[band, done]
        count = segments[band, done + 1] - start
        for place in range(count):
            spikes[band, place] = spikes[band, start + place]
        segments[band, 0] = 0
        segments[band, 1] = count


@kernel
def advance(
    potential_e, potential_i, release_e, release_i, synapse, arrivals, weights_e, weights_i,
    wires_e, wires_i, constants, refractory_steps, kick_table, random, bands, spikes, segments,
    clock, steps,
):  # fmt: skip
    """Advance the arrays of a `SheetState` by `steps` time steps, at most its `longest`.

    Afterwards ``spikes[band, segments[band, k + 1] : segments[band, k + 2]]`` are the neurons of
    a band of rows that fired in step k of this call.
    """
    _rewind(spikes, segments, clock)
    for at in range(steps):
        for band in range(bands.size - 1):
            _advance_band(
                band, clock[0] + at, at, potential_e, potential_i, release_e, release_i, synapse,
                arrivals, weights_e, weights_i, wires_e, wires_i, constants, refractory_steps,
                kick_table, random, bands, spikes, segments,
            )  # fmt: skip
    clock[0] += steps
    clock[1] = steps


@kernel(parallel=True)
def _advance_in_parallel(
    potential_e, potential_i, release_e, release_i, synapse, arrivals, weights_e, weights_i,
    wires_e, wires_i, constants, refractory_steps, kick_table, random, bands, spikes, segments,
    clock, steps,
):  # fmt: skip
    """Do what `advance` does with a thread for each band."""
    _rewind(spikes, segments, clock)
    for at in range(steps):
        for band in numba.prange(bands.size - 1):
            _advance_band(
                band, clock[0] + at, at, potential_e, potential_i, release_e, release_i, synapse,
                arrivals, weights_e, weights_i, wires_e, wires_i, constants, refractory_steps,
                kick_table, random, bands, spikes, segments,
            )  # fmt: skip
    clock[0] += steps
    clock[1] = steps
