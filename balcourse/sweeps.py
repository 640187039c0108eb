"""Many runs of one function: over parameters, with independent seeds, resumable, on any backend.

joblib runs them (processes here, or a Dask cluster inside
``joblib.parallel_config(backend="dask")``), zarr keeps what is finished, xarray labels the result.
"""

import hashlib
import inspect
import json
import math
import pathlib
import sys
import time
import traceback
import warnings

import cloudpickle
import joblib
import numpy as np
import tqdm
import xarray
import zarr

from balcourse.cache import content_hash
from balcourse.parameters import checked

_PENDING, _DONE, _FAILED = 0, 1, 2
_SECONDS_BETWEEN_WRITES = 0.5
_RUNS_IN_A_CHUNK = 1024


def sweep(function, grid, *, repeats=1, store=None, jobs=-1, seed):
    """Run `function` at every point of a grid.

    Every point and repeat has a seed of its own, spawned from `seed`; so the result depends
    neither on the number of workers nor on their order. With a `store`, finished points are on
    disk within half a second, and the same call goes on where an interrupted one ended.

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
        Folder of a zarr store. Results stay in memory where left out.
    jobs : int
        Workers; -1 means one a core.
    seed : int
        Root of all seeds.

    Returns
    -------
    xarray.Dataset
        One variable for each name that the function returned, over the grid's parameters and
        ``repeat``, not-a-number where a run failed; ``error`` holds the tracebacks.

    Raises
    ------
    ValueError
        If the grid is empty, or the store was made by other code, parameters or seed.
    OSError
        If the store cannot be written.

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
    kept = _Store(store, runs)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    finished = parallel(joblib.delayed(_run)(function, *runs[at]) for at in kept.pending())
    with _progress(runs.count, runs.count - len(kept.pending())) as bar:
        for outcome in finished:
            kept.add(*outcome)
            bar.update()
    kept.write()
    return kept.dataset()


def _axis(name, values):
    """Return (values as an array, unit)."""
    unit = ""
    if isinstance(values, tuple) and len(values) == 2 and isinstance(values[1], str):
        values, unit = values
    values = np.asarray(values)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name} = {values!r}: must be a list of at least one value")
    return values, unit


def _progress(total, done):
    """Return a bar with the time left: on a terminal or in Jupyter, silent elsewhere."""
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    return tqdm.tqdm(total=total, initial=done, unit="run", delay=2, disable=not watched)


def _run(function, at, point, seed):
    """Run one point; return its number and its outputs, or its traceback as text."""
    try:
        outputs = function(**point, seed=seed)
        return at, {name: np.asarray(value, float) for name, value in outputs.items()}
    except Exception:
        return at, traceback.format_exc()


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
        sequence = np.random.SeedSequence(self.seed, spawn_key=(at,))
        seed = int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
        return at, dict(zip(self.axes, values, strict=True)), seed

    def fingerprint(self):
        """Return what a store must have been made with, as text that JSON keeps."""
        try:
            code = inspect.getsource(self.function)
        except (OSError, TypeError):
            code = cloudpickle.dumps(self.function).hex()
        axes = {name: [values.tolist(), unit] for name, (values, unit) in self.axes.items()}
        return {
            "function": hashlib.sha256(code.encode()).hexdigest()[:16],
            "package": content_hash(),
            "parameters": json.dumps(axes),
            "repeats": str(self.repeats),
            "seed": str(self.seed),
        }


class _Store:
    """Finished runs in zarr: what came out, then the mark that it is there."""

    def __init__(self, path, runs):
        self.path, self.runs = path, runs
        made_with = runs.fingerprint()
        self.group = zarr.open_group(self._place(), mode="a")
        kept_with = dict(self.group.attrs).get("made_with", made_with)
        for what in made_with:
            if kept_with.get(what) != made_with[what]:
                raise ValueError(
                    f"store = {str(path)!r}: was made with another {what}; "
                    "name another folder, or the same sweep as then"
                )
        if "state" not in self.group:
            self.group.attrs["made_with"] = made_with
            self._array("state", (), np.uint8, 0)
            self._array("error", (), str, "")
        self.state = self.group["state"][:]
        self.waiting, self.written = [], time.monotonic()

    def _place(self):
        if self.path is None:
            return zarr.storage.MemoryStore()
        folder = pathlib.Path(self.path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").touch()
            (folder / ".writable").unlink()
        except OSError as error:
            raise OSError(f"store = {str(self.path)!r}: cannot be written: {error}") from error
        return str(folder)

    def _array(self, name, shape, dtype, empty):
        return self.group.create_array(
            name,
            shape=(self.runs.count, *shape),
            chunks=(min(self.runs.count, _RUNS_IN_A_CHUNK), *shape),
            dtype=dtype,
            fill_value=empty,
        )

    def pending(self):
        """Return the numbers of the runs that no store has yet."""
        return np.flatnonzero(self.state == _PENDING).tolist()

    def add(self, at, outcome):
        """Take one finished run; write all that wait when it is time."""
        self.waiting.append((at, outcome))
        if time.monotonic() - self.written > _SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self):
        """Write what waits: outputs first, so that a mark never stands before its values."""
        good = [(at, outcome) for at, outcome in self.waiting if not isinstance(outcome, str)]
        bad = [(at, outcome) for at, outcome in self.waiting if isinstance(outcome, str)]
        places = np.array([at for at, _ in good], int)
        for name in good[0][1] if good else ():
            values = np.stack([outcome[name] for _, outcome in good])
            if name not in self.group:
                self._array(name, values.shape[1:], float, np.nan)
            self.group[name].oindex[places] = values
        for at, text in bad:
            self.group["error"][at] = text
        self.state[places] = _DONE
        self.state[[at for at, _ in bad]] = _FAILED
        if self.waiting:
            self.group["state"][:] = self.state
        self.waiting, self.written = [], time.monotonic()

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
        for name in sorted(set(self.group.array_keys()) - {"state"}):
            values = self.group[name][:]
            inner = [f"{name}_{axis}" for axis in range(values.ndim - 1)]
            variables[name] = ((*names, *inner), values.reshape(*runs.shape, *values.shape[1:]))
        coordinates = {
            name: (name, values, {"units": unit}) for name, (values, unit) in runs.axes.items()
        }
        return xarray.Dataset(variables, coordinates, attrs=runs.fingerprint())
