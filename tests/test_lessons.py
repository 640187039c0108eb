"""The lessons' sources: skeleton, cells, numbers, seeds and alt text."""

import re
import statistics

import pytest
from pages import LESSONS, PAGES

SKELETON = [
    r"^# ",
    r":class: outcomes",
    r":class: prerequisites",
    r":class: notation",
    r":class: keypoints",
    r"^## Summary$",
    r"^## Exercises$",
    r"^## Quiz$",
    r"^## References$",
]
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.S)
_DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+")

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
by_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda page: page.name)


@by_lesson
def test_a_lesson_has_every_part_of_its_skeleton_in_order(lesson):
    places = []
    for part in SKELETON:
        found = re.search(part, lesson.text, re.M)
        assert found, f"{lesson.name} lacks {part}"
        places.append(found.start())
    assert places == sorted(places), f"{lesson.name}: its parts are out of order"
    assert re.search(r"About \d+ minutes", lesson.text), f"{lesson.name} does not say its minutes"
    for grade in ("Warm-up", "Core", "Challenge"):
        assert f"{grade}:" in lesson.text, f"{lesson.name} has no exercise of grade {grade}"
    assert lesson.text.count(":::{dropdown} Answer") >= 3, f"{lesson.name}: a quiz has 3 questions"


@by_lesson
def test_code_cells_are_short_few_and_seen(lesson):
    lengths = [len(cell.lines) for cell in lesson.cells]
    hidden = sum(len(cell.lines) for cell in lesson.cells if cell.hidden)
    assert statistics.median(lengths) <= 5
    assert max(lengths) <= 25
    assert len(lengths) <= 18
    assert hidden <= 0.1 * sum(lengths)


@by_lesson
def test_a_lesson_can_be_read_in_one_sitting(lesson):
    words = re.sub(
        r"\$\$.*?\$\$|\$[^$]+\$|\{[\w:]+\}`[^`]*`|[^\w\s]", " ", lesson.prose, flags=re.S
    )
    assert len(words.split()) <= 2400


@by_page
def test_no_widget_that_dies_without_a_kernel(page):
    code = "\n".join(line for cell in page.cells for line in cell.lines)
    dead = r"\b(interact|interactive|interactive_output|observe|on_click|jslink)\("
    assert not re.search(dead, code), f"{page.name} uses a widget that is dead on a static page"


@by_page
def test_no_cell_is_skipped_or_allowed_to_fail(page):
    allowed = r"skip-execution|raises-exception|allow_errors"
    assert not any(re.search(allowed, cell.options) for cell in page.cells)


@by_page
def test_every_random_cell_is_seeded(page):
    code = "\n".join(line for cell in page.cells for line in cell.lines)
    unseeded = (
        r"default_rng\(\s*\)|np\.random\.(?!default_rng|SeedSequence|Generator)|\brandom\.random"
    )
    assert not re.search(unseeded, code)


@by_page
def test_decimals_in_prose_are_glued_or_stated_parameters(page):
    text = re.sub(r"(?<!`)`(?!`)[^`\n]*`(?!`)|\(https?:[^)]*\)", " ", page.prose)
    maths = _MATHS.findall(text)
    plain = _MATHS.sub(" ", text)
    assert not _DECIMAL.findall(plain), f"{page.name}: typed numbers {_DECIMAL.findall(plain)}"
    for formula in maths:
        stated = re.sub(
            r"(=|\\approx|\\in|\\le|\\ge|<|>|\\to|\\{|,|\\pm)\s*[-+]?\d+\.\d+", "", formula
        )
        assert not _DECIMAL.search(stated), f"{page.name}: {formula} is not a stated parameter"


@by_page
def test_every_plotting_cell_says_its_result(page):
    for cell in page.cells:
        code = "\n".join(cell.lines)
        if re.search(r"^\s*(return )?(figures|labs)\.\w+\(|\.plot\(", code, re.M):
            assert "alt" in code, f"{page.name}: a figure without alt text in {cell.lines[0]!r}"


@by_page
def test_figures_in_markdown_have_alt_text(page):
    figures = re.findall(r"```\{(?:figure|image)\}[^\n]*\n(.*?)```", page.text, re.S)
    alts = [re.search(r":alt: (.{40,})", figure) for figure in figures]
    assert all(alts)
    assert not re.search(r"!\[.{0,39}\]\(", page.text), f"{page.name}: an image without alt text"


def test_claims_have_unique_names_that_begin_with_their_lesson():
    made = {}
    for page in PAGES:
        for name in re.findall(r"\bclaim\(\s*f?\"([\w{}-]+)\"", page.text):
            assert made.setdefault(name, page.name) == page.name, f"{name} is made twice"
            assert len(re.findall(rf'"{re.escape(name)}"', page.text)) == 1, f"{name} is made twice"
