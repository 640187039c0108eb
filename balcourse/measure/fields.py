"""What is read off a sheet of neurons: patterns and their motion, correlations, fluctuations.

A field is an array (frames, n, n) on a torus: spikes a site and frame. Patterns are connected
clusters of active sites, followed from frame to frame. Distance in sites, time in ms.
"""

import dataclasses

import numpy as np
import scipy.ndimage

from balcourse.parameters import checked

_EIGHT_NEIGHBOURS = np.ones((3, 3), int)


@dataclasses.dataclass(frozen=True, eq=False)
class Patterns:
    """All patterns of a field, in order of frame.

    Attributes
    ----------
    frame : numpy.ndarray
        Shape (patterns,): the frame's number.
    area : numpy.ndarray
        Shape (patterns,): active sites.
    centre : numpy.ndarray
        Shape (patterns, 2): row and column of the centroid, in [0, n).
    frames, n : int
        Size of the field.
    """

    frame: np.ndarray
    area: np.ndarray
    centre: np.ndarray
    frames: int
    n: int

    @property
    def number(self):
        """Patterns in each frame, shape (frames,)."""
        return np.bincount(self.frame, minlength=self.frames)

    @property
    def activity(self):
        """Fraction of frames that hold a pattern."""
        return float(np.mean(self.number > 0))


def find_patterns(field, *, smallest=10):
    """Find the clusters of active sites in each frame.

    Two active sites belong together where they touch, at a side or at a corner, on the torus.

    Parameters
    ----------
    field : array_like
        Shape (frames, n, n); a site is active where it is not 0.
    smallest : int
        Clusters of fewer sites are left out.

    Returns
    -------
    Patterns

    Raises
    ------
    ValueError
        If the field is not a stack of squares.

    Examples
    --------
    >>> field = np.zeros((1, 20, 20))
    >>> field[0, :4, -2:] = field[0, :4, :3] = 1
    >>> found = find_patterns(field)
    >>> found.area, found.centre
    (array([20]), array([[1.5, 0. ]]))
    """
    field = np.asarray(field)
    if field.ndim != 3 or field.shape[1] != field.shape[2]:
        raise ValueError(f"field has shape {field.shape}: must be (frames, n, n)")
    checked("smallest", smallest, "sites", integer=True, at_least=1)
    n = field.shape[1]
    found = [_clusters(active, smallest) for active in field != 0]
    centres = np.concatenate([centre for _, centre in found] or [np.empty((0, 2))])
    return Patterns(
        frame=np.repeat(np.arange(len(found)), [area.size for area, _ in found]),
        area=np.concatenate([area for area, _ in found] or [np.empty(0, int)]),
        centre=centres,
        frames=len(found),
        n=n,
    )


def _clusters(active, smallest):
    """Return (areas, centroids) of one frame."""
    n = active.shape[0]
    labels, count = scipy.ndimage.label(active, _EIGHT_NEIGHBOURS)
    labels = _joined(labels, count)[labels]
    sites = np.argwhere(active)
    names, which, area = np.unique(labels[active], return_inverse=True, return_counts=True)
    # A cluster's sites are counted from one of its own sites, so that the edge does not cut it;
    # the circular mean alone would be wrong for a cluster that is not symmetric.
    turns = np.exp(2j * np.pi * sites / n)
    anchor = np.zeros((names.size, 2), complex)
    np.add.at(anchor, which, turns)
    middle = np.angle(anchor) * n / (2 * np.pi)
    offset = on_torus(sites - middle[which], n)
    shift = np.zeros((names.size, 2))
    np.add.at(shift, which, offset)
    large = area >= smallest
    centre = np.mod(np.round(middle + shift / area[:, None], 9), n)
    return area[large], centre[large]


def _joined(labels, count):
    """Return for each label the smallest label that it touches across the torus's edges."""
    parent = np.arange(count + 1)

    def root(label):
        while parent[label] != label:
            label = parent[label]
        return label

    for low, high in ((labels[0], labels[-1]), (labels[:, 0], labels[:, -1])):
        for shift in (-1, 0, 1):
            pairs = np.stack([low, np.roll(high, shift)], axis=1)
            for one, other in np.unique(pairs[pairs.all(axis=1)], axis=0):
                first, second = sorted((root(one), root(other)))
                parent[second] = first
    return np.array([root(label) for label in range(count + 1)])


def on_torus(difference, n):
    """Return the shortest of the equivalent differences, in [-n/2, n/2).

    Examples
    --------
    >>> on_torus(np.array([9, -9, 2]), 10)
    array([-1.,  1.,  2.])
    """
    return (difference + n / 2) % n - n / 2


