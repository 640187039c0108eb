"""Firing rate, density and overshoots of a leaky neuron driven by stable (Levy) noise.

Model: tau dV = (mean - V) dt + scale dL, where L is a stable process of index alpha in (1, 2] and
skew beta in [-1, 1], normalised so that index 2 is N. Brunel's diffusion (J. Comput. Neurosci.
8:183, 2000); a spike is the first passage above threshold, by creeping or by a jump that leaps
over it. Source of the model: A. Wardak and P. Gong, Phys. Rev. Research 3:013083 (2021). Their
closed form is not used: the first-passage equation is solved numerically, to near rounding error.

Method. With T(V) the mean time (in tau) from V to the first passage, L T = -1 below threshold and
T = 0 above. Integrating the jump integral by parts twice gives L f = (mean - V) f' + (K f')',
where K is convolution with c_-+ |z|**(1 - alpha). Galerkin's method with f' a Legendre polynomial
on each panel of a mesh graded towards threshold and reset converges geometrically in the degree.
The transposed system gives the stationary density. Time ms, potential mV, rate Hz.
"""

import dataclasses
import functools
import math
import warnings

import numpy as np
from scipy import linalg, optimize, special

from balcourse.parameters import checked

_RELIABLE = 1e-3
_TINY_RATE = 1e-9
_FLOOR = 1e-30  # width of the panel nearest to threshold, at least, over the scale


@dataclasses.dataclass(frozen=True)
class FirstPassage:
    """The solved first-passage problem: what `first_passage` returns.

    Attributes
    ----------
    mean, scale, threshold, reset : float
        Parameters, mV.
    index, skew : float
        Parameters of the noise.
    tau, refractory : float
        Parameters, ms.
    rate : float
        Stationary firing rate, Hz.
    error : float
        Estimated absolute error of `rate`, Hz.
    depths : numpy.ndarray
        Shape (panels + 1,), edges of the panels as distances below threshold, mV, increasing.

    """

    mean: float
    scale: float
    index: float
    skew: float
    threshold: float
    reset: float
    tau: float
    refractory: float
    rate: float
    error: float
    depths: np.ndarray
    _time: np.ndarray = dataclasses.field(repr=False)
    _density: np.ndarray = dataclasses.field(repr=False)

    @property
    def reliable(self):
        """Whether the estimated error is below 0.1 % of the rate, or below 1e-9 Hz."""
        return bool(self.error <= _RELIABLE * self.rate + _TINY_RATE)

    def passage_time(self, potential):
        """Mean time from `potential` (mV) to the next spike, ms; 0 from threshold up."""
        return self.tau * self._at(self._time, potential)

    def density(self, potential):
        """Stationary density of the membrane potential, 1/mV; its integral is 1 - rate*refractory.

        Parameters
        ----------
        potential : float or array_like
            Potentials, mV.

        """
        return self._at(self._density, potential)

    def overshoot(self, distance):
        """Probability that a spike lands more than `distance` (mV, above 0) above threshold.

        For skew > -1 and index < 2 every spike leaps over the threshold, and the probability
        tends to 1 at distance 0; at index 2 or skew -1 the path is continuous upwards: it is 0.

        Examples
        --------
        >>> passage = first_passage(15, 5, 1.5)
        >>> passage.overshoot([0.1, 1.0, 10.0]).round(2)
        array([0.77, 0.49, 0.12])

        """
        distance = np.asarray(distance, float)
        if self.index == 2 or not (distance > 0).all():
            if self.index == 2:
                return np.zeros(distance.shape)
            raise ValueError("distance: must be above 0 mV")
        nodes, weights = np.polynomial.legendre.leggauss(12)
        widths = np.diff(self.depths)[:, None]
        depths = (self.depths[:-1, None] + widths * (nodes + 1) / 2).ravel()
        masses = self.density(self.threshold - depths) * (widths * weights / 2).ravel()
        up, _ = _jump_rates(self.scale, self.index, self.skew)
        beyond = (depths + distance[..., None]) ** -self.index @ masses * up / self.index
        return beyond / (1e-3 * self.rate * self.tau)

    def _at(self, slopes, potential):
        """Evaluate a function that is 0 at threshold from its slopes' Legendre coefficients."""
        potential = np.asarray(potential, float)
        inside = np.clip(self.threshold - potential.ravel(), 0, self.depths[-1])
        panel = np.clip(np.searchsorted(self.depths, inside, "right") - 1, 0, len(slopes) - 1)
        start = np.concatenate([[0], np.cumsum(slopes[:, 0])])
        place = (inside - self.depths[panel]) / np.diff(self.depths)[panel]
        integrals = _legendre_integrals(slopes.shape[1], place)
        return (start[panel] + (integrals.T * slopes[panel]).sum(1)).reshape(potential.shape)


