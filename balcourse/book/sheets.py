"""Write the homework: from one MyST source a sheet, notebooks for students, lecturer and nbgrader.

``python -m balcourse.book.sheets SHEETS PRIVATE TARGET``: a sheet is any ``homework-NAME.md`` below
the folder SHEETS; ``PRIVATE/NAME.md`` holds its solutions and hidden tests. Without the private
file only the student's notebook is made. No file that somebody has edited is written over.

In a sheet, a code cell may carry `answer: NAME` (the student writes there), `test: NAME` with
`points` (graded by its assertions) or `parameters: true` (draws the student's numbers); a markdown
cell with `answer` and `points` is graded by a person. In the private file a cell with the same
`answer` solves the problem, and a cell with the same `test` is hidden from students.
"""

import copy
import dataclasses
import hashlib
import json
import pathlib
import re
import sys

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook

CONFIG = """# nbgrader's settings for the course's homework: run nbgrader in this folder.
c = get_config()  # noqa: F821
c.ClearSolutions.code_stub = {"python": ""}
c.ClearSolutions.text_stub = ""
c.Execute.timeout = 60  # seconds a cell may take before it is interrupted and fails
"""
_HEADING = re.compile(r"^## \d+\. .*\((\d+) points, (\d+) minutes\)$", re.M)


@dataclasses.dataclass(frozen=True)
class Sheet:
    """One sheet: its cells, and the private cells by role and name (empty without the file)."""

    name: str
    cells: list
    private: dict

    @classmethod
    def read(cls, source, private_folder=None):
        """Read a sheet and, from the folder if one is given, its private part where it has one."""
        name = source.stem.removeprefix("homework-")
        private = pathlib.Path(private_folder, f"{name}.md") if private_folder else None
        cells = _read(private) if private and private.exists() else []
        named = {(role, cell.metadata[role]): cell for cell in cells for role in _roles(cell)}
        return cls(name, _read(source), named)

    @property
    def points(self):
        """Points of all problems."""
        return sum(cell.metadata.get("points", 0) for cell in self.cells)

    @property
    def minutes(self):
        """Expected time of all problems."""
        text = "\n".join(cell.source for cell in self.cells)
        return sum(int(minutes) for _, minutes in _HEADING.findall(text))

    def student(self):
        """Return the notebook for students: statements, places for answers, open tests."""
        return self._notebook(lambda role, cell: cell.source)

    def solution(self):
        """Return the lecturer's notebook: answers in place, hidden tests under the open ones."""

        def source(role, cell):
            private = self._private(role, cell)
            if role == "test" or cell.cell_type == "markdown":
                return f"{cell.source}\n\n{private}".strip()
            return private or cell.source

        return self._notebook(source)

    def nbgrader(self):
        """Return nbgrader's source: answers and hidden tests between its marks."""

        def source(role, cell):
            private = self._private(role, cell)
            if not private:
                return cell.source
            mark = "HIDDEN TESTS" if role == "test" else "SOLUTION"
            return f"{cell.source}\n### BEGIN {mark}\n{private}\n### END {mark}"

        return self._notebook(source)

    def _private(self, role, cell):
        """Return the private text of a cell; a hidden test draws the student's numbers anew."""
        private = self.private.get((role, cell.metadata.get(role)))
        if private is None:
            return ""
        if role != "test":
            return private.source
        drawn = [cell.source for cell in self.cells if cell.metadata.get("parameters")]
        owner = "from balcourse.homework import require_owner\n\nrequire_owner(student)"
        return "\n".join([owner, *drawn, private.source])

    def _notebook(self, source):
        cells = []
        for number, written in enumerate(self.cells):
            cell = copy.deepcopy(written)
            roles = _roles(cell)
            role = roles[0] if roles else ""
            name = cell.metadata.get(role) or f"cell-{number}"
            cell.id = name if role != "test" else f"{name}-test"
            cell.source = source(role, written)
            cell.metadata = _nbgrader_metadata(cell, role)
            cells.append(cell)
        cells[0].source += f"\n\n**{self.points} points, about {self.minutes} minutes.**"
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        notebook.metadata["balcourse"] = {"made": digest(notebook)}
        return notebook


def _read(path):
    return read_myst_markdown_notebook(path.read_text("utf8")).cells


def _roles(cell):
    return [role for role in ("answer", "test") if role in cell.metadata]


def _nbgrader_metadata(cell, role):
    """Return what nbgrader needs to know of a cell; statements are left alone."""
    if cell.cell_type == "markdown" and not role:
        return {}
    points = cell.metadata.get("points")
    about = {
        "schema_version": 3,
        "grade_id": cell.id,
        "grade": points is not None,
        "solution": role == "answer",
        "locked": role != "answer",
        "task": False,
    }
    return {"nbgrader": about | ({} if points is None else {"points": points})}


def digest(notebook):
    """Return a short hash of what a person may have changed: kinds and sources of cells."""
    text = json.dumps([(cell.cell_type, cell.source) for cell in notebook.cells])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def edited(path):
    """Tell whether a notebook is no longer as it was made, or cannot be told to be so."""
    try:
        notebook = nbformat.read(path, as_version=4)
        outputs = any(cell.get("outputs") for cell in notebook.cells)
        return outputs or notebook.metadata["balcourse"]["made"] != digest(notebook)
    except Exception:
        return True


def write(notebook, path):
    """Write a notebook without touching an edited one; return where it went."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place, copies = path, 1
    while place.exists() and edited(place):
        copies += 1
        place = path.with_name(f"{path.stem}-{copies}.ipynb")
    nbformat.write(notebook, place)
    if place != path:
        print(f"{path} was edited and is left as it is; the new one is {place}")
    return place


def make(sheets, private_folder, target):
    """Write the notebooks of all sheets below a folder; return the sheets."""
    target = pathlib.Path(target)
    made = [
        Sheet.read(source, private_folder)
        for source in sorted(pathlib.Path(sheets).rglob("homework-*.md"))
    ]
    for sheet in made:
        write(sheet.student(), target / "student" / f"{sheet.name}.ipynb")
        if sheet.private:
            write(sheet.solution(), target / "solution" / f"{sheet.name}.ipynb")
            file = pathlib.Path("nbgrader", "source", sheet.name, f"{sheet.name}.ipynb")
            write(sheet.nbgrader(), target / file)
    settings = target / "nbgrader" / "nbgrader_config.py"
    if settings.parent.exists() and not settings.exists():
        settings.write_text(CONFIG, "utf8")
    return made


if __name__ == "__main__":
    made = make(*sys.argv[1:])
    print(f"{len(made)} sheets are in {sys.argv[3]}")
    if not all(sheet.private for sheet in made):
        print(f"Sheets without solutions in {sys.argv[2]}: only the student's notebook was made.")
