"""What the tests of the built book share: the site, a server for it, and a browser."""

import os
import pathlib
import sys
import threading

import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import course  # noqa: E402
from balcourse.book.handouts import CHROMIUM_FLAGS, chromium  # noqa: E402


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))  # longest first
    if chromium() is None and "BALCOURSE_NEEDS_BROWSER" not in os.environ:
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed"))


def pytest_terminal_summary(terminalreporter):
    if chromium() is None:
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
    with course.server(0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
