"""The whole book as one PDF: Sphinx's single page, made ready for paper and printed by Chromium.

On paper a live widget is its still and the address where it lives, what was folded is open, and a
link within the book leads to a page of the PDF. ``python -m balcourse.book.paper ADDRESS PDF``
prints the single page that is served at ADDRESS.
"""

import pathlib
import re
import sys
import urllib.parse

from docutils import nodes
from sphinx import addnodes

from balcourse.book.handouts import page_count, started_browser, typeset

_BUILDER = "singlehtml"
_HERE = "http://127.0.0.1:8000/"
_PAGES = """
@page { margin: 20mm 18mm; @bottom-center { content: counter(page); font: 8pt sans-serif; } }
"""
_PREPARE = """([home, pages]) => {
    const lessons = document.querySelectorAll(".toctree-wrapper > [id^=document-] + section");
    lessons.forEach((lesson, number) => {
        const title = JSON.stringify(lesson.querySelector("h2").firstChild.textContent);
        const mark = lesson.previousElementSibling;
        mark.style.display = "block";
        mark.style.page = lesson.style.page = `page-${number}`;
        pages += `@page page-${number} { @top-right { content: ${title}; font: 8pt sans-serif; } }`;
    });
    document.head.appendChild(document.createElement("style")).textContent = pages;
    for (const folded of document.querySelectorAll("details")) folded.open = true;
    for (const box of document.querySelectorAll(".toggle-hidden"))
        box.classList.remove("toggle-hidden");
    for (const link of document.querySelectorAll("a[href]")) {
        const elsewhere = link.origin === location.origin && link.pathname !== location.pathname;
        if (elsewhere) link.href = new URL(link.pathname.slice(1), home);
    }
    for (const image of document.images) image.loading = "eager";
    return Promise.all([...document.images].map((image) => image.decode()));
}"""
_NUMBER = """(numbers) => {
    for (const link of document.querySelectorAll("#jb-print-toc a"))
        link.dataset.page = numbers[link.hash.slice(1)] ?? "";
}"""


def _home(app):
    return app.config.html_baseurl or _HERE


def _prepare(app, document, page):
    """Say where each widget lives, and tell the pages' ids apart."""
    if app.builder.name != _BUILDER:
        return
    # Numbers are looked up by ids, which are the book's own already.
    numbered = app.env.get_domain("std").get_enumerable_node_type
    kept = {
        one
        for node in document.findall(nodes.Element)
        if isinstance(node, nodes.math_block) or numbered(node)
        for one in node["ids"]
    }
    parts = list(document.findall(addnodes.start_of_file))
    # What lies in no other page's part lives on the first page.
    lives = {
        box: part.get("docname", page)
        for part in (document, *parts)
        for box in part.findall(nodes.container)
        if "live" in box["classes"]
    }
    for box, name in lives.items():
        box += nodes.paragraph("", f"Alive at {_home(app)}{name}.html.")
    for part in parts:
        prefix = part["docname"].replace("/", "-")
        for node in part.findall(nodes.Element):
            for kind in ("ids", "backrefs"):
                node[kind] = [
                    one if one in kept else f"{prefix}-{one}" for one in node.get(kind, ())
                ]
            if "refid" in node and node["refid"] not in kept:
                node["refid"] = f"{prefix}-{node['refid']}"
    for link in document.findall(nodes.reference):
        _, page, anchor = (*link.get("refuri", "").split("#"), "", "")[:3]
        if anchor in kept:
            link["refuri"] = f"#{anchor}"
        elif page.startswith("document-") and anchor:
            link["refuri"] = f"#{page.removeprefix('document-').replace('/', '-')}-{anchor}"


def _without_life(app, pagename, templatename, context, doctree):
    """Leave widgets as stills."""
    if app.builder.name == _BUILDER:
        context["script_files"] = [
            script
            for script in context["script_files"]
            if not any(
                name in f"{script.filename}{script.attributes}"
                for name in ("host.js", "widget-state")
            )
        ]


def _numbers(pdf):
    """Return the page number at which each page of the book begins in a PDF document (bytes)."""
    pages = re.findall(rb"(\d+) 0 obj\s*<</Type\s*/Page\b", pdf)
    begins = re.findall(rb"/(document-\S+) \[(\d+) 0 R", pdf)
    return {
        urllib.parse.unquote(name.decode().replace("#", "%")): 1 + pages.index(page)
        for name, page in begins
    }


def print_book(browser, address, home):
    """Return the page served at `address` as PDF (bytes); links to other pages lead `home`."""
    page = browser.new_page(color_scheme="light")
    page.goto(address, timeout=120_000)
    typeset(page)
    page.evaluate(_PREPARE, [home, _PAGES])
    options = {"format": "A4", "scale": 0.72, "print_background": True}
    page.evaluate(_NUMBER, _numbers(page.pdf(**options)))
    pdf = page.pdf(**options, outline=True, tagged=True)
    page.close()
    return pdf


def _write_as_html(app):
    """Have the single page written as the pages are, where an extension knows only those."""
    handlers = app.registry.translation_handlers
    handlers[_BUILDER] = handlers["html"] | handlers.get(_BUILDER, {})


def setup(app):
    """Connect the extension (called by Sphinx)."""
    app.connect("builder-inited", _write_as_html)
    app.connect("doctree-resolved", _prepare, priority=950)
    app.connect("html-page-context", _without_life, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    with started_browser() as chromium:
        printed = print_book(chromium, sys.argv[1], _HERE)
    pathlib.Path(sys.argv[2]).write_bytes(printed)
    print(f"{sys.argv[2]}: {page_count(printed)} pages")
