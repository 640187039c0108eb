"""The explorer: a drawing behind one to three sliders, each frame drawn once, no kernel needed."""

import collections
import dataclasses
import gzip
import itertools
import json

import cloudpickle
import joblib
import traitlets

from balcourse.cache import cache_folder
from balcourse.page.widget import STATIC, LiveWidget

_MOST_PARAMETERS = 3
_MOST_FRAMES = 400


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One slider of an explorer.

    Attributes
    ----------
    name : str
        The drawing function's argument.
    values : sequence of float
        What the slider can take, in order.
    unit : str
        Shown behind the value; empty if dimensionless.
    label : str
        Shown before the slider, with one subscript after ``_``; the name where empty.
    start : float, optional
        The value shown first; the first of `values` where left out.

    """

    name: str
    values: collections.abc.Sequence
    unit: str = ""
    label: str = ""
    start: float | None = None

    def __post_init__(self):
        if len(self.values) < 2:
            raise ValueError(f"values of {self.name} = {self.values!r}: must be at least two")
        if self.start is not None and self.start not in list(self.values):
            raise ValueError(f"start of {self.name} = {self.start!r} {self.unit}: must be a value")


class Explorer(LiveWidget):
    """The widget that `explore` returns; `position` holds the sliders' places."""

    _esm = STATIC / "explorer.js"
    _css = STATIC / "explorer.css"
    frames = traitlets.Bytes().tag(sync=True)
    parameters = traitlets.List().tag(sync=True)
    position = traitlets.List(traitlets.Int()).tag(sync=True)


def explore(draw, *parameters):
    """Draw every combination of the parameters' values and put sliders before them.

    Frames are drawn in parallel and kept on disk by the content of the function and its values.

    Parameters
    ----------
    draw : callable
        Takes the parameters by name, returns a `balcourse.page.figures.Described`.
    *parameters : Parameter
        One to three.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If there is no parameter, more than three, or more than 400 frames.

    """
    if not 1 <= len(parameters) <= _MOST_PARAMETERS:
        raise ValueError(f"parameters = {len(parameters)}: must be 1 to {_MOST_PARAMETERS}")
    points = list(itertools.product(*(parameter.values for parameter in parameters)))
    if len(points) > _MOST_FRAMES:
        raise ValueError(f"frames = {len(points)}: must be at most {_MOST_FRAMES}")
    names = [parameter.name for parameter in parameters]
    keyword_sets = [dict(zip(names, point, strict=True)) for point in points]
    position = [
        0 if parameter.start is None else list(parameter.values).index(parameter.start)
        for parameter in parameters
    ]
    return Explorer(
        draw(**{p.name: p.values[at] for p, at in zip(parameters, position, strict=True)}),
        frames=_packed(_drawn(draw, keyword_sets)),
        parameters=[_shown(parameter) for parameter in parameters],
        position=position,
    )


def _shown(parameter):
    return {
        "label": parameter.label or parameter.name,
        "unit": parameter.unit,
        "values": [f"{value:g}" for value in parameter.values],
    }


def _drawn(draw, keyword_sets):
    """Return one (svg, alt) a frame, from disk where the same function drew it before."""
    kept = cache_folder("frames") / f"{joblib.hash((cloudpickle.dumps(draw), keyword_sets))}.json"
    if kept.exists():
        return json.loads(kept.read_text("utf8"))

    def frame(keywords):
        shown = draw(**keywords)
        return shown.svg, shown.alt

    frames = joblib.Parallel(n_jobs=-1)(joblib.delayed(frame)(keys) for keys in keyword_sets)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(frames), "utf8")
    return frames


def _packed(frames):
    """Pack the frames: each line of SVG once, a frame being a list of line numbers, gzipped."""
    numbers = {}
    for svg, _ in frames:
        for line in svg.splitlines():
            numbers.setdefault(line, len(numbers))
    packed = {
        "lines": list(numbers),
        "frames": [[numbers[line] for line in svg.splitlines()] for svg, _ in frames],
        "alts": [alt for _, alt in frames],
    }
    return gzip.compress(json.dumps(packed).encode(), mtime=0)
