"""Sweeps: the same result whatever runs them, and nothing lost when they are killed."""

import os
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import pytest
import xarray

from balcourse.sweeps import sweep

GRID = {"a": ([1, 2, 3], "mV"), "b": [0.5, 1.5]}


def noisy(a, b, seed):
    draws = np.random.default_rng(seed).normal(a, b, size=4)
    return {"mean": draws.mean(), "draws": draws, "seed": seed % 2**50}


def picky(a, b, seed):
    if a == 2 and b > 1:
        raise ArithmeticError("no such point")
    return {"product": a * b}


def test_a_result_is_labelled_and_carries_units():
    found = sweep(noisy, GRID, repeats=2, jobs=1, seed=5)
    assert found["mean"].dims == ("a", "b", "repeat")
    assert found["draws"].dims == ("a", "b", "repeat", "draws_0")
    assert found.a.attrs["units"] == "mV" and found.b.attrs["units"] == ""
    assert np.allclose(found["draws"].mean("draws_0"), found["mean"])
    assert np.unique(found["seed"]).size == 12


def test_the_result_does_not_depend_on_the_number_of_workers(tmp_path):
    one = sweep(noisy, GRID, repeats=3, jobs=1, seed=5)
    two = sweep(noisy, GRID, repeats=3, jobs=2, store=tmp_path / "two", seed=5)
    assert one.identical(two)
    other = sweep(noisy, GRID, repeats=3, jobs=1, seed=6)
    assert not one["mean"].equals(other["mean"])


def test_a_finished_store_is_read_and_nothing_runs_again(tmp_path, monkeypatch):
    first = sweep(noisy, GRID, store=tmp_path, jobs=1, seed=5)
    monkeypatch.setattr("balcourse.sweeps.one_run", None)
    assert first.identical(sweep(noisy, GRID, store=tmp_path, jobs=1, seed=5))


SCRIPT = """
import sys, time
from balcourse.sweeps import sweep
def slow(k, seed):
    time.sleep(0.05)
    return {"value": seed % 1000 / (k + 1), "row": [k, seed % 7]}
if __name__ == "__main__":
    found = sweep(slow, {"k": list(range(60))}, store=sys.argv[1], jobs=2, seed=3)
    found.to_netcdf(sys.argv[2]) if len(sys.argv) > 2 else None
    print(found["value"].values.tobytes().hex() + found["row"].values.tobytes().hex())
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, "utf8")
    return path


def output(script, store):
    command = [sys.executable, script, store]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def finished(store):
    import zarr

    try:
        return int((zarr.open_group(str(store), mode="r")["state"][:] > 0).sum())
    except (FileNotFoundError, KeyError, ValueError):
        return 0


@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_a_killed_sweep_goes_on_to_the_same_bits(tmp_path, script, victim):
    uninterrupted = output(script, tmp_path / "whole")
    store = tmp_path / "killed"
    running = subprocess.Popen(
        [sys.executable, script, store],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while finished(store) == 0:
        assert running.poll() is None
        time.sleep(0.05)
    if victim == "parent":
        os.killpg(running.pid, signal.SIGKILL)
    else:
        workers = subprocess.run(
            ["pgrep", "-P", str(running.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        os.kill(int(workers[-1]), signal.SIGKILL)
    running.wait()
    os.killpg(running.pid, signal.SIGKILL) if victim == "worker" and alive(running.pid) else None
    assert 0 < finished(store) < 60
    assert output(script, store) == uninterrupted


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_failing_point_is_kept_with_its_traceback_and_the_others_go_on(tmp_path):
    with pytest.warns(RuntimeWarning, match=r"1 of 6 runs failed; the first, \{'a': 2, 'b': 1.5\}"):
        found = sweep(picky, GRID, store=tmp_path, jobs=1, seed=1)
    assert int(found["product"].isnull().sum()) == 1
    assert np.isnan(found["product"].sel(a=2, b=1.5).item())
    assert "ArithmeticError: no such point" in found["error"].sel(a=2, b=1.5).item()
    assert found["product"].sel(a=3, b=1.5).item() == 4.5


def test_a_store_of_another_sweep_is_refused(tmp_path):
    sweep(picky, {"a": [1], "b": [1]}, store=tmp_path, jobs=1, seed=1)
    for what, call in {
        "seed": lambda: sweep(picky, {"a": [1], "b": [1]}, store=tmp_path, jobs=1, seed=2),
        "parameters": lambda: sweep(picky, {"a": [3], "b": [1]}, store=tmp_path, jobs=1, seed=1),
        "function": lambda: sweep(noisy, {"a": [1], "b": [1]}, store=tmp_path, jobs=1, seed=1),
        "repeats": lambda: sweep(
            picky, {"a": [1], "b": [1]}, repeats=2, store=tmp_path, jobs=1, seed=1
        ),
    }.items():
        with pytest.raises(ValueError, match=f"was made with different {what}"):
            call()


def test_a_store_of_another_package_is_refused(tmp_path, monkeypatch):
    sweep(picky, {"a": [1], "b": [1]}, store=tmp_path, jobs=1, seed=1)
    monkeypatch.setattr("balcourse.sweeps.content_hash", lambda: "other")
    with pytest.raises(ValueError, match="was made with different package"):
        sweep(picky, {"a": [1], "b": [1]}, store=tmp_path, jobs=1, seed=1)


def test_a_place_that_cannot_be_written_is_said_before_any_run(tmp_path):
    (tmp_path / "file").write_text("a user's own", "utf8")
    with pytest.raises(OSError, match="cannot be written"):
        sweep(picky, GRID, store=tmp_path / "file" / "store", jobs=1, seed=1)
    assert (tmp_path / "file").read_text("utf8") == "a user's own"


def test_bad_grids_are_named():
    with pytest.raises(ValueError, match="grid = "):
        sweep(picky, {}, jobs=1, seed=1)
    with pytest.raises(ValueError, match="a = "):
        sweep(picky, {"a": [], "b": [1]}, jobs=1, seed=1)
    with pytest.raises(ValueError, match="repeats = 0"):
        sweep(picky, GRID, repeats=0, jobs=1, seed=1)


def test_a_dask_cluster_over_tcp_gives_the_same():
    distributed = pytest.importorskip("distributed")
    here = sweep(noisy, GRID, repeats=2, jobs=1, seed=5)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, protocol="tcp://", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        assert client.scheduler.address.startswith("tcp://")
        there = sweep(noisy, GRID, repeats=2, seed=5)
    assert isinstance(there, xarray.Dataset)
    assert here.identical(there)
