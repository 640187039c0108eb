"""One integrate-and-fire cell, or many side by side, under synaptic input that is given.

Nothing here is random: the input is an array, one row a cell or a trial, one column a time step, so
that the same input can be given to another cell, held at another potential, or kept for a control.
`ConductanceNeuron` has synapses with reversal potentials, in units of the leak conductance:
tau dV/dt = leak - V + g_e (reversal_e - V) + g_i (reversal_i - V). `CurrentNeuron` adds its input
to V. Units: ms, mV. The correction for a threshold that is watched at discrete times: M. Broadie,
P. Glasserman and S. Kou, Math. Finance 7:325 (1997).
"""

import dataclasses
import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.parameters import checked

_OVERSHOOT = 0.5825971579390107  # -zeta(1/2) / sqrt(2 pi), Broadie, Glasserman and Kou


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """What was recorded from the cells.

    Attributes
    ----------
    neuron : ConductanceNeuron or CurrentNeuron
    dt, duration : float
        Time step and time simulated (ms).
    times : ndarray, shape (spikes,)
        Spike times (ms), the end of the step in which the threshold was reached; row by row.
    senders : ndarray of int, shape (spikes,)
        The row that fired.
    potential : ndarray, shape (rows, steps)
        Potential at the end of each step (mV); no column where it was not recorded.
    conductance_e, conductance_i : ndarray, shape (rows, steps)
        Mean over each step, in units of the leak; no column where not recorded.
    """

    neuron: object
    dt: float
    duration: float
    times: np.ndarray
    senders: np.ndarray
    potential: np.ndarray
    conductance_e: np.ndarray
    conductance_i: np.ndarray

    @property
    def rates(self):
        """Spikes per second of each row (Hz), shape (rows,)."""
        spikes = np.bincount(self.senders, minlength=self.potential.shape[0])
        return 1000 * spikes / self.duration


@dataclasses.dataclass(frozen=True)
class ConductanceNeuron:
    """A cell with synaptic conductances.

    Attributes
    ----------
    tau : float
        Membrane time constant without input (ms).
    leak, reversal_e, reversal_i : float
        Resting and reversal potentials (mV). An electrode that injects a current is a shifted leak.
    threshold, reset : float
        (mV)
    refractory : float
        How long V stays at reset after a spike (ms).
    rise_e, decay_e, rise_i, decay_i : float
        Time constants of a synaptic event exp(-t / decay) - exp(-t / rise), scaled to peak 1 (ms).

    Raises
    ------
    ValueError
        If a time constant is not above 0, a decay not above its rise, or reset not below threshold.

    Examples
    --------
    >>> neuron = ConductanceNeuron()
    >>> events = np.zeros((2, 300))
    >>> events[:, 10] = [1.0, 2.5]
    >>> neuron.simulate(events, 0 * events).rates.round(1)
    array([ 0. , 33.3])
    """

    tau: float = 20.0
    leak: float = -70.0
    reversal_e: float = 0.0
    reversal_i: float = -80.0
    threshold: float = -55.0
    reset: float = -60.0
    refractory: float = 2.0
    rise_e: float = 0.3
    decay_e: float = 3.0
    rise_i: float = 0.5
    decay_i: float = 8.0

    def __post_init__(self):
        checked("tau", self.tau, "ms", above=0)
        for name in ("leak", "reversal_e", "reversal_i", "threshold"):
            checked(name, getattr(self, name), "mV")
        checked("reset", self.reset, "mV", below=self.threshold)
        checked("refractory", self.refractory, "ms", at_least=0)
        for kind in ("e", "i"):
            rise = checked(f"rise_{kind}", getattr(self, f"rise_{kind}"), "ms", above=0)
            checked(f"decay_{kind}", getattr(self, f"decay_{kind}"), "ms", above=rise)

    @property
    def event_areas(self):
        """Time integral of an excitatory and of an inhibitory event of peak 1 (ms)."""
        return (
            _peak_scale(self.rise_e, self.decay_e) * (self.decay_e - self.rise_e),
            _peak_scale(self.rise_i, self.decay_i) * (self.decay_i - self.rise_i),
        )

    def simulate(self, input_e, input_i, *, dt=0.1, spiking=True, record=False):
        """Integrate the cells' potentials, second order in dt away from spikes.

        Parameters
        ----------
        input_e, input_i : ndarray, shape (rows, steps)
            Peak conductance of the synaptic events that begin with each step, in units of the leak.
        dt : float
            Time step (ms).
        spiking : bool
            Whether there is a threshold.
        record : bool
            Whether to keep potentials and conductances.

        Returns
        -------
        Recording

        Raises
        ------
        ValueError
            If the inputs' shapes differ, a conductance is negative or not finite, or dt is not
            above 0.
        """
        checked("dt", dt, "ms", above=0)
        input_e, input_i = _rows("input_e", input_e, least=0), _rows("input_i", input_i, least=0)
        if input_e.shape != input_i.shape:
            raise ValueError(
                f"input_i of shape {input_i.shape}: must have that of input_e, {input_e.shape}"
            )
        rows, steps = input_e.shape
        synapses = np.array(
            [
                [_peak_scale(rise, decay), *_step(decay, dt), *_step(rise, dt)]
                for rise, decay in ((self.rise_e, self.decay_e), (self.rise_i, self.decay_i))
            ]
        )
        recorded = np.empty((3, rows, steps if record else 0))
        spikes = np.zeros((rows, steps), np.bool_)
        _conductance_steps(
            input_e, input_i, spikes, recorded, synapses, dt / self.tau,
            self.leak, self.reversal_e, self.reversal_i,
            self.threshold if spiking else math.inf, self.reset, round(self.refractory / dt),
        )  # fmt: skip
        return _recording(self, dt, spikes, *recorded)


