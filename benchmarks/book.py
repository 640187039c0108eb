"""The book's own times: a build with nothing stored, one with nothing changed, and importing."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import course
from benchmarks import least


def build(cache):
    """Build the book without a word; `cache` is where it keeps what it can make again."""
    subprocess.run([sys.executable, "-c", "import sys, course; course.build(sys.executable)"],
                   cwd=course.ROOT, env=os.environ | {"BALCOURSE_CACHE": cache}, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def imported(module):
    """Return the least of five times that a new process needs to import `module`."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            for _ in range(5)]  # fmt: skip
    return min(float(run.stdout) for run in runs)


def row(what, took, most):
    """Print a time, its limit and whether it keeps to it."""
    print(f"{what:<38}{took:7.2f} s   at most {most:3}: {'yes' if took <= most else 'TOO SLOW'}")


if __name__ == "__main__":
    wall = time.perf_counter
    shutil.rmtree(course.BUILD, ignore_errors=True)
    with tempfile.TemporaryDirectory() as empty:
        row("build with nothing stored", least(lambda: build(empty), 1, wall), 360)
        row("build with nothing changed", least(lambda: build(empty), 1, wall), 10)
    for lesson, took in json.loads((course.RUNS / "seconds.json").read_text("utf8")).items():
        row(str(pathlib.Path(lesson).relative_to(course.ROOT)), took, 60)
    for module in ("balcourse", "balcourse.models.rate", "balcourse.page.explorer"):
        row(f"import {module}", imported(module), 1)
