"""What an exercise may ask for, and what is said of a wrong answer.

An answer is a number with its unit, several numbers in an order, or a choice of words. Its `fault`
names what is wrong in the learner's terms (unit, sign, order of magnitude, a known slip), never
the answer itself, and never raises, whatever it is given. Tolerances are relative, except about 0.
"""

import dataclasses
import math

import numpy as np

_THOUSANDTH = {
    "Hz": "This is in kHz (spikes per ms). Give it in Hz.",
    "ms": "This is in seconds. Give it in ms.",
    "mV": "This is in volts. Give it in mV.",
    "1/ms": "This is a thousand times too small: per ms, not per µs.",
    "1/s": "This is per ms. Give it per second.",
}
_THOUSANDFOLD = {
    "Hz": "This is a thousand times too large. Was it in Hz before you multiplied?",
    "ms": "This is in microseconds. Give it in ms.",
    "mV": "This is in microvolts. Give it in mV.",
    "1/ms": "This is per second. Give it per ms.",
}


@dataclasses.dataclass(frozen=True)
class Number:
    """One number, right within a relative tolerance; `mistakes` maps a sentence to a wrong value.

    Examples
    --------
    >>> border = Number(40.0, "ms", mistakes={"You divided by M_EE, not by M_EE - 1.": 8.0})
    >>> border.fault(40.01)
    >>> border.fault(8)
    'You divided by M_EE, not by M_EE - 1.'
    >>> border.fault(0.04)
    'This is in seconds. Give it in ms.'

    """

    value: float
    unit: str = ""
    tolerance: float = 0.005
    mistakes: dict = dataclasses.field(default_factory=dict)

    def fault(self, answer):
        """Return what is wrong with the answer in one sentence, or None where it is right."""
        number, refused = _read(answer)
        if refused:
            return refused
        if self._is(number, self.value):
            return None
        for sentence, wrong in self.mistakes.items():
            if self._is(number, wrong):
                return sentence
        return self._general_fault(number)

    def _is(self, number, value):
        return abs(number - value) <= self.tolerance * (abs(value) or 1)

    def _general_fault(self, number):
        of_unit = f" (in {self.unit})" if self.unit else ""
        if self.value == 0 or number == 0:
            return f"This is not the number{of_unit}. Can it be zero?"
        if self._is(-number, self.value):
            return "The size is right, the sign is wrong."
        if self._is(1000 * number, self.value):
            return _THOUSANDTH.get(self.unit, "This is a thousand times too small.")
        if self._is(number / 1000, self.value):
            return _THOUSANDFOLD.get(self.unit, "This is a thousand times too large.")
        if self.unit == "Hz" and self._is(number / (2 * math.pi), self.value):
            return "This is an angular frequency, per second. Divide by 2π for Hz."
        if self._is(100 * number, self.value) or self._is(number / 100, self.value):
            return "The digits are right, the scale is not: a percentage for a fraction?"
        if self._is(2 * number, self.value) or self._is(number / 2, self.value):
            return "A factor of two separates this from the answer."
        if number * self.value < 0:
            return f"The sign is wrong, and so is the size{of_unit}."
        ratio = number / self.value
        if 0.9 < ratio < 1.1:
            return "Close, but not close enough: too coarse a step, or rounding on the way?"
        size = "too large" if ratio > 1 else "too small"
        if ratio > 10 or ratio < 0.1:
            return f"This is {size}{of_unit}, by more than an order of magnitude."
        return f"The order of magnitude is right, but this is {size}{of_unit}."


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Several numbers of one unit in an order that `order` names.

    Examples
    --------
    >>> rates = Numbers((40, 30), "Hz", order="E, then I")
    >>> rates.fault([30, 40])
    'The numbers are right, their order is not: E, then I.'

    """

    values: tuple
    unit: str = ""
    tolerance: float = 0.005
    order: str = "in the order of the question"

    def fault(self, answer):
        """Return what is wrong with the answer in one sentence, or None where it is right."""
        wanted = len(self.values)
        try:
            given = [item for item in np.ravel(np.asarray(answer, dtype=object))]
        except Exception:
            given = []
        if len(given) != wanted:
            return f"Give {wanted} numbers: {self.order}. This has {len(given)}."
        parts = [Number(value, self.unit, self.tolerance) for value in self.values]
        faults = [part.fault(item) for part, item in zip(parts, given, strict=True)]
        if not any(faults):
            return None
        left = list(given)
        for part in parts:
            fitting = [place for place, item in enumerate(left) if part.fault(item) is None]
            if not fitting:
                break
            left.pop(fitting[0])
        if not left:
            return f"The numbers are right, their order is not: {self.order}."
        place, fault = next((i, fault) for i, fault in enumerate(faults) if fault)
        return f"Number {place + 1} of {wanted} ({self.order}): {fault}"


@dataclasses.dataclass(frozen=True)
class Choice:
    """A choice of words: the right one, and for each wrong one why it is wrong.

    Examples
    --------
    >>> kind = Choice("focus", {"node": "A node does not ring."})
    >>> kind.fault("Node")
    'A node does not ring.'
    >>> kind.fault("centre")
    'Choose one of: "focus", "node".'

    """

    right: str
    wrong: dict

    def fault(self, answer):
        """Return what is wrong with the answer in one sentence, or None where it is right."""
        said = answer.strip().lower() if isinstance(answer, str) else None
        if said == self.right.lower():
            return None
        options = ", ".join(f'"{option}"' for option in sorted([self.right, *self.wrong]))
        wrong = {option.lower(): reason for option, reason in self.wrong.items()}
        return wrong.get(said, f"Choose one of: {options}.")


def _read(answer):
    """Return the answer as a float, or why it is none."""
    if answer is None or answer is Ellipsis:
        return math.nan, "There is no answer yet."
    if isinstance(answer, (bool, np.bool_, str, bytes)):
        return math.nan, "Give a number without its unit, not text or a truth value."
    if callable(answer):
        return math.nan, "This is a function. Call it, and give what it returns."
    try:
        if np.size(answer) != 1:
            return math.nan, f"Give one number. This has {np.size(answer)}."
        if np.iscomplexobj(answer) and np.imag(answer) != 0:
            return math.nan, "This is complex. Give a real number: which part is asked for?"
        number = float(np.real(np.asarray(answer)).item())
    except Exception:
        return math.nan, f"Give a number. This is a {type(answer).__name__}."
    if not math.isfinite(number):
        return math.nan, f"{number} is not a finite number."
    return number, None
