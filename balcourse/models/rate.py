"""Two populations with linear-threshold rates: the model of the first lesson.

    tau_E dv_E/dt = -v_E + [M_EE v_E + M_EI v_I - gamma_E]_+
    tau_I dv_I/dt = -v_I + [M_IE v_E + M_II v_I - gamma_I]_+        [x]_+ = max(x, 0)

Model: P. Dayan and L. F. Abbott, Theoretical Neuroscience (2001), section 7.5. Weights are signed
(inhibition negative) and without dimension, rates and thresholds gamma are in Hz, time in ms,
eigenvalues in 1/ms. Two switching lines, where a bracket is zero, cut the plane into four regions;
in each the field is linear, and on the lines it is continuous but not differentiable.
"""

import dataclasses
import itertools
import math

import numpy as np
from scipy.optimize import brentq

from balcourse.models.kernel import kernel
from balcourse.parameters import checked

_ROUNDING = 1e-12  # relative size below which a difference of parameters counts as zero
_STABLE_STEP = 2.5  # RK4 damps every decaying mode while dt |eigenvalue| stays below this
_NAMES = ("E", "I")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RateModel:
    """Parameters of the excitatory-inhibitory rate model.

    Parameters
    ----------
    m_ee, m_ei, m_ie, m_ii : float
        Signed weight onto the first population from the second, -1e6 to 1e6. The equations add
        every weight, so inhibition is negative.
    gamma_e, gamma_i : float
        Threshold, Hz, -1e9 to 1e9. A negative threshold is an excitatory drive of that size.
    tau_e, tau_i : float
        Time constant, ms, 1e-6 to 1e9.

    Raises
    ------
    ValueError
        If a value is not a finite number within these bounds.

    Examples
    --------
    >>> model = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10,
    ...                   tau_e=10, tau_i=30)
    >>> point = model.fixed_point()
    >>> point.rates.round(3), point.kind
    (array([26.667, 16.667]), 'stable focus')

    """

    m_ee: float
    m_ei: float
    m_ie: float
    m_ii: float
    gamma_e: float
    gamma_i: float
    tau_e: float
    tau_i: float

    def __post_init__(self):
        for names, unit, low, high in (
            (("m_ee", "m_ei", "m_ie", "m_ii"), "", -1e6, 1e6),
            (("gamma_e", "gamma_i"), "Hz", -1e9, 1e9),
            (("tau_e", "tau_i"), "ms", 1e-6, 1e9),
        ):
            for name in names:
                value = checked(name, getattr(self, name), unit, at_least=low, at_most=high)
                object.__setattr__(self, name, value)

    @property
    def weights(self):
        """The weight matrix, shape (2, 2): row the target, column the source, E before I."""
        return np.array([[self.m_ee, self.m_ei], [self.m_ie, self.m_ii]])

    @property
    def thresholds(self):
        """gamma_E and gamma_I, shape (2,), Hz."""
        return np.array([self.gamma_e, self.gamma_i])

    @property
    def time_constants(self):
        """tau_E and tau_I, shape (2,), ms."""
        return np.array([self.tau_e, self.tau_i])

    def field(self, rates):
        """Return the time derivative of the rates.

        Parameters
        ----------
        rates : array_like, shape (..., 2)
            v_E and v_I, Hz.

        Returns
        -------
        numpy.ndarray, shape (..., 2)
            Hz per ms.

        """
        rates = np.asarray(rates, float)
        if rates.shape[-1:] != (2,):
            raise ValueError(f"rates has shape {rates.shape}: the last axis must hold v_E and v_I")
        brackets = rates @ self.weights.T - self.thresholds
        return (np.maximum(brackets, 0) - rates) / self.time_constants

    def jacobian(self, active=(True, True)):
        """Return the matrix of the linear field in one of the four regions, 1/ms.

        Parameters
        ----------
        active : tuple of bool
            Whether the bracket of E, and of I, is positive there.

        Returns
        -------
        numpy.ndarray, shape (2, 2)
            Row i is divided by the time constant of population i.

        """
        return (np.diag(np.array(active, float)) @ self.weights - np.eye(2)) / self.time_constants[
            :, None
        ]

    def fixed_points(self):
        """Find every fixed point, one region at a time.

        Returns
        -------
        tuple of FixedPoint
            Both populations active first, both silent last; empty if there is none.

        """
        found = (self._fixed_point_in(active) for active in _REGIONS)
        return tuple(point for point in found if point is not None)

    def fixed_point(self):
        """Return the fixed point, or a result that says why there is none.

        Returns
        -------
        FixedPoint
            The one with both populations active if it exists, else one with a silent population
            (a stable one first; `kind` names who is silent). If there is none at all, `rates` and
            `eigenvalues` are NaN and `kind` starts with "none".

        Examples
        --------
        >>> RateModel(m_ee=2, m_ei=0, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10,
        ...           tau_e=10, tau_i=30).fixed_point().kind
        'none: the active solution lies outside the positive quadrant'

        """
        points = self.fixed_points()
        if not points:
            if _is_zero(_determinant(np.eye(2) - self.weights)):
                reason = "the active nullclines are parallel"
            else:
                reason = "the active solution lies outside the positive quadrant"
            return FixedPoint(
                np.full(2, np.nan), np.full(2, complex(np.nan, np.nan)), f"none: {reason}", None
            )
        return min(points, key=lambda point: (not all(point.active), not point.stable))

    def _fixed_point_in(self, active):
        """The fixed point whose brackets are positive exactly where `active` says, or None."""
        gates = np.diag(np.array(active, float))
        matrix, right = np.eye(2) - gates @ self.weights, -gates @ self.thresholds
        jacobian = self.jacobian(active)
        if _is_zero(_determinant(matrix)):
            if not self._line_of_fixed_points(matrix, right, active):
                return None
            kind, eigenvalues = "line of fixed points", _eigenvalues(jacobian)
            rates = np.full(2, np.nan)
        else:
            rates = _solution(matrix, right) + 0.0
            margins, scales = self._brackets(rates)
            on_line = np.abs(margins) <= _ROUNDING * scales
            if np.any((margins > 0) != np.array(active), where=~on_line):
                return None
            if np.any(on_line & np.array(active)):
                return None  # the region where that bracket counts as silent reports this point
            if on_line.any():
                names = " and ".join(itertools.compress(_NAMES, on_line))
                kind = f"on the switching line of {names}: no linearization"
                eigenvalues = np.full(2, complex(np.nan, np.nan))
            else:
                kind, eigenvalues = classify(jacobian), _eigenvalues(jacobian)
        if not all(active):
            silent = " and ".join(name for name, on in zip(_NAMES, active, strict=True) if not on)
            kind += f", {silent} silent"
        return FixedPoint(rates, eigenvalues, kind, active)

    def _brackets(self, rates):
        """The two brackets at `rates`, and the size of what is summed in them, Hz."""
        scales = np.abs(self.weights) @ np.abs(rates) + np.abs(self.thresholds)
        return self.weights @ rates - self.thresholds, scales

    def _line_of_fixed_points(self, matrix, right, active):
        """Whether the singular system has solutions inside the region."""
        start = np.linalg.lstsq(matrix, right, rcond=1e-9)[0]
        if np.abs(matrix @ start - right).max() > 1e-9 * np.abs(right).max():
            return False
        direction = np.linalg.svd(matrix)[2][-1]
        # Along start + t * direction each bracket is linear in t: intersect the half-lines.
        low, high = -math.inf, math.inf
        offsets = self.weights @ start - self.thresholds
        slopes = self.weights @ direction
        for offset, slope, on in zip(offsets, slopes, active, strict=True):
            sign = 1 if on else -1
            if abs(slope) <= _ROUNDING * np.abs(self.weights).max():
                if sign * offset < 0:
                    return False
            elif sign * slope > 0:
                low = max(low, -offset / slope)
            else:
                high = min(high, -offset / slope)
        return low < high

    def nullclines(self, largest):
        """Return both nullclines inside the square from 0 to `largest`.

        Parameters
        ----------
        largest : float
            Side of the square, Hz.

        Returns
        -------
        tuple of numpy.ndarray, each of shape (pieces, 2, 2)
            The E and the I nullcline as straight pieces: end point, then (v_E, v_I), Hz. Each has
            a piece on the line where the population is active and one on the axis where it is
            silent, as far as they lie in the square.

        """
        largest = checked("largest", largest, "Hz", above=0)
        e_line = _nullcline(self.m_ee, self.m_ei, self.gamma_e, largest)
        i_line = _nullcline(self.m_ii, self.m_ie, self.gamma_i, largest)
        return e_line, i_line[:, :, ::-1]

    def largest_step(self):
        """Return the largest stable step, ms, for the fastest mode of the four regions."""
        fastest = max(np.abs(_eigenvalues(self.jacobian(active))).max() for active in _REGIONS)
        return float(_STABLE_STEP / fastest)

    def simulate(self, duration, *, start=(0.0, 0.0), dt=0.1):
        """Integrate the model with a Runge-Kutta method of order 4, from one start or many.

        The step that meets a switching line is cut there, so the order holds across it.

        Parameters
        ----------
        duration : float
            Model time, ms, rounded up to whole steps.
        start : array_like, shape (2,) or (trajectories, 2)
            Rates at time 0, Hz, not negative.
        dt : float
            Step, ms, at most `largest_step()`.

        Returns
        -------
        RateRun
            Times and rates, the start included.

        Raises
        ------
        ValueError
            If `dt` is too large for stability, `start` has a wrong shape or value, or the rates
            run away beyond the largest float.

        Examples
        --------
        >>> model = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10,
        ...                   tau_e=10, tau_i=30)
        >>> model.simulate(2000, start=(30, 20)).rates[-1].round(2)
        array([26.67, 16.67])

        """
        duration = checked("duration", duration, "ms", above=0)
        dt = checked("dt", dt, "ms", above=0, at_most=self.largest_step())
        start = _checked_start(start)
        steps = max(1, math.ceil(duration / dt - 1e-9))
        trajectories = start.size // 2
        if steps * trajectories > 250_000_000:
            raise ValueError(
                f"duration = {duration:g} ms: {steps} steps of {trajectories} trajectories are "
                "more than the 250,000,000 allowed"
            )
        rates = np.empty((steps + 1, 2, trajectories))
        rates[0] = start.reshape(trajectories, 2).T
        advance(rates, *dataclasses.astuple(self), dt)
        if not np.isfinite(rates[-1]).all():
            raise ValueError(
                f"duration = {duration:g} ms: the rates run away beyond the largest float; "
                "shorten the run or strengthen inhibition"
            )
        shaped = rates[:, :, 0] if start.ndim == 1 else rates.transpose(0, 2, 1)
        return RateRun(np.arange(steps + 1) * dt, shaped, self)