def firing_rate(mean, scale, index, skew=0.0, threshold=20.0, reset=10.0, tau=20.0, refractory=2.0):
    """Stationary firing rate of a leaky integrate-and-fire neuron under stable noise.

    Parameters
    ----------
    mean : float
        Mean input, mV: where V would rest without noise and threshold.
    scale : float
        Scale of the noise, mV, above 0; at index 2 Brunel's sigma (free sd = scale/sqrt(2)).
    index : float
        Stability index alpha, above 1, at most 2. The smaller, the heavier the tails.
    skew : float
        Skewness beta, -1 to 1: the share of upward minus downward jumps.
    threshold, reset : float
        mV, reset below threshold.
    tau, refractory : float
        Membrane time constant and refractory period, ms.

    Returns
    -------
    float
        Rate, Hz.

    Raises
    ------
    ValueError
        If a parameter is out of its bounds.

    Warns
    -----
    RuntimeWarning
        If the estimated error exceeds 0.1 % of the rate and 1e-9 Hz; `first_passage` returns it.

    Notes
    -----
    Model: A. Wardak and P. Gong, Phys. Rev. Research 3:013083 (2021). At index 2 this is
    Siegert's formula (A. Siegert, Phys. Rev. 81:617, 1951).

    Examples
    --------
    >>> round(firing_rate(15, 5, 2), 4)
    9.4608
    >>> round(firing_rate(15, 5, 1.2), 3)
    6.886

    """
    passage = first_passage(mean, scale, index, skew, threshold, reset, tau, refractory)
    if not passage.reliable:
        warnings.warn(
            f"rate {passage.rate:.3g} Hz at mean {mean:g} mV, scale {scale:g} mV, index {index:g}, "
            f"skew {skew:g}: estimated error {passage.error:.1g} Hz",
            RuntimeWarning,
            stacklevel=2,
        )
    return passage.rate


def first_passage(
    mean,
    scale,
    index,
    skew=0.0,
    threshold=20.0,
    reset=10.0,
    tau=20.0,
    refractory=2.0,
    *,
    degree=9,
    ratio=1.0,
    bottom=None,
):
    """Solve the first-passage problem; return rate, error estimate, density and overshoots.

    Parameters
    ----------
    mean, scale, index, skew, threshold, reset, tau, refractory : float
        As in `firing_rate`.
    degree : int
        Polynomials per panel, 3 to 20; the error falls geometrically with it.
    ratio : float
        Width of a panel over its distance from threshold or reset, 0.05 to 2.
    bottom : float, optional
        Lowest potential of the domain, mV, below mean and reset. Left out, it lies so deep that
        the share of time spent below it is under 1e-7.

    Returns
    -------
    FirstPassage
        The error estimate is the change of the rate when each panel loses its two highest
        polynomials and the two panels nearest to threshold are left out, plus the share of time
        spent in the lowest panel and, by the density's power law, below it. As the index tends to
        1 the layer at threshold becomes too thin to be resolved; the change is then multiplied by
        the number of such pairs of panels that would be needed.

    Raises
    ------
    ValueError
        If a parameter is out of its bounds.

    Examples
    --------
    >>> passage = first_passage(15, 5, 1.5)
    >>> round(passage.rate, 3), passage.error < 1e-3, passage.reliable
    (7.27, True, True)
    >>> first_passage(15, 50, 1.2, bottom=-100).reliable
    False

    """
    mean = checked("mean", mean, "mV")
    scale = checked("scale", scale, "mV", above=0)
    index = checked("index", index, above=1, at_most=2)
    skew = checked("skew", skew, at_least=-1, at_most=1)
    threshold = checked("threshold", threshold, "mV")
    reset = checked("reset", reset, "mV", below=threshold)
    tau = checked("tau", tau, "ms", above=0)
    refractory = checked("refractory", refractory, "ms", at_least=0)
    degree = checked("degree", degree, integer=True, at_least=3, at_most=20)
    ratio = checked("ratio", ratio, at_least=0.05, at_most=2)
    up, down = _jump_rates(scale, index, skew)
    if bottom is None:
        tail = (1e7 * down / index**2) ** (1 / index)
        depth = threshold - min(mean, reset) + 12 * scale + tail
    else:
        depth = threshold - checked("bottom", bottom, "mV", below=min(mean, reset))

    depths, above_reset, unresolved = _mesh(
        threshold - mean, threshold - reset, scale, index, depth, ratio
    )
    system, ones = _system(depths, threshold - mean, scale, index, up, down, degree)
    source = np.zeros_like(ones)
    source[:above_reset, 0] = 1.0

    def solved(skipped, kept):
        shape = ones[skipped:, :kept].shape
        matrix = system[skipped:, :kept, skipped:, :kept].reshape(math.prod(shape), -1)
        factors = linalg.lu_factor(matrix, check_finite=False)
        start = source[skipped:, :kept]
        time = linalg.lu_solve(factors, -ones[skipped:, :kept].ravel()).reshape(shape)
        passage = float((start * time).sum())
        return 1e3 / (refractory + tau * passage), time, factors

    rate, time, factors = solved(0, degree)
    coarse, _, _ = solved(2, degree - 2)
    density = linalg.lu_solve(factors, -source.ravel(), trans=1).reshape(source.shape)
    total = (density * ones).sum()
    last = (density[-1] * ones[-1]).sum() + density[:-1, 0].sum() * (depths[-1] - depths[-2])
    beyond = down / (index**2 * (depth - threshold + mean) ** index)
    error = unresolved * abs(rate - coarse) + abs(rate) * (abs(last / total) + beyond)
    if not (math.isfinite(rate) and rate >= 0):
        rate, error = 0.0, max(error, abs(rate), abs(coarse)) if math.isfinite(rate) else math.inf
    density = density * (1e-3 * rate * tau)
    return FirstPassage(
        mean, scale, index, skew, threshold, reset, tau, refractory,
        rate, float(error), depths, time, density,
    )  # fmt: skip


