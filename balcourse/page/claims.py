"""Numbers that a page may print: computed, bounded and sourced."""

import dataclasses
import math

from IPython.display import display

_GLUE_PREFIX = "application/papermill.record/"


@dataclasses.dataclass(frozen=True)
class Claim:
    """One number, what it should be, and who says so."""

    name: str
    value: float
    expected: float
    tolerance: float
    source: str
    unit: str

    @property
    def deviation(self):
        """How far the value lies from what is expected, in the claim's unit."""
        return self.value - self.expected


def claim(name, value, expected, tolerance, source, unit=""):
    """Check a number and make it available to the page's prose.

    The prose quotes it with the role ``{glue:text}`name:.2f```; the appendix lists every claim.

    Parameters
    ----------
    name : str
        Unique in the book, beginning with the lesson: ``"linearization-hopf-tau-i"``.
    value : float
        What the lesson computed.
    expected : float
        What theory, another method or a publication says.
    tolerance : float
        Largest allowed distance between the two, in the same unit.
    source : str
        Where the expectation comes from.
    unit : str
        Empty if dimensionless.

    Raises
    ------
    ValueError
        If the tolerance is not a number of at least 0, or the source is empty.
    AssertionError
        If the value is further from the expectation than the tolerance.

    Examples
    --------
    >>> claim("example-fixed-point", 26.7, 26.6, 0.01, "closed form", "Hz")
    Traceback (most recent call last):
        ...
    AssertionError: example-fixed-point = 26.7 Hz, but closed form says 26.6 ± 0.01 Hz

    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance = {tolerance!r} {unit}: must be a finite number, at least 0")
    if not source:
        raise ValueError("source = '': must say where the expected value comes from")
    record = Claim(name, float(value), float(expected), float(tolerance), source, unit)
    suffix = f" {unit}" if unit else ""
    assert abs(record.deviation) <= record.tolerance, (
        f"{name} = {record.value:.6g}{suffix}, but {source} says "
        f"{record.expected:.6g} ± {record.tolerance:.2g}{suffix}"
    )
    display(
        {_GLUE_PREFIX + "text/plain": repr(record.value)},
        raw=True,
        metadata={
            "scrapbook": {"name": name, "mime_prefix": _GLUE_PREFIX},
            "claim": dataclasses.asdict(record),
        },
    )
