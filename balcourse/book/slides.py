"""Every lesson is also a deck: a view of the same page, for the reveal.js builder.

On the slides: headings, display mathematics, figures and tables, live widgets, key points, and
what the author marked with the class ``slide``. In the speaker notes: the prose. Left out:
exercises, quiz, references, and what is marked ``noslide``. No sentence has a second copy.
"""

import math
import posixpath

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from balcourse.book.extension import STATIC

_BUILDER = "revealjs"
_COURSE_PAGES = ("exercises", "quiz", "references")
_BOXES_LEFT_OUT = {"prerequisites", "notation", "noslide"}
_BOXES_ELSEWHERE = {"outcomes", "cell", "exercise", "solution"}
_SCRIPTS = ("MathJax", "mathjax", "host.js", "widget-state")
_LINES_ON_A_SLIDE = 13.5
_LINES_OF_A_FIGURE = 12
_LETTERS_IN_A_LINE = 64


class speaker_notes(nodes.General, nodes.Element):  # noqa: N801
    """What the lecturer sees and the audience does not."""


class DeckOfLesson(SphinxPostTransform):
    """Turn a lesson's document into slides."""

    default_priority = 950
    builders = (_BUILDER,)

    def run(self, **kwargs):
        """Replace the lesson's sections by slides, two levels deep."""
        for lesson in list(self.document.findall(nodes.section))[:1]:
            boxes = [
                box for box in lesson.findall(nodes.admonition) if "outcomes" in box["classes"]
            ]
            if boxes:
                slides = [self._title_slide(lesson, boxes[0])]
                for section in lesson.findall(nodes.section):
                    if section is not lesson and not _left_out(section):
                        slides.extend(_slides_of(section))
                opening = slides.pop(0)
                opening.extend(slides)
                for mark in list(opening.findall(nodes.footnote_reference)):
                    mark.parent.remove(mark)
                lesson.replace_self(opening)
                self._point_to_the_book(opening)

    def _title_slide(self, lesson, outcomes):
        heading = next(iter(lesson.findall(nodes.title)))
        listed = [
            child.deepcopy() for child in outcomes.children if not isinstance(child, nodes.title)
        ]
        spoken = [
            child.deepcopy() for child in lesson.children if isinstance(child, nodes.paragraph)
        ]
        return nodes.section(
            "",
            heading.deepcopy(),
            nodes.paragraph("", self.config.html_title, classes=["course-name"]),
            nodes.container("", *listed, classes=["outcomes"]),
            speaker_notes("", *spoken),
            ids=lesson["ids"],
        )

    def _point_to_the_book(self, deck):
        """Have links to other pages lead from the deck's folder to the book."""
        here = posixpath.dirname(self.env.docname)
        for link in deck.findall(nodes.reference):
            address = link.get("refuri", "")
            if link.get("internal") and address and not address.startswith("#"):
                target = posixpath.normpath(posixpath.join(here, address))
                link["refuri"] = posixpath.relpath(f"../{target}", here)
            elif "refid" in link or address.startswith("#"):
                page = f"../{self.env.docname}.html#{link.get('refid') or address[1:]}"
                link["refuri"] = posixpath.relpath(page, here)
                link.attributes.pop("refid", None)


def _left_out(section):
    within = section
    while within is not None:
        ids, classes = within.get("ids", ()), within.get("classes", ())
        if set(ids) & set(_COURSE_PAGES) or "noslide" in classes:
            return True
        within = within.parent
    return False


def _slides_of(section):
    """Return one slide or more for a section, each no fuller than a screen."""
    heading = section.next_node(nodes.title)
    depth_first = isinstance(section.parent.parent, nodes.document)
    slides, lines, spoken = [], math.inf, []
    for child in section.children:
        if isinstance(child, nodes.section | nodes.title):
            continue
        shown = _shown(child)
        for node in shown:
            height = _height(node)
            if lines + height > _LINES_ON_A_SLIDE:
                name = f"{section['ids'][0]}-{len(slides) + 1}"
                slides.append(nodes.section("", heading.deepcopy(), ids=[name]))
                lines = 0
            slides[-1] += node
            lines += height
        if not shown and _is_prose(child):
            (slides[-1] if slides else spoken).append(speaker_notes("", child.deepcopy()))
    if not slides:
        return []
    slides[0].extend(spoken)
    if depth_first:
        first, *others = slides
        first.extend(others)
        return [first]
    return slides