@dataclasses.dataclass(frozen=True, eq=False)
class Tracks:
    """How patterns move from one frame to the next.

    Attributes
    ----------
    earlier, later : numpy.ndarray
        Shape (links,): numbers of the same pattern in two successive frames.
    displacement : numpy.ndarray
        Shape (links, 2): rows and columns moved in one frame.
    width : float
        Time from frame to frame (ms).
    """

    earlier: np.ndarray
    later: np.ndarray
    displacement: np.ndarray
    width: float

    @property
    def distances(self):
        """Length of each displacement, shape (links,), sites."""
        return np.hypot(*self.displacement.T)

    @property
    def speed(self):
        """Median speed (sites a ms); NaN where nothing was followed."""
        return float(np.median(self.distances) / self.width) if self.earlier.size else np.nan

    @property
    def directions(self):
        """Angle of each displacement from the columns' axis, shape (links,), radians."""
        return np.arctan2(self.displacement[:, 0], self.displacement[:, 1])

    @property
    def persistence(self):
        """Mean cosine of the angle between successive displacements of a pattern, or NaN."""
        order = np.argsort(self.earlier)
        at = np.searchsorted(self.earlier, self.later, sorter=order)
        at = order[np.minimum(at, order.size - 1)] if order.size else at
        follows = self.earlier[at] == self.later
        before, after = self.displacement[follows], self.displacement[at[follows]]
        lengths = np.hypot(*before.T) * np.hypot(*after.T)
        moved = lengths > 0
        cosine = (before * after).sum(axis=1)[moved] / lengths[moved]
        return float(cosine.mean()) if cosine.size else np.nan


def track(patterns, *, width, farthest=12.0):
    """Link each pattern to one of the next frame if each is the other's nearest.

    Parameters
    ----------
    patterns : Patterns
    width : float
        Time from frame to frame (ms).
    farthest : float
        Largest step that a link can span (sites).

    Returns
    -------
    Tracks

    Examples
    --------
    >>> field = np.zeros((2, 30, 30))
    >>> field[0, 4:8, 4:8] = field[1, 4:8, 7:11] = 1
    >>> track(find_patterns(field), width=2.0).speed
    1.5
    """
    checked("width", width, "ms", above=0)
    checked("farthest", farthest, "sites", above=0)
    starts = np.searchsorted(patterns.frame, np.arange(patterns.frames + 1))
    earlier, later, displacement = [], [], []
    for frame in range(patterns.frames - 1):
        here = np.arange(starts[frame], starts[frame + 1])
        there = np.arange(starts[frame + 1], starts[frame + 2])
        if here.size and there.size:
            step = patterns.centre[there][None] - patterns.centre[here][:, None]
            step = on_torus(step, patterns.n)
            distance = np.hypot(step[..., 0], step[..., 1])
            nearest = distance.argmin(axis=1)
            rows = np.arange(here.size)
            mutual = distance.argmin(axis=0)[nearest] == rows
            kept = rows[mutual & (distance[rows, nearest] < farthest)]
            earlier.append(here[kept])
            later.append(there[nearest[kept]])
            displacement.append(step[kept, nearest[kept]])
    return Tracks(
        earlier=np.concatenate(earlier or [np.empty(0, int)]),
        later=np.concatenate(later or [np.empty(0, int)]),
        displacement=np.concatenate(displacement or [np.empty((0, 2))]),
        width=width,
    )


def population_cv(field):
    """Return standard deviation over mean of the spikes a frame (population fluctuation).

    Examples
    --------
    >>> population_cv(np.ones((5, 4, 4)))
    0.0
    """
    totals = np.asarray(field).reshape(len(field), -1).sum(axis=1, dtype=float)
    return float(totals.std() / totals.mean()) if totals.any() else np.nan


def regime(activity, fluctuation, speed, area):
    """Name what a sheet does from four numbers.

    Parameters
    ----------
    activity : float
        Fraction of frames with a pattern.
    fluctuation : float
        `population_cv` of the spikes a ms.
    speed : float
        Median speed of the patterns (sites a ms).
    area : float
        Mean area of the patterns, as a fraction of the sheet.

    Returns
    -------
    str
        ``"rings"`` where a pattern covers more than 4 % of the sheet; else ``"waves"`` if always
        there, steady and moving; else ``"flashes"`` (below 0.7 sites a ms) or ``"bursts"``.

    Notes
    -----
    The bounds were chosen for sheets of 64 to 100 sites with the course's reach; they are no law.

    Examples
    --------
    >>> regime(1.0, 0.3, 2.1, 0.006)
    'waves'
    """
    if area > 0.04:
        return "rings"
    if activity >= 0.97 and fluctuation <= 0.6 and speed >= 1.2:
        return "waves"
    return "bursts" if speed >= 0.7 else "flashes"


@dataclasses.dataclass(frozen=True)
class Portrait:
    """What a sheet does, in seven numbers (see `portrait`).

    Attributes
    ----------
    activity : float
        Fraction of frames with a pattern.
    fluctuation : float
        `population_cv` of the spikes a ms.
    number : float
        Patterns at once.
    area : float
        Mean area of a pattern (sites); NaN without any.
    speed : float
        Median speed (sites a ms); NaN where nothing was followed.
    persistence : float
        Mean cosine between successive displacements; NaN without any.
    regime : str
        See `regime`.
    """

    activity: float
    fluctuation: float
    number: float
    area: float
    speed: float
    persistence: float
    regime: str


