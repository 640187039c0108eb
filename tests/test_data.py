"""The shipped sweeps: what they are made of, and random points of them made again."""

import datetime
import hashlib

import numpy as np
import pytest

from balcourse.data import FOLDER, SEED, SWEEPS, shipped
from balcourse.sweeps import _axis, _Runs, run_seed

# Points that are made again today; tomorrow others.
TODAY = np.random.default_rng(datetime.date.today().toordinal())
AGAIN = {"brunel-2500": 3, "brunel-12500": 1, "brunel-size": 1, "binary-size": 1}

by_sweep = pytest.mark.parametrize("name", SWEEPS)


def test_files_have_the_hashes_beside_them_and_are_small():
    listed = dict(line.split()[::-1] for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    assert set(listed) == {f"{name}.nc" for name in SWEEPS}
    for name, digest in listed.items():
        content = (FOLDER / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert len(content) < 200_000


@by_sweep
def test_a_file_was_made_by_the_sweep_of_its_name(name):
    function, grid, repeats = SWEEPS[name]
    axes = {axis: _axis(axis, values) for axis, values in grid.items()}
    now = _Runs(function, axes, repeats, SEED).fingerprint()
    made = shipped(name).attrs
    assert made["command"] == f"python -m balcourse.data {name}"
    assert made["versions"].startswith("python 3.") and len(made["package"]) == 16
    for what in ("function", "parameters", "repeats", "seed"):
        assert made[what] == now[what], f"{name}: make it anew, its {what} has changed"


def test_maps_are_fine_enough_and_cover_the_lines():
    fine, coarse = shipped("brunel-2500"), shipped("brunel-12500")
    assert fine.sizes["g"] >= 24 and fine.sizes["external_ratio"] >= 16
    for axis in ("g", "external_ratio"):
        assert set(coarse[axis].values) < set(fine[axis].values)
    assert fine.rate.attrs["units"] == "Hz"


@by_sweep
def test_random_points_come_out_the_same(name):
    function, grid, _ = SWEEPS[name]
    data = shipped(name)
    few = [at for at in range(data["n"].size) if data["n"].values[at] <= 12_500]
    for _ in range(AGAIN[name]):
        place = {"n": TODAY.choice(few)}
        place |= {axis: TODAY.integers(size) for axis, size in data.sizes.items() if axis != "n"}
        at = np.ravel_multi_index([place[axis] for axis in data.sizes], list(data.sizes.values()))
        kept = data.isel(place)
        found = function(**{axis: kept[axis].item() for axis in grid}, seed=run_seed(SEED, int(at)))
        for quantity in set(found) - {"seconds"}:
            wanted = kept[quantity].item()
            assert found[quantity] == pytest.approx(wanted, rel=1e-12, nan_ok=True), (name, kept)