@dataclasses.dataclass(frozen=True)
class FixedPoint:
    """A fixed point and the linear flow around it.

    Attributes
    ----------
    rates : numpy.ndarray, shape (2,)
        v_E and v_I, Hz; NaN where there is no point or a whole line of them.
    eigenvalues : numpy.ndarray, shape (2,)
        Complex, 1/ms, largest real part first; NaN on a switching line.
    kind : str
        One of the kinds of `classify`, then who is silent, if any; or "none: ..." with the reason.
    active : tuple of bool or None
        Whether E and I are above threshold there.

    """

    rates: np.ndarray
    eigenvalues: np.ndarray
    kind: str
    active: tuple | None

    @property
    def stable(self):
        """Whether small displacements decay (False also where that is undecided)."""
        return bool(self.kind.startswith("stable"))

    @property
    def frequency(self):
        """Frequency of the linear oscillation, Hz; 0 if it does not oscillate."""
        return float(np.abs(self.eigenvalues.imag).max() * 1000 / (2 * np.pi))


@dataclasses.dataclass(frozen=True)
class RateRun:
    """Trajectories of the rate model.

    Attributes
    ----------
    times : numpy.ndarray, shape (steps,)
        ms, from 0.
    rates : numpy.ndarray, shape (steps, 2) or (steps, trajectories, 2)
        v_E and v_I, Hz.
    model : RateModel
        The parameters.

    """

    times: np.ndarray
    rates: np.ndarray
    model: RateModel


