"""Many runs of one function: over parameters, with independent seeds, resumable, on any backend.

joblib runs them (processes here, or a Dask cluster inside
``joblib.parallel_config(backend="dask")``), zarr keeps what is finished, xarray labels the result.
"""

import functools
import hashlib
import inspect
import json
import math
import pathlib
import platform
import queue
import sys
import threading
import warnings

import cloudpickle
import joblib
import numba
import numpy as np
import tqdm
import xarray
import zarr

from balcourse.cache import content_hash
from balcourse.one_run import TAKEN, one_run
from balcourse.parameters import checked

_PENDING, _DONE, _FAILED = 0, 1, 2
_SECONDS_BETWEEN_WRITES = 0.5
_RUNS_IN_A_CHUNK = 1024


def sweep(function, grid, *, repeats=1, store=None, jobs=-1, seed):
    """Run `function` at every point of a grid.

    Every point and repeat has a seed of its own, spawned from `seed`; so the result depends
    neither on the number of workers nor on their order. With a `store`, finished points are on
    disk within half a second, and the same call goes on where an interrupted one ended. A run that
    fails is kept with its call and traceback; the others go on.

    Parameters
    ----------
    function : callable
        Called as ``function(**point, seed=integer)``; returns a dict of numbers or of arrays whose
        shapes are the same at every point.
    grid : dict
        Name of each parameter: a sequence of values, or a pair of values and unit.
    repeats : int
        Runs at each point.
    store : path, optional
        Folder of a zarr store, made where it is missing. Results stay in memory where left out.
    jobs : int
        Workers; -1 means one a core.
    seed : int
        Root of all seeds.

    Returns
    -------
    xarray.Dataset
        One variable for each name that the function returned, over the grid's parameters and
        ``repeat``, not-a-number where a run failed; ``error`` holds the calls that failed and
        their tracebacks. The attributes say what it was made with.

    Raises
    ------
    ValueError
        If the grid is empty, or the store is another's: made by other code (the function or what
        it uses of its own module, this package, versions of libraries), parameters or seed.
    OSError
        If the store cannot be written, at the start or later. What was finished is kept.

    Warns
    -----
    RuntimeWarning
        If runs failed: how many, and the first one's parameters and error.

    Examples
    --------
    >>> def area(width, height, seed):
    ...     return {"area": width * height}
    >>> found = sweep(area, {"width": ([1, 2], "mm"), "height": [3, 4]}, jobs=1, seed=1)
    >>> found.area.sel(width=2, height=4).item()
    8.0

    """
    axes = {name: _axis(name, values) for name, values in grid.items()}
    if not axes:
        raise ValueError("grid = {}: must have at least one parameter")
    repeats = checked("repeats", repeats, integer=True, at_least=1)
    seed = checked("seed", seed, integer=True, at_least=0)
    runs = _Runs(function, axes, repeats, seed)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    with _Store(store, runs) as kept, _progress(runs.count, runs.count - kept.left) as bar:
        for outcome in parallel(
            joblib.delayed(one_run)(function, *runs[at]) for at in kept.pending()
        ):
            kept.add(*outcome)
            bar.update()
    return kept.dataset()


def run_seed(seed, at):
    """Return the seed of run number `at` of a sweep, to run it again alone.

    Parameters
    ----------
    seed : int
        Root of all seeds of the sweep.
    at : int
        Place of the run among the result's values: its last dimension, ``repeat``, goes fastest.

    Examples
    --------
    >>> run_seed(1, 0)
    4215923173971654960

    """
    sequence = np.random.SeedSequence(seed, spawn_key=(at,))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _axis(name, values):
    """Return (values as an array, unit)."""
    unit = ""
    if isinstance(values, tuple) and len(values) == 2 and isinstance(values[1], str):
        values, unit = values
    values = np.asarray(values)
    if values.ndim != 1 or values.size == 0 or values.dtype.kind not in "biufU":
        raise ValueError(f"{name} = {values!r}: must be a list of numbers or words, at least one")
    if name in TAKEN | {"seed"}:
        raise ValueError(f"grid has {name!r}: must be another name, the sweep uses this one")
    return values, unit


