"""Sweeps: the same result whatever runs them, and nothing lost when they are killed."""

import contextlib
import functools
import io
import os
import subprocess
import sys
import threading
import time

import distributed
import joblib
import numpy as np
import psutil
import pytest
import tqdm
import xarray
import zarr
from points import noisy, patient, picky

from balcourse.sweeps import run_seed, sweep

GRID = {"a": ([1, 2, 3], "mV"), "b": [0.5, 1.5]}


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
def slow(k, seed):
    time.sleep(0.05)
    return {"value": seed % 1000 / (k + 1), "row": [k, seed % 7]}
if __name__ == "__main__":
    from balcourse.sweeps import sweep
    found = sweep(slow, {"k": list(range(60))}, store=sys.argv[1], jobs=2, seed=3)
    print(found["value"].values.tobytes().hex() + found["row"].values.tobytes().hex())
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "script.py"
    path.write_text(SCRIPT, "utf8")
    return path


@pytest.fixture(scope="module")
def uninterrupted(script):
    return output(script, script.parent / "whole")


def output(script, store):
    command = [sys.executable, script, store]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def finished(store):
    try:
        return int((zarr.open_group(str(store), mode="r")["state"][:] > 0).sum())
    except (FileNotFoundError, KeyError, ValueError):
        return 0


@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_a_killed_sweep_goes_on_to_the_same_bits(tmp_path, script, uninterrupted, victim):
    store = tmp_path / "killed"
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = psutil.Popen([sys.executable, script, store], **quiet)
    while finished(store) == 0:
        assert running.poll() is None
        time.sleep(0.05)
    family = [running, *running.children(recursive=True)]
    kill(family if victim == "parent" else running.children()[-1:])
    running.wait()
    kill(family)
    assert 0 < finished(store) < 60
    assert output(script, store) == uninterrupted


def kill(processes):
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


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


def test_a_dask_cluster_over_tcp_gives_the_same_even_if_a_worker_is_killed():
    here = sweep(noisy, GRID, repeats=2, jobs=1, seed=5)
    points = {"k": list(range(50))}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, protocol="tcp://", dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        assert client.scheduler.address.startswith("tcp://")
        there = sweep(noisy, GRID, repeats=2, seed=5)
        victim = psutil.Process(cluster.workers[0].pid)
        killing = threading.Timer(0.2, victim.kill)
        killing.start()
        bereft = sweep(patient, points, seed=5)
        killing.join()
    assert isinstance(there, xarray.Dataset)
    assert here.identical(there)
    assert bereft.identical(sweep(patient, points, jobs=1, seed=5))


def test_a_run_can_be_repeated_alone():
    found = sweep(noisy, GRID, repeats=2, jobs=1, seed=5)
    at = np.ravel_multi_index((2, 0, 1), (3, 2, 2))
    alone = noisy(3, 0.5, seed=run_seed(5, at))
    assert alone["mean"] == found["mean"].isel(a=2, b=0, repeat=1).item()


def test_a_finished_run_is_on_disk_while_the_next_one_goes_on(tmp_path):
    def watch(k, seed):
        limit = time.monotonic() + 20
        while finished(tmp_path) < k and time.monotonic() < limit:
            time.sleep(0.05)
        return {"before": finished(tmp_path)}

    found = sweep(watch, {"k": [0, 1, 2]}, store=tmp_path, jobs=1, seed=1)
    assert found.before.values[:, 0].tolist() == [0, 1, 2]


def test_outputs_of_another_shape_or_of_a_taken_name_are_failures_of_their_run():
    def ragged(k, seed):
        return {"row": np.zeros(k)} if k < 4 else {"k": 1.0}

    with pytest.warns(RuntimeWarning, match="2 of 3 runs failed"):
        found = sweep(ragged, {"k": [2, 3, 4]}, jobs=1, seed=1)
    assert found.row.isel(k=0, repeat=0).values.tolist() == [0, 0]
    assert "returned {'row': (3,)}" in found.error.sel(k=3).item()
    assert "names that the sweep uses" in found.error.sel(k=4).item()


FACTOR = 2.0


def helper(k):
    return k * FACTOR


def helped(k, seed, offset=0):
    return {"value": helper(k) + offset}


def test_a_store_made_with_another_helper_or_constant_is_refused(tmp_path, monkeypatch):
    first = sweep(helped, {"k": [1, 2]}, store=tmp_path, jobs=1, seed=1)
    assert first.identical(sweep(helped, {"k": [1, 2]}, store=tmp_path, jobs=1, seed=1))
    moved = functools.partial(helped, offset=1)
    with pytest.raises(ValueError, match="different function"):
        sweep(moved, {"k": [1, 2]}, store=tmp_path, jobs=1, seed=1)
    with monkeypatch.context() as other, pytest.raises(ValueError, match="different function"):
        other.setitem(globals(), "FACTOR", 3.0)
        sweep(helped, {"k": [1, 2]}, store=tmp_path, jobs=1, seed=1)
    with monkeypatch.context() as other, pytest.raises(ValueError, match="different function"):
        other.setitem(globals(), "helper", lambda k: k)
        sweep(helped, {"k": [1, 2]}, store=tmp_path, jobs=1, seed=1)


def test_a_folder_or_a_group_that_no_sweep_made_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", "utf8")
    zarr.open_group(str(tmp_path / "group"), mode="w").create_array("a", shape=(3,), dtype=float)
    before = sorted(tmp_path.rglob("*"))
    for name, match in (("mine", "files that are no sweep's"), ("group", "no sweep made")):
        with pytest.raises(ValueError, match=match):
            sweep(helped, {"k": [1]}, store=tmp_path / name, jobs=1, seed=1)
    assert sorted(tmp_path.rglob("*")) == before


def wide(k, seed):
    return {"row": np.random.default_rng(seed).normal(size=1000)}


def test_a_disk_that_fills_up_is_said_and_the_same_call_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("balcourse.sweeps._SECONDS_BETWEEN_WRITES", 0.02)
    points = {"k": list(range(40))}

    def slowly(k, seed):
        time.sleep(0.02)
        return wide(k, seed)

    resource = pytest.importorskip("resource", reason="Windows has no limit of a file's size")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot be written: .*the same call goes on"):
            sweep(slowly, points, store=tmp_path, jobs=1, seed=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert 0 < finished(tmp_path) < 40
    resumed = sweep(slowly, points, store=tmp_path, jobs=1, seed=1)
    assert resumed.row.identical(sweep(wide, points, jobs=1, seed=1).row)
    assert not list(tmp_path.rglob("*.partial"))


def test_a_folder_without_permission_is_said_before_any_run(tmp_path):
    sealed = tmp_path / "sealed"
    sealed.mkdir(mode=0o555)
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        with pytest.raises(OSError, match="Permission denied"):
            sweep(picky, GRID, store=sealed, jobs=1, seed=1)
    finally:
        os.seteuid(user)
    assert list(sealed.iterdir()) == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_tells_the_time_left_on_a_terminal_and_is_silent_elsewhere(monkeypatch):
    bar, at_once = tqdm.tqdm, {"delay": 0, "mininterval": 0}
    monkeypatch.setattr(tqdm, "tqdm", lambda **options: bar(**options | at_once))
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    for stream, shown in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        sweep(patient, {"k": [1, 2, 3]}, jobs=1, seed=1)
        assert ("2/3 [00:00<00:00" in stream.getvalue()) == shown
        assert bool(stream.getvalue()) == shown
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    sweep(patient, {"k": [1, 2, 3]}, jobs=1, seed=1)
    assert "3/3" in sys.stderr.getvalue()
