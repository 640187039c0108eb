"""What the tests of the built book share: the site, a server for it, and a browser."""

import os
import pathlib
import sys

import pytest
from filelock import FileLock

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import course  # noqa: E402
from balcourse.book import handouts  # noqa: E402


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))  # longest first
    if handouts.chromium() is None and "BALCOURSE_NEEDS_BROWSER" not in os.environ:
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed"))


def pytest_terminal_summary(terminalreporter):
    if handouts.chromium() is None:
        terminalreporter.write_line(
            "No Chromium is installed: the tests in a browser were left out."
        )


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the book, built from the sources as they are."""
    # One of pytest's processes makes it while the others wait.
    with FileLock(tmp_path_factory.getbasetemp().parent / "book.lock"):
        course.build(sys.executable)
    return course.SITE


@pytest.fixture(scope="session")
def address(site):
    """Where the built book is served, ending in a slash."""
    with course.served(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    with handouts.started_browser() as browser:
        yield browser
