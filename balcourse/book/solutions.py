"""Run the code of the lessons' solutions; their checks are strict here.

``python -m balcourse.book.solutions LESSON...`` ends with status 1 and a line per lesson with a
solution that fails, or with an exercise that no solution answers.
"""

import pathlib
import re
import sys

from balcourse.exercises import exercises, strictly

_SOLUTION = re.compile(r"^(`{4,})\{solution\} (\S+)\n(.*?)^\1$", re.M | re.S)
_CODE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
_EXERCISE = re.compile(r"\{exercise\}[^\n]*\n:label: (\S+)")


def failure(lesson):
    """Return what is wrong with a lesson's solutions in one line, or None."""
    text = pathlib.Path(lesson).read_text("utf8")
    names = {}
    with strictly() as passed:
        for _, label, body in _SOLUTION.findall(text):
            for code in _CODE.findall(body):
                try:
                    exec(compile(code, f"<solution of {label}>", "exec"), names)
                except Exception as error:
                    return f"{type(error).__name__} in the solution of {label}: {error}"
    unanswered = [label for label in _EXERCISE.findall(text) if label not in passed]
    unknown = [label for label in unanswered if label not in exercises()]
    if unanswered:
        reason = "are not known to check" if unknown else "are answered by no solution"
        return f"these exercises {reason}: {', '.join(unknown or unanswered)}"
    return None


if __name__ == "__main__":
    failures = {lesson: failure(lesson) for lesson in sys.argv[1:]}
    for lesson, fault in failures.items():
        if fault:
            print(f"FAILED: {lesson}: {fault}")
    sys.exit(any(failures.values()))
