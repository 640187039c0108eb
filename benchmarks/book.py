"""The book's own times: a cold build, a build with nothing changed, importing the package."""

import json
import pathlib
import shutil
import subprocess
import sys
import time

import course


def seconds(action):
    """Return the wall seconds that `action` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def build():
    """Build the book without a word."""
    subprocess.run([sys.executable, "-c", "import sys, course; course.build(sys.executable)"],
                   cwd=course.ROOT, check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def imported(module):
    """Return the least of five times that a new process needs to import `module`."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            for _ in range(5)]  # fmt: skip
    return min(float(run.stdout) for run in runs)


if __name__ == "__main__":
    shutil.rmtree(course.BUILD, ignore_errors=True)
    print(f"cold build of the book         {seconds(build):7.1f} s   (at most 360)")
    print(f"build with nothing changed     {seconds(build):7.1f} s   (at most 10)")
    for lesson, took in json.loads((course.RUNS / "seconds.json").read_text("utf8")).items():
        print(f"{pathlib.Path(lesson).relative_to(course.ROOT)!s:<38}{took:5.1f} s   (at most 60)")
    for module in ("balcourse", "balcourse.models.rate", "balcourse.page.explorer"):
        print(f"import {module:<24}{imported(module):7.2f} s   (at most 1)")