def _progress(total, done):
    """Return a bar with the time left: on a terminal or in Jupyter, silent elsewhere."""
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    silent = {} if watched else {"disable": True}  # left out, TQDM_DISABLE decides
    return tqdm.tqdm(total=total, initial=done, unit="run", delay=2, **silent)


def _code(value, module, seen):
    """Return a text that changes with a function, and with what it uses of its own module."""
    if isinstance(value, functools.partial):
        parts = [value.func, *value.args, *sum(sorted(value.keywords.items()), ())]
        return " ".join(_code(part, module, seen) for part in parts)
    value = getattr(value, "py_func", value)
    if inspect.ismodule(value):
        return value.__name__
    if not inspect.isfunction(value) and not inspect.isclass(value):
        return joblib.hash(value)
    if value.__module__ != module or id(value) in seen:
        return f"{value.__module__}.{value.__qualname__}"
    seen.add(id(value))
    try:
        text = inspect.getsource(value)
    except (OSError, TypeError):
        text = cloudpickle.dumps(value).hex()
    if inspect.isclass(value):
        return text
    used = inspect.getclosurevars(value)
    names = sorted((used.globals | used.nonlocals).items())
    return text + " ".join(f"{name} {_code(part, module, seen)}" for name, part in names)


def _versions():
    """Return what a result's last bits may depend on."""
    libraries = (f"{library.__name__} {library.__version__}" for library in (np, numba))
    return ", ".join([f"python {platform.python_version()}", *libraries])


class _Runs:
    """All runs of a sweep in order: the grid's points, each with its repeats."""

    def __init__(self, function, axes, repeats, seed):
        self.function, self.axes, self.repeats, self.seed = function, axes, repeats, seed
        self.shape = (*(values.size for values, _ in axes.values()), repeats)
        self.count = math.prod(self.shape)

    def __getitem__(self, at):
        places = np.unravel_index(at, self.shape)[:-1]
        values = (
            values[place].item()
            for (values, _), place in zip(self.axes.values(), places, strict=True)
        )
        return at, dict(zip(self.axes, values, strict=True)), run_seed(self.seed, at)

    def fingerprint(self):
        """Return what a store must have been made with, as text that JSON keeps."""
        function = self.function
        while isinstance(function, functools.partial):
            function = function.func
        code = _code(self.function, getattr(function, "__module__", None), set())
        axes = {name: [values.tolist(), unit] for name, (values, unit) in self.axes.items()}
        return {
            "function": hashlib.sha256(code.encode()).hexdigest()[:16],
            "package": content_hash(),
            "versions": _versions(),
            "parameters": json.dumps(axes),
            "repeats": str(self.repeats),
            "seed": str(self.seed),
        }