def big_jump_rate(mean, scale, index, skew=0.0, threshold=20.0, tau=20.0):
    """Rate far below threshold, where one big jump makes the spike, Hz.

    Parameters as in `firing_rate`, with index below 2. The rate of jumps larger than the distance
    d to threshold falls as the power -index of d, where index 2 gives Arrhenius' exponential.

    Examples
    --------
    >>> round(big_jump_rate(-80, 5, 1.5), 4), round(firing_rate(-80, 5, 1.5), 4)
    (0.0558, 0.0565)

    """
    scale = checked("scale", scale, "mV", above=0)
    index = checked("index", index, above=1, below=2)
    skew = checked("skew", skew, at_least=-1, at_most=1)
    tau = checked("tau", tau, "ms", above=0)
    distance = checked("threshold - mean", threshold - mean, "mV", above=0)
    return 1e3 * _jump_rates(scale, index, skew)[0] / (index * tau * distance**index)


@dataclasses.dataclass(frozen=True)
class NetworkState:
    """A self-consistent state of a heavy-tailed network.

    Attributes
    ----------
    rate, error : float
        Rate of every neuron and its estimated error, Hz.
    mean, scale : float
        Mean and scale of a neuron's input, mV.
    index, skew : float
        Index and skewness of its fluctuations.

    """

    rate: float
    error: float
    mean: float
    scale: float
    index: float
    skew: float


def network_input(network, rate, *, skewed=True):
    """Mean (mV), scale (mV) and skewness of a neuron's input when every neuron fires at `rate` Hz.

    Excitatory and external jumps go up, inhibitory ones down; each kind contributes its rate times
    its weight to the power `index`. With `skewed` False the skewness is set to 0.
    """
    outside = network.c_e * network.external_rate * 1e-3 * network.tau
    inside_up = network.c_e * rate * 1e-3 * network.tau
    inside_down = network.c_i * rate * 1e-3 * network.tau
    upward, downward = outside + inside_up, inside_down * network.g**network.index
    mean = network.j * (outside + inside_up - network.g * inside_down)
    scale = network.j * (upward + downward) ** (1 / network.index)
    return mean, scale, (upward - downward) / (upward + downward) if skewed else 0.0


