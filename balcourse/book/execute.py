"""Execute lessons, one on each core, into the cache that the book's build reads.

``python -m balcourse.book.execute CACHE LESSON...`` ends with status 1 and one line per lesson that
failed, or leaves each lesson's seconds in ``CACHE/seconds.json``.
"""

import itertools
import json
import os
import pathlib
import sys

import joblib
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
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # for what a lesson runs itself: the cores are taken
    cache = get_cache(str(cache_folder))
    for record in cache.list_project_records():
        cache.remove_nb_from_project(record.pk)
    paths = [str(pathlib.Path(lesson).resolve()) for lesson in lessons]
    for path in paths:
        cache.add_nb_to_project(path, read_data={"name": "myst_nb_md", "type": "plugin"})
    # The lessons of a chapter share kernels: apart, the second one finds them compiled.
    apart = paths[::2] + paths[1::2]
    failed = joblib.Parallel(n_jobs=os.cpu_count())(
        joblib.delayed(_failed)(cache_folder, path) for path in apart
    )
    failures = {path: _last_line(cache, path) for path in itertools.compress(apart, failed)}
    if not failures:
        seconds = {path: _seconds(cache, path) for path in paths}
        pathlib.Path(cache_folder, "seconds.json").write_text(json.dumps(seconds), "utf8")
    return failures


def _failed(cache_folder, path):
    """Execute one lesson if it changed; return whether it failed."""
    executor = load_executor("local-serial", cache=get_cache(str(cache_folder)))
    ran = executor.run_and_cache(filter_uris=[path], timeout=_SECONDS_PER_CELL)
    return bool(ran.excepted + ran.errored)


def _last_line(cache, path):
    traceback = cache.get_project_record(path).traceback or "it could not be read"
    return [line for line in traceback.splitlines() if line.strip()][-1]


def _seconds(cache, path):
    record = cache.match_cache_notebook(cache.get_project_notebook(path).nb)
    return record.data["execution_seconds"]


if __name__ == "__main__":
    failed = execute(sys.argv[1], sys.argv[2:])
    for lesson, error in failed.items():
        print(f"FAILED: a cell of {lesson} failed with {error}")
    sys.exit(bool(failed))
