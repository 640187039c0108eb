"""The book on paper, from a page as small as can be."""

import pytest

from balcourse.book import handouts, paper

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>A book</title>
<div id="jb-print-toc">{links}</div>
<h1>A book</h1>
<div class="toctree-wrapper">{lessons}</div>
"""
LESSON = """<span id="document-{name}"></span>
<section><h2>Of {name}<a href="#">#</a></h2><p style="height: {height}px">.</p></section>
"""


def test_each_lesson_has_pages_of_its_own_and_its_number_in_the_contents(browser, tmp_path):
    heights = {"chapters/one/lesson": 10, "chapters/two/lesson": 2000, "chapters/three": 10}
    links = "".join(f'<a href="#document-{name}">{name}</a> ' for name in heights)
    lessons = "".join(LESSON.format(name=name, height=heights[name]) for name in heights)
    file = tmp_path / "book.html"
    file.write_text(PAGE.format(links=links, lessons=lessons), "utf8")
    pdf = paper.print_book(browser, file.as_uri(), "http://127.0.0.1:8000/")
    begins = paper._numbers(pdf)
    assert [begins[f"document-{name}"] for name in heights] == [2, 3, 5]
    assert handouts.page_count(pdf) == 5