def _shown(node):
    """Return the copies of what an audience sees of this node."""
    classes = set(node.get("classes", ())) if isinstance(node, nodes.Element) else set()
    if classes & _BOXES_LEFT_OUT:
        return []
    if "keypoints" in classes:
        listed = [child.deepcopy() for child in node.children if not isinstance(child, nodes.title)]
        return [nodes.container("", *listed, classes=["keypoints"])]
    if "cell" in classes:
        return _shown_of_cell(node, classes)
    if "slide" in classes or isinstance(node, nodes.math_block | nodes.table | nodes.figure):
        return [node.deepcopy()]
    return []


def _shown_of_cell(cell, classes):
    parts = []
    for part in cell.children:
        is_output = "cell_output" in part["classes"]
        if is_output and any(True for _ in part.findall(_is_picture)):
            parts += [one.deepcopy() for one in part.children if any(one.findall(_is_picture))]
        elif "tag_slide-code" in classes:
            parts.append(part.deepcopy())
    return parts


def _is_picture(node):
    return isinstance(node, nodes.image | nodes.table)


def _is_prose(node):
    """Whether the lecturer says it: all but invisible nodes, cells and boxes of self-study."""
    if isinstance(node, nodes.Invisible | nodes.target):
        return False
    return not set(node.get("classes", ())) & (_BOXES_LEFT_OUT | _BOXES_ELSEWHERE)


def _height(node):
    """Estimate a node's height in lines of text."""
    if any(True for _ in node.findall(nodes.image)):
        return _LINES_OF_A_FIGURE
    if isinstance(node, nodes.math_block):
        return 2.2 + 1.5 * node.astext().count("\\\\")
    if isinstance(node, nodes.table):
        return 1.7 * len(list(node.findall(nodes.row)))
    if isinstance(node, nodes.literal_block):
        return 1 + node.astext().count("\n")
    items = list(node.findall(nodes.list_item)) or [node]
    return sum(0.4 + math.ceil(len(item.astext()) / _LETTERS_IN_A_LINE) for item in items)


def _visit_notes(self, node):
    self.body.append('<aside class="notes">')


def _depart_notes(self, node):
    self.body.append("</aside>")


def _link_to_deck(app, doctree, docname):
    """Say in each lesson of the book where its deck is."""
    if app.builder.name != "html":
        return
    boxes = list(doctree.findall(nodes.admonition))
    is_lesson = any("outcomes" in box["classes"] for box in boxes)
    for box in boxes:
        if is_lesson and "prerequisites" in box["classes"]:
            address = posixpath.relpath(f"slides/{docname}.html", posixpath.dirname(docname))
            link = nodes.reference("", "Slides of this lesson", refuri=address, internal=True)
            box += nodes.paragraph("", "", link, nodes.Text("."))


def _only_needed_scripts(app, pagename, templatename, context, doctree):
    """Keep, of all scripts that the book loads, those that a deck uses."""
    if app.builder.name == _BUILDER:
        context["script_files"] = [
            script
            for script in context["script_files"]
            if any(name in f"{script.filename}{script.attributes}" for name in _SCRIPTS)
        ]


def setup(app):
    """Connect the extension (called by Sphinx)."""
    # The reveal.js builder appends to this option, which must not count as a changed book.
    app.config._options.pop("revealjs_static_path")
    app.add_config_value("revealjs_static_path", [*STATIC], "", [list])
    app.add_node(speaker_notes, revealjs=(_visit_notes, _depart_notes))
    app.add_post_transform(DeckOfLesson)
    app.connect("doctree-resolved", _link_to_deck)
    app.connect("html-page-context", _only_needed_scripts, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