class _Store:
    """Finished runs in zarr: what came out, then the mark that it is there.

    A thread of its own writes what has come in, so that no run waits for the next one to be kept.
    zarr replaces whole files, so that none is ever half-written.
    """

    def __init__(self, path, runs):
        self.path, self.runs = path, runs
        try:
            self.group = zarr.open_group(self._place(), mode="a")
            made_with = runs.fingerprint()
            self._check(made_with)
            self.group.attrs["made_with"] = made_with
            self.outputs = self.group.require_group("outputs")
            for name, dtype, empty in (("error", str, ""), ("state", np.uint8, _PENDING)):
                if name not in self.group:
                    self._array(self.group, name, (), dtype, empty)
        except OSError as error:
            raise self._unwritable(error) from error
        self.state = self.group["state"][:]
        self.shapes = {name: array.shape[1:] for name, array in self.outputs.arrays()}
        self.left = int((self.state == _PENDING).sum())
        self.waiting, self.ending, self.failure = queue.SimpleQueue(), threading.Event(), None
        self.writer = threading.Thread(target=self._write_on, daemon=True)

    def __enter__(self):
        self.writer.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.writer.join()
        self._raise()

    def _place(self):
        if self.path is None:
            return zarr.storage.MemoryStore()
        folder = pathlib.Path(self.path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").write_text("a full disk holds no byte", "utf8")
        (folder / ".writable").unlink()
        if any(folder.iterdir()) and not (folder / "zarr.json").exists():
            raise ValueError(
                f"store = {str(self.path)!r}: holds files that are no sweep's; name another folder"
            )
        return str(folder)

    def _check(self, made_with):
        """Refuse what another sweep, or no sweep at all, has made."""
        kept_with = dict(self.group.attrs).get("made_with")
        if kept_with is None and (self.group.attrs or any(True for _ in self.group.members())):
            raise ValueError(
                f"store = {str(self.path)!r}: is a zarr group that no sweep made; "
                "name another folder"
            )
        for what in made_with if kept_with is not None else ():
            if kept_with.get(what) != made_with[what]:
                raise ValueError(
                    f"store = {str(self.path)!r}: was made with different {what}; "
                    "name another folder, or run the same sweep as then"
                )

    def _unwritable(self, error):
        return OSError(
            f"store = {str(self.path)!r}: cannot be written: {error}; "
            "what was finished before is kept, and the same call goes on from there"
        )

    def _array(self, group, name, shape, dtype, empty):
        return group.create_array(
            name,
            shape=(self.runs.count, *shape),
            chunks=(min(self.runs.count, _RUNS_IN_A_CHUNK), *shape),
            dtype=dtype,
            fill_value=empty,
        )

    def pending(self):
        """Give the numbers of the runs that no store has yet."""
        for at in np.flatnonzero(self.state == _PENDING):
            yield int(at)

    def add(self, at, outcome):
        """Take one finished run; it is written soon."""
        self._raise()
        if not isinstance(outcome, str):
            shapes = {name: value.shape for name, value in outcome.items()}
            self.shapes = self.shapes or shapes
            if shapes != self.shapes:
                _, point, seed = self.runs[at]
                outcome = f"{point}, seed {seed}\nValueError: returned {shapes}, not {self.shapes}"
        self.waiting.put((at, outcome))

    def _raise(self):
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def _write_on(self):
        """Write what waits, again and again; the last time after the end."""
        ended = False
        while not ended and self.failure is None:
            ended = self.ending.wait(_SECONDS_BETWEEN_WRITES)
            try:
                self._write([self.waiting.get() for _ in range(self.waiting.qsize())])
            except OSError as error:
                self.failure = self._unwritable(error)
            except Exception as error:
                self.failure = error

    def _write(self, finished):
        """Write outputs first, so that a mark never stands before its values."""
        good = [(at, outcome) for at, outcome in finished if not isinstance(outcome, str)]
        bad = [(at, outcome) for at, outcome in finished if isinstance(outcome, str)]
        places = np.array([at for at, _ in good], int)
        for name in good[0][1] if good else ():
            values = np.stack([outcome[name] for _, outcome in good])
            if name not in self.outputs:
                self._array(self.outputs, name, values.shape[1:], float, np.nan)
            self.outputs[name].oindex[places] = values
        for at, text in bad:
            self.group["error"][at] = text
        for marked, mark in ((places, _DONE), (np.array([at for at, _ in bad], int), _FAILED)):
            if marked.size:
                self.group["state"].oindex[marked] = np.full(marked.size, mark, np.uint8)
                self.state[marked] = mark

    def dataset(self):
        """Return everything as a labelled dataset; warn of what failed."""
        runs = self.runs
        failed = np.flatnonzero(self.state == _FAILED)
        if failed.size:
            _, point, _ = runs[int(failed[0])]
            last = str(self.group["error"][int(failed[0])]).strip().splitlines()[-1]
            warnings.warn(
                f"{failed.size} of {runs.count} runs failed; the first, {point}: {last}",
                RuntimeWarning,
                stacklevel=3,
            )
        names = (*runs.axes, "repeat")
        variables = {}
        for name, array in sorted([*self.outputs.arrays(), ("error", self.group["error"])]):
            values = array[:]
            inner = [f"{name}_{axis}" for axis in range(values.ndim - 1)]
            variables[name] = ((*names, *inner), values.reshape(*runs.shape, *values.shape[1:]))
        coordinates = {
            name: (name, values, {"units": unit}) for name, (values, unit) in runs.axes.items()
        }
        return xarray.Dataset(variables, coordinates, attrs=runs.fingerprint())