_REGIONS = ((True, True), (True, False), (False, True), (False, False))


def classify(jacobian):
    """Name the fixed point of a planar linear flow from trace and determinant.

    Parameters
    ----------
    jacobian : array_like, shape (2, 2)
        1/ms.

    Returns
    -------
    str
        "saddle", "stable node", "unstable node", "stable focus" or "unstable focus"; on the
        borders between them "stable degenerate node", "unstable degenerate node", "centre" (of the
        linear system only) or "line of fixed points". Borders are met to a relative 1e-12.

    Examples
    --------
    >>> classify([[0, 1], [-1, 0]]), classify([[1, 0], [0, -1]])
    ('centre', 'saddle')

    """
    matrix = np.asarray(jacobian, float)
    if matrix.shape != (2, 2) or not np.isfinite(matrix).all():
        raise ValueError(f"jacobian = {jacobian!r}: must be a finite matrix of shape (2, 2)")
    (a, b), (c, d) = matrix
    determinant, size = _determinant(matrix)
    if _is_zero((determinant, size)):
        return "line of fixed points"
    if determinant < 0:
        return "saddle"
    if _is_zero((a + d, abs(a) + abs(d))):
        return "centre"
    sign = "stable" if a + d < 0 else "unstable"
    # trace**2 - 4 determinant, written so that equal diagonal entries cancel exactly
    discriminant, parts = (a - d) ** 2 + 4 * b * c, (a - d) ** 2 + 4 * abs(b * c)
    if abs(discriminant) <= _ROUNDING * max(parts, (abs(a) + abs(d)) ** 2):
        return f"{sign} degenerate node"
    return f"{sign} {'node' if discriminant > 0 else 'focus'}"


