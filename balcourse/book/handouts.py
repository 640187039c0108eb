"""Print every deck to PDF with headless Chromium: one page a slide, and one with the notes.

``python -m balcourse.book.handouts SITE`` reads SITE/slides and writes ``lesson.pdf`` and
``lesson-notes.pdf`` beside each deck.
"""

import functools
import http.server
import pathlib
import re
import shutil
import sys
import threading

from playwright.sync_api import sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_TRIES = 3
_PRINTED = "document.querySelectorAll('.pdf-page').length > 0"


def chromium():
    """Return the path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    return next(filter(None, map(shutil.which, names)), None)


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
        page.wait_for_function(_PRINTED)
        page.wait_for_function("!window.MathJax?.startup || window.MathJax.startup.promise")
        slides = page.evaluate("Reveal.getTotalSlides()")
        spoken = page.locator(".speaker-notes-pdf").count()
        pdf = page.pdf(width="1280px", height="720px", print_background=True)
        page.close()
        # Long notes run over several pages; a slide never does.
        if page_count(pdf) == slides or (notes and page_count(pdf) >= slides + spoken):
            return pdf
    raise RuntimeError(f"{address}: {page_count(pdf)} pages for {slides} slides, {spoken} notes")


def main(site):
    """Write both PDFs of every deck of the site."""
    if chromium() is None:
        sys.exit("Printing the slides needs Chromium or Chrome: install one and try again.")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), _quiet(site)) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        for deck in decks(site):
            address = f"http://127.0.0.1:{server.server_port}/{deck.as_posix()}"
            for notes, ending in ((False, ".pdf"), (True, "-notes.pdf")):
                pdf = print_deck(browser, address, notes)
                (site / deck).with_name(deck.stem + ending).write_bytes(pdf)
                print(f"{deck.with_name(deck.stem + ending)}: {page_count(pdf)} pages", flush=True)
        server.shutdown()


def _quiet(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    return functools.partial(Quiet, directory=str(site))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
