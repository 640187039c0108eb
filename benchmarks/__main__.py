"""Run the benchmarks named on the command line, or all of them."""

import pathlib
import runpy
import sys

FOLDER = pathlib.Path(__file__).parent
ALL = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
names = sys.argv[1:] or ALL
del sys.argv[1:]  # a benchmark reads its own options there
for name in names:
    if name not in ALL:
        sys.exit(f"benchmark {name!r}: must be one of {', '.join(ALL)}")
    print(f"\n{name}\n{'=' * len(name)}", flush=True)
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")
