"""Print every deck to PDF with headless Chromium: one page a slide, and one with the notes.

``python -m balcourse.book.handouts SITE ADDRESS`` reads SITE/slides, which is served at ADDRESS,
and writes ``lesson.pdf`` and ``lesson-notes.pdf`` beside each deck.
"""

import contextlib
import pathlib
import re
import shutil
import sys

from playwright.sync_api import sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_TRIES = 3
_PRINTED = "document.querySelectorAll('.pdf-page').length > 0"


def chromium():
    """Return the path of an installed Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


@contextlib.contextmanager
def started_browser():
    """Start a headless Chromium, and end it."""
    if chromium() is None:
        sys.exit("Printing needs Chromium or Chrome: install one and try again.")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))


def typeset(page):
    """Wait until a page's formulas are set."""
    page.wait_for_function("!window.MathJax?.startup || window.MathJax.startup.promise")


def printed(page):
    """Wait until a deck opened for print is laid out, and its formulas are set."""
    page.wait_for_function(_PRINTED)
    typeset(page)


def decks(site):
    """Return the decks of a built book, as paths below it.

    Parameters
    ----------
    site : pathlib.Path
        Folder of the built book.

    """
    pages = sorted((site / "slides" / "chapters").rglob("*.html"))
    return [page.relative_to(site) for page in pages if '"course-name"' in page.read_text("utf8")]


def page_count(pdf):
    """Return the number of pages of a PDF document (bytes)."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def print_deck(browser, address, notes):
    """Return one deck as PDF, printed again where the browser lost pages.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
        A running browser.
    address : str
        Where the deck is served.
    notes : bool
        Whether each slide is followed by a page of its speaker notes.

    Returns
    -------
    bytes

    Raises
    ------
    RuntimeError
        If three tries did not give a page for every slide.

    """
    for _ in range(_TRIES):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{address}?view=print{'&showNotes=separate-page' if notes else ''}")
        printed(page)
        slides = page.evaluate("Reveal.getTotalSlides()")
        spoken = page.locator(".speaker-notes-pdf").count()
        pdf = page.pdf(width="1280px", height="720px", print_background=True)
        page.close()
        # Long notes run over several pages; a slide never does.
        if page_count(pdf) == slides or (notes and page_count(pdf) >= slides + spoken):
            return pdf
    raise RuntimeError(f"{address}: {page_count(pdf)} pages for {slides} slides, {spoken} notes")


def main(site, address):
    """Write both PDFs of every deck of the site that is served at the address."""
    with started_browser() as browser:
        for deck in decks(site):
            for notes, ending in ((False, ".pdf"), (True, "-notes.pdf")):
                pdf = print_deck(browser, f"{address}{deck.as_posix()}", notes)
                (site / deck).with_name(deck.stem + ending).write_bytes(pdf)
                print(f"{deck.with_name(deck.stem + ending)}: {page_count(pdf)} pages", flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2])
