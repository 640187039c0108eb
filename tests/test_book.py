"""The book as a whole: notation, glossary, references, links, notebooks, search, the map."""

import functools
import html.parser
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import urllib.parse

import nbformat
import pytest
from nbclient import NotebookClient
from pages import LESSONS, PAGES, ROOT
from test_course import BUILD, EMPTY

import course
from balcourse.book import handouts
from balcourse.book.overview import Source
from balcourse.page import figures

SOURCES = [Source(page.name, page.text) for page in PAGES]
TAUGHT = [source for source in SOURCES if source.question]
NAMES = (r"\W*(?:\w_\{?)?(?:E\b|excit)", r"\W*(?:\w_\{?)?(?:I\b|inhib)")
TEMPLATE = "balcourse/book/lesson-template"
APPENDIX = ROOT / "chapters" / "appendix"


@pytest.mark.parametrize(
    "source", [one for one in SOURCES if one.symbols], ids=lambda one: one.name
)
def test_a_symbol_has_one_meaning_in_its_lesson_and_a_unit(source):
    symbols = [symbol for symbol, *_ in source.symbols]
    assert len(symbols) == len(set(symbols))
    for symbol, meaning, unit, code in source.symbols:
        assert meaning and unit and code, f"{source.name}: {symbol} lacks an entry"


def test_the_notation_names_every_letter_that_two_lessons_use_differently():
    meanings = {}
    for source in SOURCES:
        for symbol, meaning, *_ in source.symbols:
            meanings.setdefault(symbol, set()).add(meaning)
    said = re.search(
        r"Between lessons these have: (.*?)\.\n", (APPENDIX / "notation.md").read_text("utf8"), re.S
    )[1]
    assert set(re.findall(r"\$[^$]+\$", said)) == {
        s for s, found in meanings.items() if len(found) > 1
    }


def test_every_lesson_of_the_contents_is_on_the_map_after_those_it_needs():
    assert [source.name for source in TAUGHT] == [lesson.name for lesson in LESSONS]
    seen = set()
    for source in TAUGHT:
        assert set(source.needs) <= seen, f"{source.name} comes before what it needs"
        seen.add(source.name)


def test_every_entry_of_the_bibliography_is_cited_once_known_and_complete():
    listed = {}
    for path in sorted((ROOT / "chapters" / "references").glob("*.bib")):
        for kind, key, body in re.findall(
            r"^@(\w+)\{([^,]+),\n(.*?)^\}", path.read_text("utf8"), re.M | re.S
        ):
            assert key not in listed, f"{key} is in {listed[key]} and in {path.name}"
            listed[key] = path.name
            fields = dict(re.findall(r"(\w+)\s*=\s*\{(.*?)\}(?=,|\s*$)", body, re.M))
            needed = {
                "article": "author title journal volume pages year doi",
                "book": "author title publisher year",
            }
            assert set(needed[kind].split()) <= set(fields), f"{key} lacks a field"
            assert re.fullmatch(r"10\.\d{4,9}/\S+", fields.get("doi", "10.1000/none")), key
    cited = set()
    for page in PAGES:
        for keys in re.findall(r"\{footcite(?::\w)?\}`([^`]*)`", page.text):
            cited |= {key.strip() for key in keys.split(",")}
    assert cited == set(listed)