def border(model):
    """Find the inhibitory time constant at which damping vanishes: the trace is zero.

    Parameters
    ----------
    model : RateModel
        Its own `tau_i` plays no part.

    Returns
    -------
    tau_i : float
        ms; NaN if no positive value makes the trace of a rotating linear flow zero.
    frequency : float
        Frequency of the linear oscillation there, Hz.

    Examples
    --------
    >>> model = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10,
    ...                   tau_e=10, tau_i=30)
    >>> tau_i, frequency = border(model)
    >>> round(tau_i, 6), round(frequency, 4)
    (40.0, 6.8916)

    """
    matrix = np.eye(2) - model.weights
    determinant, _ = _determinant(matrix)
    if not matrix[0, 0] * matrix[1, 1] < 0 < determinant:
        return math.nan, math.nan
    tau_i = -model.tau_e * matrix[1, 1] / matrix[0, 0]
    frequency = math.sqrt(determinant / (model.tau_e * tau_i)) * 1000 / (2 * math.pi)
    return float(tau_i), float(frequency)


def focus_range(model):
    """Find the interval of `tau_i` in which the active fixed point is a focus.

    Parameters
    ----------
    model : RateModel
        Its own `tau_i` plays no part.

    Returns
    -------
    tuple of float
        Lower and upper end, ms; NaN twice if there is no such interval.

    """
    matrix = np.eye(2) - model.weights
    determinant, _ = _determinant(matrix)
    # With x = tau_e / tau_i: (a + d x)**2 < 4 determinant x
    a, d = matrix[0, 0], matrix[1, 1]
    half = 2 * determinant - a * d
    square = half * half - (a * d) ** 2
    if not (square > 0 and half > 0):
        return math.nan, math.nan
    large = half + math.sqrt(square)
    low = model.tau_e * d * d / large
    return float(low), float(model.tau_e * large / (a * a)) if a else math.inf