def network_rate(network, *, skewed=True):
    """Self-consistent rate of a heavy-tailed network, its neurons taken as independent.

    Parameters
    ----------
    network : balcourse.models.heavy.HeavyTailedNetwork
        What is to be predicted.
    skewed : bool
        False asks what would be if the input's fluctuations were symmetric.

    Returns
    -------
    NetworkState
        The state of the lowest rate.

    Raises
    ------
    ValueError
        If the network gets no external input.

    Notes
    -----
    Mean field of A. Wardak and P. Gong, Phys. Rev. Research 3:013083 (2021), which assumes sparse
    wiring and a different weight each time (annealed), with the first passage solved exactly.

    Examples
    --------
    >>> from balcourse.models.heavy import HeavyTailedNetwork
    >>> round(network_rate(HeavyTailedNetwork(2.0, n=50_000, j=0.02)).rate, 2)
    17.84

    """
    checked("external_ratio", network.external_ratio, above=0)

    def solved(rate):
        mean, scale, skew = network_input(network, rate, skewed=skewed)
        return first_passage(
            mean,
            scale,
            network.index,
            skew,
            network.threshold,
            network.reset,
            network.tau,
            network.refractory,
            degree=7,
        )

    def excess(rate):
        return solved(rate).rate - rate

    fastest = 1e3 / network.refractory if network.refractory else 1e4
    trials = np.concatenate([[0.0], np.geomspace(1e-3, 0.999, 9) * fastest])
    low, gain = 0.0, excess(0.0)
    for high in trials[1:]:
        loss = excess(high)
        if loss < 0 <= gain:
            break
        low, gain = high, loss
    rate = optimize.brentq(excess, low, high, xtol=1e-9, rtol=1e-8) if gain > 0 else 0.0
    passage = solved(rate)
    step = 1e-3 * rate + 1e-9
    slope = (excess(rate + step) - (passage.rate - rate)) / step
    mean, scale, skew = network_input(network, rate, skewed=skewed)
    return NetworkState(
        rate, passage.error / max(abs(slope), 1e-9), mean, scale, network.index, skew
    )


def _jump_rates(scale, index, skew):
    """Jumps per tau of size z are c z**(-1 - index) dz: c upwards and c downwards."""
    # sin(pi) is not 0 in floating point, so index 2, which has no jumps, is set apart.
    constant = math.gamma(1 + index) * math.sin(math.pi * index / 2) / math.pi
    constant = 0.5 * scale**index * constant if index < 2 else 0.0
    return constant * (1 + skew), constant * (1 - skew)


def _mesh(mean_depth, reset_depth, scale, index, depth, ratio):
    """Edges of the panels below threshold, how many lie above reset, pairs missing at threshold.

    Panels shrink geometrically towards threshold and reset, down to where jumps outrun the drift,
    and are no wider than the scale within 8 scales of the mean.
    """
    shorter = min(scale, reset_depth)
    log_layer = math.log(scale**index / (abs(mean_depth) + scale + reset_depth)) / (index - 1)
    layer = math.exp(min(log_layer, 700))
    at_threshold = max(_FLOOR * shorter, min(1e-6 * shorter, 1e-3 * layer))
    at_reset = max(1e-9 * reset_depth, min(1e-3 * shorter, layer))
    spread = np.geomspace(min(at_threshold, at_reset) / 100, depth, 1000)
    anchors = [[0.0, reset_depth, depth], spread]
    anchors += [point + side * spread for point in (reset_depth, mean_depth) for side in (-1, 1)]
    points = np.unique(np.concatenate(anchors))
    points = points[(points >= 0) & (points <= depth)]
    width = np.minimum(points + at_threshold, abs(points - reset_depth) + at_reset)
    width = ratio * np.minimum(width, scale + np.maximum(abs(points - mean_depth) - 8 * scale, 0))
    level = np.concatenate([[0.0], np.cumsum(np.diff(points) * 2 / (width[1:] + width[:-1]))])
    above, total = np.interp([reset_depth, depth], points, level)
    above_reset, below_reset = math.ceil(above), max(1, math.ceil(total - above))
    levels = np.concatenate(
        [np.linspace(0, above, above_reset + 1), np.linspace(above, total, below_reset + 1)[1:]]
    )
    depths = np.interp(levels, level, points)
    depths[above_reset] = reset_depth
    missing = (math.log(at_threshold) - log_layer) / math.log(depths[3] / depths[1])
    return depths, above_reset, max(1.0, missing)


