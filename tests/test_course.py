"""The commands: what a newcomer meets when something is not as it should be."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import pytest

import course


def run(*arguments, cwd=course.ROOT, **environment):
    return subprocess.run(
        [sys.executable, "course.py", *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_a_port_in_use_is_said_in_one_sentence_before_any_work():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("book", "--port", str(port))
    assert ended.returncode == 1
    assert (
        ended.stderr
        == f"Port {port} is in use: choose another, as in `make book PORT={port + 1}`.\n"
    )


def test_a_browser_that_leaves_in_the_middle_is_no_news(tmp_path, capfd):
    (tmp_path / "large.bin").write_bytes(bytes(20_000_000))
    with course.served(tmp_path) as address:
        port = int(address.split(":")[-1].strip("/"))
        with socket.create_connection(("127.0.0.1", port)) as leaving:
            leaving.sendall(b"GET /large.bin HTTP/1.1\r\n\r\n")
            leaving.recv(10)
        for thread in threading.enumerate():
            if "process_request" in thread.name:
                thread.join(timeout=60)
    assert capfd.readouterr().err == ""


def test_a_python_out_of_range_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(course.shutil, "which", lambda name: None)
    with pytest.raises(
        SystemExit, match=r"^The course needs one of Python .*; this is Python 3\.9\.18\.$"
    ):
        course.base_python()


def test_an_older_python_finds_a_newer_one(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(course.shutil, "which", lambda name: f"/opt/{name}")
    monkeypatch.setattr(course, "python_version", lambda command: (3, 12))
    assert course.base_python() == "/opt/python3.13"


def small_book(folder):
    """Copy what a book of one page needs."""
    for name in ("course.py", "_config.yml", "requirements.txt", "pyproject.toml"):
        shutil.copy2(course.ROOT / name, folder)
    shutil.copytree(course.ROOT / "balcourse", folder / "balcourse")
    (folder / "chapters" / "references").mkdir(parents=True)
    for bibliography in (course.ROOT / "chapters" / "references").glob("*.bib"):
        (folder / "chapters" / "references" / bibliography.name).touch()
    (folder / "_toc.yml").write_text(EMPTY, "utf8")
    return folder / "chapters" / "index.md"


EMPTY = "format: jb-book\nroot: chapters/index\n"
BUILD = "import sys, course; course.build(sys.executable)"
HEAD = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---
# Page

"""


def build(folder):
    return subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (
            "from balcourse.page.claims import claim\nclaim('a', 1, 2, 0.5, source='me')",
            "AssertionError: a = 1, but me says 2 ± 0.5",
        ),
    ],
    ids=["a failed cell", "a broken claim"],
)
def test_a_failed_cell_ends_the_build_with_one_sentence(tmp_path, cell, sentence):
    page = small_book(tmp_path)
    page.write_text(f"{HEAD}```{{code-cell}} python3\n{cell}\n```\n", "utf8")
    ended = build(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The book was not built: a cell of ")
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_warning_ends_the_build(tmp_path):
    page = small_book(tmp_path)
    page.write_text("# Page\n\nSee {ref}`nowhere`.\n", "utf8")
    ended = build(tmp_path)
    assert ended.returncode == 1
    assert "undefined label: 'nowhere'" in ended.stderr


def test_an_edited_package_executes_the_lessons_again(tmp_path):
    page = small_book(tmp_path)
    page.write_text(
        f"{HEAD}```{{code-cell}} python3\nimport balcourse; balcourse.__version__\n```\n", "utf8"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}

    def built():
        run = dict(cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
        said.append(subprocess.run([sys.executable, "-c", BUILD], **run).stdout)
        return (tmp_path / "_build/html/chapters/index.html").read_text("utf8")

    said = []
    assert "9.9.9" not in built() == built()
    assert ["Nothing has changed" in words for words in said] == [False, True]
    package = pathlib.Path(tmp_path, "balcourse", "__init__.py")
    package.write_text(package.read_text("utf8").replace('"0.1.0"', '"9.9.9"'), "utf8")
    assert "9.9.9" in built()
