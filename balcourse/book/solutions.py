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
    known = exercises()
    missing = [name for name in _EXERCISE.findall(text) if name in known and name not in passed]
    if missing:
        return f"no solution answers {', '.join(missing)}"
    return None


if __name__ == "__main__":
    failures = {lesson: failure(lesson) for lesson in sys.argv[1:]}
    for lesson, fault in failures.items():
        if fault:
            print(f"FAILED: {lesson}: {fault}")
    sys.exit(any(failures.values()))