def portrait(field):
    """Measure the patterns of a field of one frame a ms, in frames of 2 ms.

    Parameters
    ----------
    field : array_like
        Spikes a site and ms, shape (frames, n, n).

    Returns
    -------
    Portrait

    Examples
    --------
    >>> field = np.zeros((40, 40, 40))
    >>> for step in range(40):
    ...     field[step, 10:14, step // 2 * 3 % 40] = 1
    ...     field[step, 10:14, (step // 2 * 3 + 1) % 40] = 1
    ...     field[step, 10:14, (step // 2 * 3 + 2) % 40] = 1
    >>> portrait(field).speed, portrait(field).regime
    (1.5, 'waves')
    """
    field = np.asarray(field)
    patterns = find_patterns(field[: len(field) // 2 * 2].reshape(-1, 2, *field.shape[1:]).any(1))
    tracks = track(patterns, width=2.0)
    fluctuation = population_cv(field)
    area = float(patterns.area.mean()) if patterns.area.size else np.nan
    return Portrait(
        activity=patterns.activity,
        fluctuation=fluctuation,
        number=float(patterns.number.mean()),
        area=area,
        speed=tracks.speed,
        persistence=tracks.persistence,
        regime=regime(patterns.activity, fluctuation, tracks.speed, area / patterns.n**2),
    )


def fano_against_window(field, windows):
    """Return the variance over the mean of spike counts, for several lengths of window.

    Parameters
    ----------
    field : array_like
        Spikes a frame, shape (frames, ...).
    windows : sequence of int
        Lengths in frames.

    Returns
    -------
    numpy.ndarray
        Shape (windows,): mean over the sites that fired, NaN where fewer than two windows fit.

    Examples
    --------
    >>> fano_against_window(np.ones((100, 3)), [1, 10])
    array([0., 0.])
    """
    flat = np.asarray(field).reshape(len(field), -1)
    factors = []
    for window in windows:
        checked("windows", window, "frames", integer=True, at_least=1)
        whole = len(flat) // window
        if whole < 2:
            factors.append(np.nan)
            continue
        counts = flat[: whole * window].reshape(whole, window, -1).sum(axis=1, dtype=float)
        counts = counts[:, counts.any(axis=0)]
        ratios = counts.var(axis=0, ddof=1) / counts.mean(axis=0)
        factors.append(float(ratios.mean()) if ratios.size else np.nan)
    return np.array(factors)


def correlation_against_distance(series, positions, n, edges):
    """Return the mean correlation of pairs of sites, by their distance on the torus.

    Parameters
    ----------
    series : array_like
        Shape (samples, sites).
    positions : array_like
        Shape (sites, 2): row and column.
    n : int
        Sites along one side of the torus.
    edges : array_like
        Edges of the bins of distance (sites), increasing.

    Returns
    -------
    distances, correlations : numpy.ndarray
        Shape (bins,): mean distance and mean Pearson correlation; NaN in an empty bin. Series
        that never change are left out.

    Examples
    --------
    >>> same = np.sin(np.arange(50.0))
    >>> series = np.stack([same, same, -same], axis=1)
    >>> correlation_against_distance(series, [[0, 0], [0, 1], [0, 3]], 20, [0.5, 1.5, 3.5])
    (array([1. , 2.5]), array([ 1., -1.]))
    """
    series, positions = np.asarray(series, float), np.asarray(positions)
    alive = series.std(axis=0) > 0
    series, positions = series[:, alive], positions[alive]
    correlation = np.corrcoef(series, rowvar=False)
    apart = on_torus(positions[:, None] - positions[None], n)
    one, other = np.triu_indices(len(positions), 1)
    distance = np.hypot(apart[..., 0], apart[..., 1])[one, other]
    which = np.digitize(distance, edges) - 1
    inside = (which >= 0) & (which < len(edges) - 1)
    pairs = np.bincount(which[inside], minlength=len(edges) - 1).astype(float)
    pairs[pairs == 0] = np.nan
    sums = [
        np.bincount(which[inside], weights[inside], minlength=len(edges) - 1)
        for weights in (distance, correlation[one, other])
    ]
    return sums[0] / pairs, sums[1] / pairs


def half_time(input_):
    """Return the smallest fraction of the time that carries half of an input.

    A half for a constant input; the nearer to 0, the more synchronously it arrives.

    Parameters
    ----------
    input_ : array_like
        Shape (samples, sites), not negative.

    Returns
    -------
    float
        Mean over the sites.

    Examples
    --------
    >>> half_time(np.ones((100, 2)))
    0.5
    """
    ordered = -np.sort(-np.asarray(input_, float), axis=0)
    carried = np.cumsum(ordered, axis=0)
    return float((carried < carried[-1] / 2).sum(axis=0).mean() + 1) / len(ordered)
