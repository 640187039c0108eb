"""Run the code of the lessons' solutions; their checks are strict here.

``python -m balcourse.book.solutions PASSED LESSON...`` ends with status 1 and a line per lesson
with a solution that fails, or with an exercise that no solution answers. The folder PASSED keeps a
mark of each lesson that passed, so that only what has changed runs again.
"""

import hashlib
import pathlib
import re
import sys

import balcourse.exercises
from balcourse.cache import content_hash
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


def main(passed, *lessons):
    """Run the solutions of the lessons that have changed since they passed; return failures."""
    failures = []
    pathlib.Path(passed).mkdir(parents=True, exist_ok=True)
    answers = sorted(pathlib.Path(balcourse.exercises.__file__).parent.glob("*.py"))
    for lesson in lessons:
        sources = [path.read_bytes() for path in (*answers, pathlib.Path(lesson))]
        made_with = b"".join([content_hash().encode(), *sources])
        mark = pathlib.Path(passed, hashlib.sha256(made_with).hexdigest())
        if not mark.exists():
            if fault := failure(lesson):
                failures.append(f"FAILED: {lesson}: {fault}")
            else:
                mark.touch()
    return failures


if __name__ == "__main__":
    failures = main(*sys.argv[1:])
    print("\n".join(failures))
    sys.exit(bool(failures))
