"""Exercises that check themselves: `check` names the exercise and takes the answer.

Each lesson has a module here; each function in it marked `exercise` computes the right answers of
one exercise. The name of an exercise is its lesson's module and its function: `balance-edge` is
`edge` in `balance.py`. Lessons' solutions run through the same `check`, strictly, at each build.
"""

import collections
import contextlib
import dataclasses
import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable

_exercises = {}
_failed = collections.Counter()
_passed = None


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One exercise: the learning outcome it trains, its hints in order, its right answers."""

    outcome: int
    hints: tuple
    answers: Callable


def exercise(outcome, *hints):
    """Register a function that returns the right answers, by name, as an exercise."""

    def register(answers):
        name = f"{answers.__module__.rpartition('.')[2]}-{answers.__name__.replace('_', '-')}"
        _exercises[name] = Exercise(outcome, hints, functools.cache(answers))
        return answers

    return register


def exercises():
    """Return all exercises of the course by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_exercises)


def check(name, *answer, **parts):
    """Say whether an answer is right, and if not, why, with the next hint.

    Parameters
    ----------
    name : str
        The exercise, as the lesson names it.
    *answer : float or array_like or str
        The answer, where the exercise asks for one thing.
    **parts : float or array_like or str
        The answers by name, where it asks for several.

    Examples
    --------
    >>> check("linearization-drive", v_e=40, v_i=30, border=80)
    v_e: right.
    v_i: right.
    border: Thresholds do not enter the Jacobian. What does the border depend on?
    Hint: Put the new threshold into the closed form of the fixed point, both rates positive.
    >>> check("linearization-drive", v_e=40, v_i=30, border=40)
    Right: linearization-drive.

    """
    right, lines = _judge(name, answer, parts)
    if _passed is None:
        print("\n".join(lines))
    elif not right:
        raise AssertionError(f"the solution of {name} fails its check: {' '.join(lines)}")
    else:
        _passed.add(name)


@contextlib.contextmanager
def strictly():
    """Let `check` raise on a wrong answer and say nothing of a right one; yield what passed."""
    global _passed
    _passed = set()
    try:
        yield _passed
    finally:
        _passed = None


def _judge(name, answer, parts):
    """Return whether the answer is right and whole, and the lines to say."""
    found = _found(name)
    if isinstance(found, list):
        close = f" Did you mean {', '.join(found)}?" if found else ""
        return False, [f"There is no exercise {name!r}.{close}"]
    right = found.answers()
    if answer:
        names = list(right)
        parts = dict(zip(names, answer, strict=False)) | parts
        if len(answer) > len(names):
            return False, [f"This exercise asks for {_listed(right)}."]
    unknown = [part for part in parts if part not in right]
    if unknown or not parts:
        wanted = ", ".join(f"{part}=..." for part in right)
        return False, [f"This exercise asks for {_listed(right)}: check({name!r}, {wanted})."]
    faults = {part: right[part].fault(given) for part, given in parts.items()}
    missing = [part for part in right if part not in parts]
    if not any(faults.values()):
        if not missing:
            return True, [f"Right: {name}."]
        return False, [f"Right so far. Still to answer: {', '.join(missing)}."]
    lines = [f"{part}: {fault or 'right.'}" for part, fault in faults.items()]
    hint = _failed[name]
    _failed[name] += 1
    if hint < len(found.hints):
        return False, [*lines, f"Hint: {found.hints[hint]}"]
    return False, [*lines, "That was the last hint. The lesson has the solution."]


def _found(name):
    """Return the exercise of that name, or a list of names that come close."""
    name = str(name)
    if name not in _exercises:
        with contextlib.suppress(ImportError, ValueError):
            importlib.import_module(f"{__name__}.{name.partition('-')[0]}")
    return _exercises.get(name) or difflib.get_close_matches(name, exercises())


def _listed(right):
    return ", ".join(f"`{part}`" for part in right)
