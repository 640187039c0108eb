"""Run the shipped sweeps named on the command line, or all; killed, the same command goes on."""

import hashlib
import sys

from balcourse.cache import cache_folder
from balcourse.data import FOLDER, SEED, SWEEPS, UNITS
from balcourse.sweeps import sweep


def make(name):
    """Run one sweep and write its file."""
    function, grid, repeats = SWEEPS[name]
    store = cache_folder("sweeps") / name
    found = sweep(function, grid, repeats=repeats, store=store, seed=SEED).drop_vars("error")
    for variable, unit in UNITS.items():
        if variable in found:
            found[variable].attrs["units"] = unit
    found.attrs["command"] = f"python -m balcourse.data {name}"
    found.to_netcdf(FOLDER / f"{name}.nc", engine="scipy")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or SWEEPS:
        make(chosen)
    sums = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(FOLDER.glob("*.nc"))
    )
    (FOLDER / "SHA256SUMS").write_text("".join(sums), "utf8")