@dataclasses.dataclass(frozen=True)
class LimitCycle:
    """An isolated closed orbit around the active fixed point.

    Attributes
    ----------
    period : float
        ms.
    minimum, maximum : numpy.ndarray, shape (2,)
        Extremes of v_E and v_I on it, Hz.
    stable : bool
        Whether neighbouring orbits approach it.
    start : numpy.ndarray, shape (2,)
        The point on it where v_E rises through the fixed point's value, Hz.

    """

    period: float
    minimum: np.ndarray
    maximum: np.ndarray
    stable: bool
    start: np.ndarray


def limit_cycles(model, *, starts=400):
    """Find the limit cycles around the active fixed point, from the first-return map.

    Every such orbit crosses the segment below the fixed point, v_E = v_E*, 0 < v_I < v_I*, upward
    in v_E, once a turn. The map of this segment to itself is sampled at `starts` places, and each
    change of sign of its displacement is refined to a fixed point of the map. Two cycles closer
    than one sampling interval are missed; closed orbits that fill a band are not limit cycles.

    Parameters
    ----------
    model : RateModel
        With both populations active at its fixed point, or there is nothing to find.
    starts : int
        Number of samples, 2 to 100,000.

    Returns
    -------
    tuple of LimitCycle
        The smallest first; empty if there is none.

    Examples
    --------
    >>> model = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10,
    ...                   tau_e=10, tau_i=50)
    >>> [cycle] = limit_cycles(model)
    >>> round(cycle.period, 2), cycle.maximum.round(2), cycle.stable
    (187.31, array([56.19, 30.79]), True)

    """
    starts = checked("starts", starts, integer=True, at_least=2, at_most=100_000)
    point = model.fixed_point()
    rotates = model.m_ei * model.m_ie < 0
    if not (point.active == (True, True) and rotates and model.m_ei < 0) or "saddle" in point.kind:
        return ()
    v_e, v_i = point.rates

    def displacement(amplitudes):
        returned, _ = _first_return(model, v_e, v_i - amplitudes)
        return v_i - returned - amplitudes

    amplitudes = np.linspace(0, v_i, starts + 1)[1:]
    moved = displacement(amplitudes)
    signs = np.where(np.abs(moved) > 1e-7 * v_i, np.sign(moved), 0)
    decided = np.flatnonzero(np.isfinite(signs) & (signs != 0))
    cycles = []
    for inner, outer in itertools.pairwise(decided):
        if signs[inner] == signs[outer]:
            continue
        amplitude = brentq(
            lambda value: displacement(np.array([value]))[0],
            amplitudes[inner],
            amplitudes[outer],
            xtol=1e-10 * v_i,
        )
        start = np.array([v_e, v_i - amplitude])
        _, (period,) = _first_return(model, v_e, start[1:])
        orbit = model.simulate(period, start=start, dt=period / 20_000).rates
        cycles.append(
            LimitCycle(float(period), orbit.min(0), orbit.max(0), bool(signs[inner] > 0), start)
        )
    return tuple(cycles)


def _first_return(model, v_e, v_i):
    """Where and when trajectories from (v_e, v_i[...]) next see v_E rise through `v_e`."""
    dt = min(model.tau_e, model.tau_i, 40 * model.largest_step()) / 100
    parameters = dataclasses.astuple(model)
    p = _packed(*parameters)
    rates = np.empty((1001, 2, v_i.size))
    rates[0, 0], rates[0, 1] = v_e, v_i
    arrival, elapsed = np.full(v_i.size, np.nan), np.full(v_i.size, np.nan)
    for window in range(int(60 * (model.tau_e + model.tau_i) / (1000 * dt)) + 1):
        advance(rates, *parameters, dt)
        below = rates[:, 0] < v_e
        rises = below[:-1] & ~below[1:]
        for trajectory in np.flatnonzero(rises.any(0) & np.isnan(arrival)):
            step = rises[:, trajectory].argmax()
            before = rates[step, 0, trajectory], rates[step, 1, trajectory]
            gates = _gates(*before, p)
            until = _time_to_line(*before, *gates, dt, 1.0, 0.0, v_e, p)
            arrival[trajectory] = _step(*before, *gates, until, p)[1]
            elapsed[trajectory] = (window * 1000 + step) * dt + until
        if not np.isnan(arrival).any():
            break
        rates[0] = rates[-1]
    return arrival, elapsed


