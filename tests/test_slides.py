"""Decks: what the filter keeps, and every slide of every deck in a browser."""

import re
import subprocess
import sys

import pytest
from test_course import HEAD, small_book
from test_site import WCAG

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


# Shows each slide in turn: what is over the edge, and each text below 18 px (exponents, which are
# smaller than their line, aside). A figure's letters are outlines, scaled to 1/100 of their size.
SLIDES = """async () => {
    const found = [];
    const seen = (element) => element.checkVisibility({visibilityProperty: true});
    const leaves = (slide) => !slide.querySelector("section");
    for (const slide of [...document.querySelectorAll(".slides section")].filter(leaves)) {
        const place = Reveal.getIndices(slide);
        Reveal.slide(place.h, place.v);
        const texts = [];
        for (const image of slide.querySelectorAll("img")) {
            if (!seen(image)) continue;
            const drawing = await (await fetch(image.src)).text();
            const [wide, high] = drawing.match(/viewBox="0 0 ([\\d.]+) ([\\d.]+)"/).slice(1);
            const { width, height } = image.getBoundingClientRect();
            const scale = Math.min(width / wide, height / high);
            for (const [, size] of drawing.matchAll(/scale\\(([\\d.]+) -\\1\\)/g)) {
                texts.push(["figure", 100 * size * scale]);
            }
        }
        for (const canvas of slide.querySelectorAll("canvas")) {
            const context = canvas.getContext("2d");
            while (!/sans|Arial/.test(context.font) || context.font.startsWith("10px")) {
                await new Promise(requestAnimationFrame);
            }
            const enlarged = canvas.getBoundingClientRect().width / canvas.clientWidth;
            texts.push(["laboratory", parseFloat(context.font) * enlarged]);
        }
        const walk = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
        for (let node = walk.nextNode(); node; node = walk.nextNode()) {
            const holder = node.parentElement;
            if (!node.data.trim() || !seen(holder)) continue;
            if (holder.closest("aside, mjx-assistive-mml, sub, sup, [class$=-said]")) continue;
            const size = parseFloat(getComputedStyle(holder).fontSize);
            texts.push([node.data.trim(), size * holder.currentCSSZoom * Reveal.getScale()]);
        }
        found.push({
            name: `${place.h}/${place.v ?? 0} ${slide.querySelector("h1, h2, h3").textContent}`,
            over: Math.max(slide.scrollHeight - 720, slide.scrollWidth - 1280),
            small: texts.filter(([, size]) => size < 17.95),
        });
    }
    return found;
}"""


@pytest.fixture(scope="module")
def slides(browser, address, site):
    """What the slides of all decks look like: dictionaries with `name`, `over` and `small`."""
    found = []
    for path in handouts.decks(site):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address + path.as_posix())
        page.wait_for_function("!window.MathJax?.startup || window.MathJax.startup.promise")
        page.wait_for_function(
            "document.querySelectorAll('.live:not(.live-mounted) script').length === 0"
        )
        found += [slide | {"name": f"{path} {slide['name']}"} for slide in page.evaluate(SLIDES)]
        page.close()
    assert len(found) > 100
    return found


def test_no_slide_overflows(slides):
    over = [f"{slide['name']}: {slide['over']} px over" for slide in slides if slide["over"] > 0]
    assert over == []


def test_every_text_is_legible_from_the_back_row(slides):
    small = [
        f"{slide['name']}: {text!r} is {size:.1f} px"
        for slide in slides
        for text, size in slide["small"][:3]
    ]
    assert small == []


def test_a_deck_asks_no_other_host_and_breaks_no_rule(browser, address, site):
    from axe_playwright_python.sync_playwright import Axe

    problems = []

    def wrong(what):
        problems.append(str(what))

    for path in handouts.decks(site):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.on("pageerror", wrong)
        page.on("requestfailed", wrong)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            # The first slide as it is shown; then all of them, below one another, as printed.
            for view, shown in (("", handouts.typeset), ("?view=print", handouts.printed)):
                page.goto(f"{address}{path.as_posix()}{view}")
                page.wait_for_function("Reveal.isReady()")
                shown(page)
                found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
                problems += [f"{path}{view}, {scheme}: {rule['id']}" for rule in found]
        page.close()
    assert problems == []


def test_printing_gives_a_page_for_each_slide(browser, address, site):
    path = handouts.decks(site)[0]
    pdf = handouts.print_deck(browser, address + path.as_posix(), notes=False)
    page = browser.new_page()
    page.goto(address + path.as_posix())
    assert handouts.page_count(pdf) == page.evaluate("Reveal.getTotalSlides()") > 1


def test_keys_in_a_widget_do_not_turn_the_slide(browser, address, site):
    tried = 0
    for path in handouts.decks(site):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address + path.as_posix())
        page.wait_for_function("Reveal.isReady()")
        for part in page.query_selector_all(".live :is(input, select, button)"):
            place = "Reveal.getIndices(e.closest('section'))"
            part.evaluate(f"e => {{ const place = {place}; Reveal.slide(place.h, place.v); }}")
            before = page.evaluate("JSON.stringify(Reveal.getIndices())")
            part.focus()
            for key in ("ArrowRight", "Space"):
                part.press(key)
            assert page.evaluate("JSON.stringify(Reveal.getIndices())") == before
            tried += 1
        page.close()
    assert tried > 20


def test_the_speaker_window_shows_notes_with_formulas(browser, address, site):
    page = browser.new_page()
    lesson = "slides/chapters/linearization/lesson.html#/1"
    page.goto(address + lesson)
    page.wait_for_function("document.querySelector('aside.notes math')")
    assert page.locator("aside.notes mjx-container").count() == 0
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    notes.locator("math").first.wait_for()
    assert "\\(" not in notes.inner_text()
    page.close()