@dataclasses.dataclass(frozen=True)
class CurrentNeuron:
    """A cell that adds up its input: V decays to rest and jumps by the input.

    Attributes
    ----------
    tau : float
        Membrane time constant (ms).
    rest, threshold, reset : float
        (mV)
    refractory : float
        How long V stays at reset after a spike (ms).

    Raises
    ------
    ValueError
        If tau is not above 0, refractory negative, or reset not below threshold.

    Examples
    --------
    >>> neuron = CurrentNeuron(tau=20, threshold=20, reset=10, refractory=2)
    >>> constant = neuron.drive(mean=30, sd=0, normal=np.zeros((1, 100_000)), dt=0.1)
    >>> float(neuron.simulate(constant, dt=0.1).rates[0])  # 1 / (2 ms + 20 ms log 2) = 63 Hz
    62.8
    """

    tau: float = 20.0
    rest: float = 0.0
    threshold: float = 20.0
    reset: float = 10.0
    refractory: float = 2.0

    def __post_init__(self):
        checked("tau", self.tau, "ms", above=0)
        checked("rest", self.rest, "mV")
        checked("threshold", self.threshold, "mV")
        checked("reset", self.reset, "mV", below=self.threshold)
        checked("refractory", self.refractory, "ms", at_least=0)

    def simulate(self, jumps, *, dt=0.1, spiking=True, record=False):
        """Integrate the cells' potentials, exactly for input that arrives at the end of each step.

        Parameters
        ----------
        jumps : ndarray, shape (rows, steps)
            What each step adds to V (mV).
        dt : float
            Time step (ms).
        spiking : bool
            Whether there is a threshold.
        record : bool
            Whether to keep potentials.

        Returns
        -------
        Recording
            Its conductances are empty.

        Raises
        ------
        ValueError
            If the input is not finite or not two-dimensional, or dt is not above 0.
        """
        checked("dt", dt, "ms", above=0)
        jumps = _rows("jumps", jumps)
        rows, steps = jumps.shape
        potential = np.empty((rows, steps if record else 0))
        spikes = np.zeros((rows, steps), np.bool_)
        _current_steps(
            jumps, spikes, potential, math.exp(-dt / self.tau), self.rest,
            self.threshold if spiking else math.inf, self.reset, round(self.refractory / dt),
        )  # fmt: skip
        return _recording(self, dt, spikes, potential, potential[:, :0], potential[:, :0])

    def drive(self, mean, sd, normal, *, dt=0.1):
        """Make of standard normal numbers the jumps of tau dV/dt = mean - V + sd sqrt(tau) xi(t).

        Parameters
        ----------
        mean : float
            Mean of V without a threshold, above rest (mV).
        sd : float
            Brunel's sigma (mV): without a threshold V has standard deviation sd / sqrt(2).
        normal : ndarray, shape (rows, steps)
        dt : float
            Time step (ms).

        Returns
        -------
        ndarray, shape (rows, steps)
            Input for `simulate`; without a threshold V then has the exact law at every step.
        """
        checked("mean", mean, "mV")
        checked("sd", sd, "mV", at_least=0)
        decay = math.exp(-dt / self.tau)
        step_sd = sd * math.sqrt((1 - decay**2) / 2)
        return mean * (1 - decay) + np.asarray(normal) * step_sd

    def watched_every(self, dt, sd):
        """Lower the threshold by what a threshold checked only every dt misses of white noise.

        Parameters
        ----------
        dt : float
            Time step (ms).
        sd : float
            Brunel's sigma (mV).

        Returns
        -------
        CurrentNeuron
            Its rate, simulated with step dt, is this neuron's in continuous time to order dt.
        """
        checked("dt", dt, "ms", above=0)
        checked("sd", sd, "mV", at_least=0)
        missed = _OVERSHOOT * sd * math.sqrt(dt / self.tau)
        return dataclasses.replace(self, threshold=self.threshold - missed)