class Links(html.parser.HTMLParser):
    """What a page links to, and what it can be linked at."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes.get("id"), attributes.get("name")}
        for name in ("href", "src", "data"):
            if attributes.get(name):
                self.links.add(attributes[name])


def test_every_internal_link_and_anchor_resolves(site):
    pages, decks = {}, handouts.decks(site)
    for path in site.rglob("*.html"):
        # The builder of decks also writes the pages that are no lesson; nothing leads to those.
        deck = path.relative_to(site) in decks
        if deck or not {"_static", "slides"} & set(path.parts):
            pages[path.relative_to(site).as_posix()] = Links(path.read_text("utf8"))
    broken = []
    for name, page in pages.items():
        for link in page.links:
            address = urllib.parse.urlsplit(link)
            if address.scheme or address.netloc:
                continue
            path = urllib.parse.unquote(address.path)
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            )
            if target not in pages:
                found = (site / target).exists()
            else:
                anchor = urllib.parse.unquote(address.fragment)
                found = not anchor or anchor in pages[target].ids or anchor.startswith("/")
            if not found:
                broken.append(f"{name}: {link}")
    assert broken == []


def test_each_term_of_the_glossary_links_to_lessons_that_use_it(site):
    page = (site / "chapters/appendix/glossary.html").read_text("utf8")
    entries = re.findall(r"<dt.*?</dd>", page, re.S)
    assert len(entries) > 30
    assert [entry[:60] for entry in entries if "#use-of-" not in entry] == []


def test_excitation_and_inhibition_stay_apart_in_greyscale(site):
    """Lines of both colours differ in dashes, or words name both kinds, or neither is meant."""
    alike, both = [], 0
    for path in (site / "_images").glob("*.svg"):
        drawing = path.read_text("utf8")
        dashes = {}
        for style in re.findall(r'style="(fill: none; stroke: #[^"]*)"', drawing):
            colour = re.search(r"stroke: (#\w+)", style)[1].upper()
            if colour in (figures.E, figures.I):
                dashed = re.search(r"stroke-dasharray: ([^;]+)", style)
                dashes.setdefault(colour, set()).add(dashed[1] if dashed else "")
        if len(dashes) == 2:
            both += 1
            words = re.findall(r"<!-- (.*?) -->", drawing)
            said = [any(re.match(name, word) for word in words) for name in NAMES]
            if dashes[figures.E] & dashes[figures.I] and said[0] != said[1]:
                alike.append((path.name, words[:12]))
    assert both >= 5
    assert alike == []


def test_a_downloaded_notebook_runs_and_reads_as_text(site):
    name = "chapters/appendix/how-lif-is-fast"
    assert f"{name}.ipynb" in (site / f"{name}.html").read_text("utf8")
    notebook = nbformat.read(site / "_sources" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for source in LESSONS:
        downloaded = json.loads((site / "_sources" / f"{source.name}.ipynb").read_text("utf8"))
        text = "".join(
            "".join(cell["source"])
            for cell in downloaded["cells"]
            if cell["cell_type"] == "markdown"
        )
        assert not re.search(r"\{[\w:]+\}`|^:::", text, re.M), source.name
        cites = "{footcite" in source.path.read_text("utf8")
        assert cites == bool(re.search(r"\[[^][]+ \d{4}\]", text)), source.name
        assert cites == bool(re.search(r"^## References\n+- [A-Z]", text, re.M)), source.name


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("shot noise", "chapters/evidence/states.html"),
        ("zugzwang", None),
        ("leapover", "chapters/appendix/glossary.html"),
        ("edge of balance", "chapters/chaos/balance.html"),
    ],
    ids=["text", "nothing", "glossary", "exercise"],
)
def test_search_finds_what_the_book_says(browser, address, words, place):
    page = browser.new_page()
    page.goto(f"{address}search.html?q={urllib.parse.quote(words)}")
    page.wait_for_function(
        "/found|did not match/.test(document.querySelector('.search-summary')?.innerText)"
    )
    found = page.eval_on_selector_all(
        "#search-results li a", "links => links.map(link => link.href)"
    )
    assert (place is None) == (found == [])
    assert place is None or any(place in link for link in found)
    page.close()


def test_make_lesson_makes_a_lesson_that_passes_every_check(tmp_path):
    for name in {"balcourse", "chapters", "lecturer", "tests"} & {
        path.name for path in ROOT.iterdir()
    }:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    for name in ("course.py", "pyproject.toml", "_config.yml", "_toc.yml", "requirements.txt"):
        shutil.copy2(ROOT / name, tmp_path)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = functools.partial(subprocess.run, cwd=tmp_path, env=environment, text=True)
    made = "import course; course.add_lesson('resonance')"
    run([sys.executable, "-c", made], check=True)
    quick = "resonance or every_lesson or every_letter or every_entry or unique"
    checks = [f"tests/test_{name}.py" for name in ("lessons", "homework", "book")]
    tested = run([sys.executable, "-m", "pytest", "-k", quick, *checks], capture_output=True)
    assert tested.returncode == 0, tested.stdout
    # Its own build, in a book of that lesson alone.
    book = f"{EMPTY}chapters:\n  - file: chapters/resonance/lesson\n"
    (tmp_path / "_toc.yml").write_text(book, "utf8")
    (tmp_path / "chapters/index.md").write_text("# Page\n\n```{lessons}\n```\n", "utf8")
    ended = run([sys.executable, "-c", BUILD], capture_output=True)
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "_build/html/chapters/resonance/lesson.html").read_text("utf8")
    assert 'come <span class="pasted-text">0.63</span> of the way' in page


def test_a_lesson_is_never_written_over(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    shutil.copytree(ROOT / TEMPLATE, tmp_path / TEMPLATE)
    (tmp_path / "chapters" / "waves").mkdir(parents=True)
    (tmp_path / "chapters" / "waves" / "lesson.md").touch()
    with pytest.raises(SystemExit, match=r"waves/lesson.md exists"):
        course.add_lesson("waves")
    with pytest.raises(SystemExit, match="one word in small letters"):
        course.add_lesson("My Lesson")