def _determinant(matrix):
    """Determinant of a 2 x 2 matrix, and the size of what is subtracted in it."""
    (a, b), (c, d) = matrix
    return a * d - b * c, abs(a * d) + abs(b * c)


def _is_zero(value_and_size):
    value, size = value_and_size
    return abs(value) <= _ROUNDING * size


def _eigenvalues(matrix):
    """Both eigenvalues; a small real one comes from the determinant, so that it keeps its sign."""
    (a, b), (c, d) = matrix
    trace, square = a + d, (a - d) ** 2 + 4 * b * c
    if square < 0:
        root = 0.5j * math.sqrt(-square)
        return np.array([trace / 2 + root, trace / 2 - root])
    large = (trace + math.copysign(math.sqrt(square), trace)) / 2
    small = _determinant(matrix)[0] / large if large else 0.0
    return np.array(sorted((large, small), reverse=True), complex)


def _solution(matrix, right):
    (a, b), (c, d) = matrix
    determinant, _ = _determinant(matrix)
    return np.array([d * right[0] - b * right[1], a * right[1] - c * right[0]]) / determinant


def _nullcline(own_weight, other_weight, gamma, largest):
    """Pieces of own = [own_weight own + other_weight other - gamma]_+ as (own, other) points."""
    pieces = []
    # active: (1 - own_weight) own - other_weight other = -gamma, clipped to the square
    a, b = 1 - own_weight, -other_weight
    corners = []
    for edge in (0.0, largest):
        if b:
            corners.append((edge, (-gamma - a * edge) / b))
        if a:
            corners.append(((-gamma - b * edge) / a, edge))
    inside = sorted({point for point in corners if 0 <= min(point) and max(point) <= largest})
    if len(inside) > 1 and inside[-1][0] > 0:
        pieces.append((inside[0], inside[-1]))
    # silent: own = 0 where other_weight other <= gamma
    turn = gamma / other_weight if other_weight else math.inf
    low, high = (0.0, turn) if other_weight > 0 else (turn, largest)
    if not other_weight:
        low, high = (0.0, largest) if gamma >= 0 else (1.0, 0.0)
    low, high = max(low, 0.0), min(high, largest)
    if low < high:
        pieces.append(((0.0, low), (0.0, high)))
    return np.array(pieces, float).reshape(-1, 2, 2)


def _checked_start(start):
    try:
        start = np.asarray(start, float)
    except (TypeError, ValueError):
        start = np.empty(0)
    if start.ndim not in (1, 2) or start.shape[-1] != 2 or start.size == 0:
        raise ValueError(
            f"start has shape {start.shape}: must be (2,) or (trajectories, 2), rates in Hz"
        )
    for value in start.ravel()[~((start.ravel() >= 0) & np.isfinite(start.ravel()))][:1]:
        checked("start", value, "Hz", at_least=0)
    return start


@kernel(inline="always")
def _packed(m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i):
    return m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, 1.0 / tau_e, 1.0 / tau_i


@kernel(inline="always")
def _gates(v_e, v_i, p):
    """1.0 for each population whose bracket is positive, else 0.0."""
    on_e = 1.0 if p[0] * v_e + p[1] * v_i - p[4] > 0.0 else 0.0
    on_i = 1.0 if p[2] * v_e + p[3] * v_i - p[5] > 0.0 else 0.0
    return on_e, on_i


