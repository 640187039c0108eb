"""The lock and the ranges that it was made from say the same."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
LOCK = (ROOT / "requirements.txt").read_text("utf8")
ENTRIES = [entry for entry in re.split(r"\n(?=\S)", LOCK) if "==" in entry.split("\n")[0]]


def ranges():
    optional = PROJECT["optional-dependencies"]
    groups = [PROJECT["dependencies"], *(optional[name] for name in optional if name != "grading")]
    return [Requirement(line) for group in groups for line in group]


def pins():
    found = {}
    for entry in ENTRIES:
        pin = Requirement(entry.split("\n")[0].rstrip(" \\"))
        (version,) = (specifier.version for specifier in pin.specifier)
        found.setdefault(canonicalize_name(pin.name), []).append(version)
    return found


def test_every_range_is_locked_at_versions_inside_it():
    locked = pins()
    for wanted in ranges():
        versions = locked[canonicalize_name(wanted.name)]
        assert all(wanted.specifier.contains(version) for version in versions), wanted


def test_the_lock_asks_for_nothing_else():
    direct = {canonicalize_name(wanted.name) for wanted in ranges()}
    marked = {
        canonicalize_name(re.match(r"[\w.-]+", entry)[0])
        for entry in ENTRIES
        if re.search(r"# (?:  )?via.*\bbalcourse\b|#   balcourse\b", entry, re.S)
    }
    assert marked == direct


def test_every_entry_has_a_hash():
    assert ENTRIES
    assert all("--hash=sha256:" in entry for entry in ENTRIES)


def test_the_lock_serves_every_python_that_the_project_names():
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    import course

    assert course.PYTHONS == ((3, 11), (3, 12), (3, 13))


def test_every_place_names_the_same_version():
    import balcourse

    version = PROJECT["version"]
    assert balcourse.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf8")
    assert f"\n## {version} (" in (ROOT / "CHANGELOG.md").read_text("utf8")