def _system(depths, mean_depth, scale, index, up, down, degree):
    """Galerkin matrix of L, shape (panels, degree, panels, degree), and the functional of 1.

    Everything is a function of the depth y below threshold. Basis of the slopes f': Legendre
    polynomials on [0, 1] over the panel's width, so that the coefficient 0 is the increment of f.
    """
    table = _tables(degree, index)
    panels, widths = np.arange(len(depths) - 1), np.diff(depths)
    nodes = depths[:-1, None] + widths[:, None] * table.nodes
    lower = panels[None, :] > panels[:, None]

    ones = widths[:, None] * (table.integrals @ table.weights)
    ones[:, 0] += depths[-1] - depths[1:]

    drift = table.weights * (mean_depth - nodes)
    carried = drift @ table.values.T
    system = np.zeros((len(panels), degree, len(panels), degree))
    system[:, 0] = lower[:, :, None] * carried
    system[panels, :, panels] += np.einsum("na,ia,ja->nij", drift, table.integrals, table.values)

    if index == 2:
        own = np.diag(0.5 / (2 * np.arange(degree) + 1))
        system[panels, :, panels] -= scale**2 * own / widths[:, None, None]
        return system, ones

    power, count = 1 - index, len(table.nodes)
    flat = nodes.ravel()
    distance = abs(flat[:, None] - flat).reshape(len(panels), count, len(panels), count)
    distance[panels, :, panels] = 1.0
    weighted = (table.weights * table.values).T
    jumps = (distance**power).reshape(-1, count) @ weighted
    jumps = weighted.T @ jumps.reshape(len(panels), count, -1)
    jumps = jumps.reshape(len(panels), degree, len(panels), degree)

    first, second = widths[:-1, None], widths[1:, None]
    touching = np.tensordot((first + second * table.nodes) ** power, table.near, 1)
    touching += np.tensordot((first * table.nodes + second) ** power, table.far, 1)
    jumps[panels[:-1], :, panels[1:]] = touching
    jumps[panels[1:], :, panels[:-1]] = touching.transpose(0, 2, 1)
    jumps *= np.where(lower, down, up)[:, None, :, None] / (index * (index - 1))
    own = (down * table.own + up * table.own.T) / (index * (index - 1))
    jumps[panels, :, panels] = widths[:, None, None] ** power * own
    system -= jumps
    return system, ones


@dataclasses.dataclass(frozen=True)
class _Tables:
    """Quadrature on [0, 1], and the kernel |y - y'|**(1 - index) between Legendre polynomials."""

    nodes: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    integrals: np.ndarray
    own: np.ndarray = None
    near: np.ndarray = None
    far: np.ndarray = None


@functools.lru_cache(maxsize=128)
def _tables(degree, index):
    """Make the tables; `own` is the half with y' > y; `near` and `far` split touching panels."""
    count = degree + 2
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes, weights = (nodes + 1) / 2, weights / 2
    plain = nodes, weights, _legendre(degree, nodes), _legendre_integrals(degree, nodes)
    if index == 2:
        return _Tables(*plain)

    gap, share = _power_quadrature(count, 1 - index)
    place = np.outer(1 - gap, nodes)
    shifted = _legendre(degree, place + gap[:, None])
    inner = np.einsum("t,irt,jrt->rij", weights, _legendre(degree, place), shifted)
    own = np.tensordot(share * (1 - gap), inner, 1)

    reach, share = _power_quadrature(count, 2 - index)
    part = np.outer(reach, nodes)
    left, left_part = _legendre(degree, 1 - reach) * share, _legendre(degree, 1 - part)
    right, right_part = _legendre(degree, reach) * share, _legendre(degree, part)
    near = np.einsum("v,ir,jrv->vij", weights, left, right_part)
    far = np.einsum("v,irv,jr->vij", weights, left_part, right)
    return _Tables(*plain, own, near, far)


def _power_quadrature(count, power):
    """Gauss-Jacobi nodes and weights of the weight x**power on [0, 1]."""
    nodes, weights = special.roots_jacobi(count, 0, power)
    return (nodes + 1) / 2, weights / 2 ** (1 + power)


def _legendre(degree, place):
    """Legendre polynomials 0 to degree - 1 on [0, 1]; the first axis is the polynomial."""
    return np.moveaxis(np.polynomial.legendre.legvander(2 * place - 1, degree - 1), -1, 0)


def _legendre_integrals(degree, place):
    """Integrals of the same polynomials from 0 to `place`."""
    values = _legendre(degree + 1, place)
    order = np.arange(1, degree).reshape(-1, *[1] * np.ndim(place))
    higher = (values[2:] - values[:-2]) / (4 * order + 2)
    return np.concatenate([place[None], higher])