@kernel(inline="always")
def _slope(v_e, v_i, on_e, on_i, p):
    slope_e = (on_e * (p[0] * v_e + p[1] * v_i - p[4]) - v_e) * p[6]
    slope_i = (on_i * (p[2] * v_e + p[3] * v_i - p[5]) - v_i) * p[7]
    return slope_e, slope_i


@kernel(inline="always")
def _step(v_e, v_i, on_e, on_i, dt, p):
    """One step of the classical Runge-Kutta method in the linear field of one region."""
    half = 0.5 * dt
    a_e, a_i = _slope(v_e, v_i, on_e, on_i, p)
    b_e, b_i = _slope(v_e + half * a_e, v_i + half * a_i, on_e, on_i, p)
    c_e, c_i = _slope(v_e + half * b_e, v_i + half * b_i, on_e, on_i, p)
    d_e, d_i = _slope(v_e + dt * c_e, v_i + dt * c_i, on_e, on_i, p)
    sixth = dt / 6.0
    new_e = v_e + sixth * (a_e + 2.0 * (b_e + c_e) + d_e)
    new_i = v_i + sixth * (a_i + 2.0 * (b_i + c_i) + d_i)
    return new_e, new_i


@kernel
def _time_to_line(v_e, v_i, on_e, on_i, dt, to_e, to_i, gamma, p):
    """Time at which to_e v_E + to_i v_I = gamma, inside a step that crosses this line (Newton)."""
    until = dt
    for _ in range(6):
        new_e, new_i = _step(v_e, v_i, on_e, on_i, until, p)
        slope_e, slope_i = _slope(new_e, new_i, on_e, on_i, p)
        speed = to_e * slope_e + to_i * slope_i
        if speed != 0.0:
            until -= (to_e * new_e + to_i * new_i - gamma) / speed
        until = min(max(until, 0.0), dt)
    return until


@kernel
def _step_across(v_e, v_i, dt, p):
    """One step that stops at each switching line it meets and goes on in the next region."""
    on_e, on_i = _gates(v_e, v_i, p)
    for _ in range(4):
        new_e, new_i = _step(v_e, v_i, on_e, on_i, dt, p)
        end_e, end_i = _gates(new_e, new_i, p)
        if end_e == on_e and end_i == on_i:
            break
        until_e, until_i = dt, dt
        if end_e != on_e:
            until_e = _time_to_line(v_e, v_i, on_e, on_i, dt, p[0], p[1], p[4], p)
        if end_i != on_i:
            until_i = _time_to_line(v_e, v_i, on_e, on_i, dt, p[2], p[3], p[5], p)
        until = min(until_e, until_i)
        v_e, v_i = _step(v_e, v_i, on_e, on_i, until, p)
        dt -= until
        if until_e <= until_i:
            on_e = end_e
        if until_i <= until_e:
            on_i = end_i
    return _step(v_e, v_i, on_e, on_i, dt, p)


@kernel
def advance(rates, m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i, dt):
    """Fill `rates[1:]` from `rates[0]`; its shape is (steps + 1, 2, trajectories), E before I.

    Twin: `tests.naive.rate.advance`.
    """
    p = _packed(m_ee, m_ei, m_ie, m_ii, gamma_e, gamma_i, tau_e, tau_i)
    for step in range(rates.shape[0] - 1):
        before, after = rates[step], rates[step + 1]
        for trajectory in range(rates.shape[2]):
            v_e, v_i = before[0, trajectory], before[1, trajectory]
            on_e, on_i = _gates(v_e, v_i, p)
            v_e, v_i = _step(v_e, v_i, on_e, on_i, dt, p)
            after[0, trajectory], after[1, trajectory] = v_e, v_i
        for trajectory in range(rates.shape[2]):
            v_e, v_i = before[0, trajectory], before[1, trajectory]
            on_e, on_i = _gates(v_e, v_i, p)
            end_e, end_i = _gates(after[0, trajectory], after[1, trajectory], p)
            if on_e != end_e or on_i != end_i:
                v_e, v_i = _step_across(v_e, v_i, dt, p)
                after[0, trajectory], after[1, trajectory] = v_e, v_i
