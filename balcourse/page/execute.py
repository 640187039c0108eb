"""Execute lessons, as many at a time as there are cores, into the cache that the book's build reads.

``python -m balcourse.page.execute CACHE LESSON...`` prints each lesson's seconds, and ends with
status 1 and one line per lesson that failed.
"""

import pathlib
import sys

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

_SECONDS_PER_CELL = 600


def execute(cache_folder, lessons):
    """Execute the lessons that changed since their last run.

    Parameters
    ----------
    cache_folder : str or pathlib.Path
        Folder of the jupyter-cache; made where it is missing.
    lessons : iterable of str
        MyST sources.

    Returns
    -------
    dict
        Path of each lesson that failed, with its last line of error.
    """
    cache = get_cache(str(cache_folder))
    for record in cache.list_project_records():
        cache.remove_nb_from_project(record.pk)
    for lesson in lessons:
        path = str(pathlib.Path(lesson).resolve())
        cache.add_nb_to_project(path, read_data={"name": "myst_nb_md", "type": "plugin"})
    ran = load_executor("local-parallel", cache=cache).run_and_cache(timeout=_SECONDS_PER_CELL)
    for path in ran.succeeded:
        record = cache.match_cache_notebook(cache.get_project_notebook(path).nb)
        print(f"{record.data['execution_seconds']:6.1f} s  {path}")
    return {path: _last_line(cache, path) for path in ran.excepted + ran.errored}


def _last_line(cache, path):
    traceback = cache.get_project_record(path).traceback or "it could not be read"
    lines = [line for line in traceback.splitlines() if line.strip()]
    return lines[-1]


if __name__ == "__main__":
    failures = execute(sys.argv[1], sys.argv[2:])
    for name, error in failures.items():
        print(f"FAILED: a cell of {name} failed with {error}")
    sys.exit(bool(failures))
