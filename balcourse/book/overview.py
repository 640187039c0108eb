"""What the book says about its lessons as a whole, read from their sources.

``{lessons}`` draws the map and lists question, minutes and needs of each lesson, which stand in
the lesson's front matter and boxes; ``{minutes}`` adds up the minutes of some lessons, or of all;
``{materials}`` lists each lesson's minutes, deck and homework; ``{notation}`` joins the lessons'
notation boxes into one table.
"""

import dataclasses
import functools
import html
import pathlib
import re
import textwrap

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole

from balcourse.book.sheets import Sheet

_BOX, _GAP, _COLUMN, _ROW = (188, 60), 10, 224, 74


@dataclasses.dataclass(frozen=True)
class Source:
    """One page of the book as its author wrote it.

    Attributes
    ----------
    name : str
        Sphinx's name of the page, such as ``chapters/chaos/balance``.
    text : str
        The MyST source.

    """

    name: str
    text: str

    @functools.cached_property
    def matter(self):
        """The front matter (dict); empty where there is none."""
        found = re.match(r"---\n(.*?)^---\n", self.text, re.M | re.S)
        return yaml.safe_load(found[1]) if found else {}

    @property
    def title(self):
        """The page's heading."""
        return re.search(r"^# (.+)$", self.text, re.M)[1]

    @property
    def question(self):
        """What the lesson asks, or None where the page is no lesson."""
        return self.matter.get("question")

    @property
    def needs(self):
        """Names of the lessons that this one builds on."""
        return tuple(f"chapters/{name}" for name in self.matter.get("needs", ()))

    @property
    def minutes(self):
        """How long the page takes (int)."""
        return int(re.search(r"About (\d+) minutes", self.text)[1])

    @property
    def topic(self):
        """The word that its exercises' names begin with, and the name of its homework sheet."""
        return re.search(r"^:label: (\w+)-", self.text, re.M)[1]

    @functools.cached_property
    def symbols(self):
        """Rows of the notation box: (symbol, meaning, unit, name in code), one symbol each.

        A row of the box may introduce several symbols: semicolons part their meanings, commas their
        units and names, where there are as many as symbols; else the symbols share the cell.
        """
        box = re.search(r"^:class: notation\n(.*?)^:::$", self.text, re.M | re.S)
        rows = re.findall(r"^\|(.*)\|$", box[1], re.M)[2:] if box else []
        found = []
        for row in rows:
            cells = [cell.strip() for cell in row.split("|")]
            symbols = _symbols(cells[0])
            shares = [
                _shared(cell, mark, len(symbols))
                for cell, mark in zip(cells[1:], ("; ", ", ", ", "), strict=True)
            ]
            found.extend(zip(symbols, *shares, strict=True))
        return tuple(found)


def _symbols(cell):
    """Return the symbols of a cell, "$a$, $b$", spelt alike whatever the lesson's spelling."""
    return re.findall(r"\$[^$]+\$", cell.replace(r"\text{", "{")) or [cell]


def _shared(cell, mark, count):
    parts = cell.split(mark)
    return parts if len(parts) == count else [cell] * count


def sources(env):
    """Return the book's pages in reading order.

    Parameters
    ----------
    env : sphinx.environment.BuildEnvironment
        The book's environment.

    Returns
    -------
    list of Source

    """
    names = [name.removesuffix(".md") for name in env.app.config.external_site_map]
    return [Source(name, pathlib.Path(env.doc2path(name)).read_text("utf8")) for name in names]


class _Lessons(SphinxDirective):
    def run(self):
        lessons = _noted_lessons(self.env)
        raw = nodes.raw("", _map(lessons, self._address), format="html")
        box = nodes.container("", raw, classes=["course-map"])
        by_name = {lesson.name: lesson for lesson in lessons}
        table = ["| Lesson | The question | Minutes | Builds on |", "|---|---|---|---|"]
        for lesson in lessons:
            needs = ", ".join(f"{{doc}}`/{by_name[name].name}`" for name in lesson.needs)
            cells = (f"{{doc}}`/{lesson.name}`", lesson.question, str(lesson.minutes), needs or "–")
            table.append(f"| {' | '.join(cells)} |")
        return [box, *_parsed(self, table)]

    def _address(self, name):
        return self.env.app.builder.get_relative_uri(self.env.docname, name)


