"""Decks: what the filter keeps, and every slide of every deck in a browser."""

import re
import subprocess
import sys

import pytest
from test_course import HEAD, small_book

from balcourse.book import handouts

pytestmark = pytest.mark.browser

PAGE = """
An opening sentence, to be spoken.

:::{admonition} What you will learn
:class: outcomes
1. To tell one thing from two.
:::

:::{admonition} Before you start
:class: prerequisites
Nothing. About 5 minutes.
:::

## First section

Prose that is spoken, with $x = 1$ in it.

$$ y = x^2 $$ (eq-square)

```{code-cell} python3
from balcourse.page import figures
figure, axes = figures.new()
figures.described(figure, "An empty pair of axes, which shows that nothing was drawn.")
```

```{code-cell} python3
figure, axes = figures.new()
figures.described(figure, "A second empty pair of axes, on a slide of its own below the first.")
```

:::{admonition} Key points
:class: keypoints
- One thing to take home.
:::

### A subsection

{.slide}
Marked by the author.

:::{dropdown} Derivation
Long algebra.
:::

## Exercises

:::{exercise} Warm-up: try
:label: ex-try
Do it.
:::

## References
"""


@pytest.fixture(scope="module")
def deck(tmp_path_factory):
    """The deck of a small lesson, as a list of (slide, notes)."""
    folder = tmp_path_factory.mktemp("deck")
    small_book(folder).write_text(HEAD + PAGE, "utf8")
    script = "import sys, course; course.build(sys.executable)"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    page = (folder / "_build/html/slides/chapters/index.html").read_text("utf8")
    slides = re.findall(r"<section[^>]*>\s*(<h[123]>.*?)</section>", page, re.S)
    split = [re.split(r'<aside class="notes">', slide, maxsplit=1) for slide in slides]
    return [(parts[0], "".join(parts[1:])) for parts in split]


def test_a_title_slide_names_course_lesson_and_outcomes(deck):
    slide, notes = deck[0]
    assert "<h1>Page</h1>" in slide
    assert "Balanced networks: a course you can run" in slide
    assert "To tell one thing from two." in slide
    assert "An opening sentence" in notes and "An opening sentence" not in slide


def test_pictures_and_mathematics_are_shown_and_prose_is_spoken(deck):
    first, second, third = deck[1:4]
    assert "y = x^2" in first[0]
    assert "Prose that is spoken" in first[1] and "Prose that is spoken" not in first[0]
    figures = [slide.count("<img") for slide, _ in deck]
    assert max(figures) == 1 and sum(figures) == 2
    assert "nothing was drawn" in first[0] + second[0]
    assert "One thing to take home." in second[0] + third[0]
    assert "Key points" not in "".join(slide for slide, _ in deck)


def test_marked_blocks_are_shown_and_algebra_is_spoken(deck):
    slide, notes = deck[-1]
    assert "A subsection" in slide and "Marked by the author." in slide
    assert "Long algebra." in notes


def test_code_exercises_and_references_are_left_out(deck):
    everything = "".join(slide + notes for slide, notes in deck)
    for word in ("figures.new", "Do it.", "Exercises", "References", "Before you start"):
        assert word not in everything


OVERFLOW = """() => Reveal.getSlides().map((slide) => {
    const place = Reveal.getIndices(slide);
    Reveal.slide(place.h, place.v);
    return {
        name: slide.querySelector("h1, h2, h3")?.textContent,
        place: `${place.h}/${place.v ?? 0}`,
        over: Math.max(slide.scrollHeight - 720, slide.scrollWidth - 1280),
    };
})"""


def test_no_slide_overflows(browser, address, site):
    wrong = []
    for path in handouts.decks(site):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address + path.as_posix())
        page.wait_for_function("!window.MathJax?.startup || window.MathJax.startup.promise")
        page.wait_for_function(
            "document.querySelectorAll('.live:not(.live-mounted) script').length === 0"
        )
        for slide in page.evaluate(OVERFLOW):
            if slide["over"] > 0:
                wrong.append(f"{path} {slide['place']} {slide['name']}: {slide['over']} px over")
        page.close()
    assert wrong == []


def test_a_deck_asks_no_other_host_and_breaks_no_rule(browser, address, site):
    from axe_playwright_python.sync_playwright import Axe

    problems = []

    def wrong(what):
        problems.append(str(what))

    for path in handouts.decks(site):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.on("pageerror", wrong)
        page.on("requestfailed", wrong)
        page.goto(address + path.as_posix())
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
        problems += [f"{path}: {rule['id']}" for rule in found.response["violations"]]
        page.close()
    assert problems == []


def test_printing_gives_a_page_for_each_slide(browser, address, site):
    path = handouts.decks(site)[0]
    pdf = handouts.print_deck(browser, address + path.as_posix(), notes=False)
    page = browser.new_page()
    page.goto(address + path.as_posix())
    assert handouts.page_count(pdf) == page.evaluate("Reveal.getTotalSlides()") > 1


def test_keys_in_a_widget_do_not_turn_the_slide(browser, address, site):
    for path in handouts.decks(site):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address + path.as_posix())
        for slider in page.query_selector_all(".explorer input[type=range]"):
            place = "Reveal.getIndices(e.closest('section'))"
            slider.evaluate(f"e => {{ const place = {place}; Reveal.slide(place.h, place.v); }}")
            before = page.evaluate("JSON.stringify(Reveal.getIndices())")
            slider.focus()
            slider.press("ArrowRight")
            assert page.evaluate("JSON.stringify(Reveal.getIndices())") == before
        page.close()