def _rows(name, values, least=-math.inf):
    values = np.ascontiguousarray(values)
    if values.dtype != np.float32:
        values = values.astype(np.float64)
    if values.ndim != 2 or not np.isfinite(values).all() or (values.size and values.min() < least):
        allowed = "finite numbers" if least == -math.inf else f"finite numbers at least {least:g}"
        raise ValueError(f"{name} of shape {values.shape}: must be rows x steps of {allowed}")
    return values


def _peak_scale(rise, decay):
    """Return the factor that gives exp(-t / decay) - exp(-t / rise) peak 1."""
    peak = math.log(decay / rise) / (1 / rise - 1 / decay)
    return 1 / (math.exp(-peak / decay) - math.exp(-peak / rise))


def _step(tau, dt):
    """Return how an exponential decays over a step, and its mean over the step."""
    return math.exp(-dt / tau), -math.expm1(-dt / tau) * tau / dt


def _recording(neuron, dt, spikes, potential, conductance_e, conductance_i):
    senders, steps = np.nonzero(spikes)
    if potential.shape[1] == 0:
        potential = np.empty((spikes.shape[0], 0))
    duration = dt * spikes.shape[1]
    times = dt * (steps + 1)
    return Recording(neuron, dt, duration, times, senders, potential, conductance_e, conductance_i)


@kernel
def _conductance_steps(
    input_e, input_i, spikes, recorded, synapses, ratio,
    leak, reversal_e, reversal_i, threshold, reset, refractory,
):  # fmt: skip
    """Step all rows (reference: tests/naive/evidence.py). `ratio` is dt / tau.

    Each step takes the conductance's exact mean over the step and the trapezoidal rule for V.
    """
    scale_e, slow_decay_e, slow_mean_e, fast_decay_e, fast_mean_e = synapses[0]
    scale_i, slow_decay_i, slow_mean_i, fast_decay_i, fast_mean_i = synapses[1]
    recording = recorded.shape[2] > 0
    for row in range(input_e.shape[0]):
        potential, waiting = leak, 0
        slow_e = fast_e = slow_i = fast_i = 0.0
        for step in range(input_e.shape[1]):
            slow_e += scale_e * input_e[row, step]
            fast_e += scale_e * input_e[row, step]
            slow_i += scale_i * input_i[row, step]
            fast_i += scale_i * input_i[row, step]
            g_e = slow_mean_e * slow_e - fast_mean_e * fast_e
            g_i = slow_mean_i * slow_i - fast_mean_i * fast_i
            slow_e *= slow_decay_e
            fast_e *= fast_decay_e
            slow_i *= slow_decay_i
            fast_i *= fast_decay_i
            if waiting > 0:
                waiting -= 1
            else:
                half = ratio * (1 + g_e + g_i) / 2
                pull = ratio * (leak + g_e * reversal_e + g_i * reversal_i)
                potential = (potential * (1 - half) + pull) / (1 + half)
                if potential >= threshold:
                    spikes[row, step] = True
                    potential, waiting = reset, refractory
            if recording:
                recorded[0, row, step] = potential
                recorded[1, row, step] = g_e
                recorded[2, row, step] = g_i


@kernel
def _current_steps(jumps, spikes, recorded, decay, rest, threshold, reset, refractory):
    """Step all rows (reference: tests/naive/evidence.py)."""
    recording = recorded.shape[1] > 0
    for row in range(jumps.shape[0]):
        potential, waiting = rest, 0
        for step in range(jumps.shape[1]):
            if waiting > 0:
                waiting -= 1
            else:
                potential = rest + (potential - rest) * decay + jumps[row, step]
                if potential >= threshold:
                    spikes[row, step] = True
                    potential, waiting = reset, refractory
            if recording:
                recorded[row, step] = potential
