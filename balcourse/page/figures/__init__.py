"""Every figure of the course is described: a matplotlib figure and the words that say its result.

One file a lesson holds that lesson's drawing functions; this one holds what they share. Importing
it applies the course's matplotlib style. Excitation, inhibition and the external input keep their
colour and their line style through the whole book, so that greyscale tells them apart too. What is
neither of them, a network among several or its whole rate, is drawn in one of `OTHERS`.
"""

import dataclasses
import functools
import io
import pathlib

import matplotlib.figure
import matplotlib.style

matplotlib.style.use(pathlib.Path(__file__).with_name("course.mplstyle"))

E = "#D55E00"
I = "#0072B2"  # noqa: E741
EXTERNAL = "#00795C"
THEORY = "#333333"
OTHERS = ("#8A5A9E", "#8A6D00", "#5F7383", "#A8447A")
E_STYLE = {"color": E, "linestyle": "-"}
I_STYLE = {"color": I, "linestyle": "--"}
EXTERNAL_STYLE = {"color": EXTERNAL, "linestyle": ":"}

_SHORTEST_ALT = 40


@dataclasses.dataclass(frozen=True, eq=False)
class Described:
    """A figure and its alt text; Jupyter and the book show it as SVG.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, as a sentence that states the result.

    """

    figure: matplotlib.figure.Figure
    alt: str

    @functools.cached_property
    def svg(self):
        """The drawing as an SVG document (str), the same for the same figure."""
        buffer = io.StringIO()
        self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        described = {"alt": self.alt, "needs_background": "light"}
        return {"image/svg+xml": self.svg, "text/plain": self.alt}, {"image/svg+xml": described}


def new(width=6.8, height=3.8, **subplots):
    """Make a figure and its axes without touching pyplot's global state.

    Parameters
    ----------
    width, height : float
        Inches.
    **subplots
        Passed to `matplotlib.figure.Figure.subplots`, for example ``ncols=2``.

    Examples
    --------
    >>> figure, (left, right) = new(ncols=2)
    >>> left.set_xlabel("time (ms)")
    Text(0.5, 0, 'time (ms)')

    """
    figure = matplotlib.figure.Figure(figsize=(width, height))
    return figure, figure.subplots(**subplots)


def described(figure, alt):
    """Join a figure to its alt text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The drawing.
    alt : str
        A sentence that states the result, at least 40 characters.

    Raises
    ------
    ValueError
        If the text is too short to state a result.

    Examples
    --------
    >>> figure, axes = new()
    >>> described(figure, "A plot")
    Traceback (most recent call last):
        ...
    ValueError: alt = 'A plot': must be a sentence of at least 40 characters that states the result

    """
    if not isinstance(alt, str) or len(alt.strip()) < _SHORTEST_ALT:
        raise ValueError(
            f"alt = {alt!r}: must be a sentence of at least {_SHORTEST_ALT} characters that "
            "states the result"
        )
    return Described(figure, " ".join(alt.split()))


def label_line(axes, line, text, at=-1, **options):
    """Write `text` beside point number `at` of `line`, in the line's colour."""
    x, y = line.get_xdata()[at], line.get_ydata()[at]
    options = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"} | options
    axes.annotate(text, (x, y), color=line.get_color(), **options)