class _Materials(SphinxDirective):
    def run(self):
        top = "../" * self.env.docname.count("/")
        table = [
            "| Lesson | Minutes | Deck | Homework | Points | Minutes |",
            "|---|---|---|---|---|---|",
        ]
        for lesson in _noted_lessons(self.env):
            page = pathlib.Path(self.env.doc2path(lesson.name))
            path = page.with_name(f"homework-{lesson.topic}.md")
            self.env.note_dependency(str(path))
            sheet = Sheet.read(path)
            deck = f'<a href="{top}slides/{lesson.name}.html">slides of {lesson.topic}</a>'
            cells = (f"{{doc}}`/{lesson.name}`", lesson.minutes, deck, f"`{sheet.name}`")
            table.append(f"| {' | '.join(map(str, (*cells, sheet.points, sheet.minutes)))} |")
        return _parsed(self, table)


class _Minutes(SphinxRole):
    def run(self):
        lessons = _noted_lessons(self.env)
        if self.text != "all":
            by_name = {lesson.name.removeprefix("chapters/"): lesson for lesson in lessons}
            lessons = [by_name[name] for name in self.text.split()]
        return [nodes.Text(f"{sum(lesson.minutes for lesson in lessons):,}")], []


class _Notation(SphinxDirective):
    def run(self):
        meanings = {}
        for page in sources(self.env):
            self.env.note_dependency(self.env.doc2path(page.name))
            for symbol, meaning, unit, code in page.symbols:
                row = meanings.setdefault((symbol, meaning), ([], [], []))
                for kept, one in zip(row, (unit, code, f"{{doc}}`/{page.name}`"), strict=True):
                    if one not in kept:
                        kept.append(one)
        table = ["| Symbol | Meaning | Unit | In code | Where |", "|---|---|---|---|---|"]
        for (symbol, meaning), row in sorted(meanings.items(), key=_alphabetical):
            cells = (symbol, meaning, *(", ".join(filter(None, one)) for one in row))
            table.append(f"| {' | '.join(cells)} |")
        return _parsed(self, table)


def _alphabetical(row):
    letters = re.sub(r"[^A-Za-z]", "", row[0][0])
    greek = row[0][0].startswith("$\\")
    return greek, letters.lower(), row[0]


def _noted_lessons(env):
    lessons = [page for page in sources(env) if page.question]
    for lesson in lessons:
        env.note_dependency(env.doc2path(lesson.name))
    return lessons


def _parsed(directive, lines):
    holder = nodes.Element()
    content = StringList(lines, source=directive.get_source_info()[0])
    directive.state.nested_parse(content, directive.content_offset, holder)
    return holder.children


def _map(lessons, address):
    """Return the lessons as an SVG: each right of those it builds on, and a link to its page."""
    depth = {}
    for lesson in lessons:
        depth[lesson.name] = max((depth[name] + 1 for name in lesson.needs), default=0)
    columns = [[one for one in lessons if depth[one.name] == d] for d in sorted({*depth.values()})]
    rows = max(map(len, columns))
    place = {
        lesson.name: (column * _COLUMN + 2, (rows - len(stack)) / 2 * _ROW + row * _ROW + 2)
        for column, stack in enumerate(columns)
        for row, lesson in enumerate(stack)
    }
    width = (len(columns) - 1) * _COLUMN + _BOX[0] + 4
    height = rows * _ROW - _ROW + _BOX[1] + 4
    lines = [_line(place[need], place[one.name]) for one in lessons for need in one.needs]
    boxes = [_box(one, *place[one.name], address(one.name)) for one in lessons]
    words = "Map of the lessons; an arrow leads from a lesson to those that build on it."
    return (
        f'<svg viewBox="0 0 {width} {height}" role="group" aria-label="{words}">'
        '<defs><marker id="map-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def _line(start, end):
    x, y = start[0] + _BOX[0], start[1] + _BOX[1] / 2
    to_x, to_y = end[0] - 2, end[1] + _BOX[1] / 2
    middle = (x + to_x) / 2
    return f'<path class="map-line" d="M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"/>'


def _box(lesson, x, y, address):
    words = textwrap.wrap(lesson.title.split(":")[0], 19)
    top = y + _BOX[1] / 2 + 5 - 9.5 * (len(words) - 1)
    text = "".join(
        f'<tspan x="{x + _GAP}" y="{top + 19 * at}">{html.escape(line)} </tspan>'
        for at, line in enumerate(words)
    )
    return (
        f'<a href="{address}"><rect x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="4"/>'
        f"<text>{text}</text></a>"
    )


def setup(app):
    """Connect the extension (called by Sphinx)."""
    app.add_directive("lessons", _Lessons)
    app.add_directive("materials", _Materials)
    app.add_directive("notation", _Notation)
    app.add_role("minutes", _Minutes())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
