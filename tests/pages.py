"""The book's pages, read as their sources: cells, prose, admonitions."""

import dataclasses
import pathlib
import re

import course

ROOT = pathlib.Path(__file__).resolve().parents[1]
_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```", re.M | re.S)
_CODE = re.compile(r"^```python\n.*?^```$", re.M | re.S)
_BLOCK = re.compile(r"^(`{3,})[^\n]*\n.*?^\1\s*$", re.M | re.S)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One code cell: its source lines that are not blank, and its options as text."""

    options: str
    lines: tuple

    @property
    def hidden(self):
        """Whether the reader must open it to see the code."""
        return bool(re.search(r"(hide|remove)-(input|cell)", self.options))


@dataclasses.dataclass(frozen=True)
class Page:
    """One MyST source of the book."""

    path: pathlib.Path

    @property
    def name(self):
        """Path below the repository, without the suffix."""
        return self.path.relative_to(course.ROOT).with_suffix("").as_posix()

    @property
    def text(self):
        """The source."""
        return self.path.read_text("utf8")

    @property
    def cells(self):
        """All code cells."""
        cells = []
        for body in _CELL.findall(self.text):
            options, code = [], body
            fenced = re.match(r"---\n(.*?)^---\n", body, re.M | re.S)
            if fenced:
                options, code = [fenced[1]], body[fenced.end() :]
            lines = [line for line in code.splitlines() if line.strip()]
            options += [line for line in lines if line.startswith(":")]
            lines = tuple(line for line in lines if not line.startswith(":"))
            cells.append(Cell("\n".join(options), lines))
        return cells

    @property
    def prose(self):
        """The text without front matter, code, directives' options and comments."""
        text = re.sub(r"\A---\n.*?^---\n", "", self.text, flags=re.M | re.S)
        text = _CODE.sub("", _CELL.sub("", text))
        return re.sub(r"^:[\w-]+:.*$|^%.*$", "", text, flags=re.M)


PAGES = [Page(ROOT / f"{name}.md") for name in course.listed_pages()]
LESSONS = [page for page in PAGES if ":class: outcomes" in page.text]
