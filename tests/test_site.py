"""The built pages in a browser, with every other host blocked."""

import pytest
from pages import PAGES

axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

VIEWS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HEAVIEST_PAGE = 1_500_000
# Equations that run under their number, and lines of code that end behind the edge.
CUT = """[...document.querySelectorAll("div.math:has(.eqno), div.highlight pre")].filter((e) => {
    if (!e.checkVisibility()) return false;
    const [formula, number] = ["mjx-math", ".eqno"].map((part) => e.querySelector(part));
    if (!number) return e.scrollWidth > e.clientWidth;
    return formula.getBoundingClientRect().right > number.getBoundingClientRect().left;
}).map((e) => e.textContent)"""
WATCH_SHIFTS = """shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((e) => (shifted += e.value)))
    .observe({ type: "layout-shift", buffered: true });
// How many widgets had yet to come, in the reader's sight, when the text was shown.
let hidden = false;
new MutationObserver(() => {
    const hides = document.documentElement.classList.contains("unseen");
    const seen = (e) => e.checkVisibility({ visibilityProperty: true });
    const waiting = [...document.querySelectorAll(".live:not(.live-mounted)")];
    if (hidden && !hides) late = waiting.filter(seen).length;
    hidden = hides;
}).observe(document, { subtree: true, attributeFilter: ["class"] });"""

pytestmark = pytest.mark.browser
by_view = pytest.mark.parametrize("view", VIEWS)
by_page = pytest.mark.parametrize("name", [*(page.name for page in PAGES), "search", "genindex"])


@pytest.fixture
def opened(browser, address, name, view):
    """The page in one view, and everything that went wrong while it loaded."""
    context = browser.new_context(**VIEWS[view])
    context.add_init_script(WATCH_SHIFTS)
    page = context.new_page()
    problems = []
    weights = page.weights = []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("requestfailed", lambda request: problems.append(f"request failed: {request.url}"))
    page.on(
        "console",
        lambda message: message.type == "error" and problems.append(f"console: {message.text}"),
    )

    def guard(route):
        if route.request.url.startswith((address, "blob:", "data:")):
            route.continue_()
        else:
            problems.append(f"asked another host: {route.request.url}")
            route.abort()

    page.route("**/*", guard)
    page.goto(f"{address}{name}.html", timeout=60_000)
    page.wait_for_function("!window.MathJax?.startup || window.MathJax.startup.promise")
    page.wait_for_function(
        "document.querySelectorAll('.live:not(.live-mounted) script').length === 0", timeout=60_000
    )
    yield page, problems
    context.close()


@by_view
@by_page
def test_a_page_loads_whole_offline_and_breaks_no_rule(opened, name, view):
    page, problems = opened
    assert problems == []
    untypeset = (
        "[...document.querySelectorAll('.math')].filter(e => !e.querySelector('mjx-container'))"
    )
    assert page.evaluate(f"{untypeset}.map(e => e.textContent)") == []
    assert page.evaluate("document.querySelectorAll('mjx-merror').length") == 0
    unread = "mjx-container:not(:has(mjx-assistive-mml math))"
    assert page.evaluate(f"document.querySelectorAll('{unread}').length") == 0
    assert sum(page.weights) <= HEAVIEST_PAGE
    assert page.evaluate("late") == 0
    for widget in page.query_selector_all(".live"):
        widget.scroll_into_view_if_needed()
    assert page.evaluate("shifted") <= 0.01
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWS[view]["viewport"]["width"]
    pictures = page.evaluate(
        "[...document.querySelectorAll('main img')].map(e => [e.alt.length, e.src.slice(-40)])"
    )
    assert [picture for picture in pictures if picture[0] < 40] == []
    if view != "phone":
        assert page.evaluate(CUT) == []
        found = axe_playwright.Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


@pytest.mark.parametrize("view", ["light"])
@by_page
def test_every_slider_of_a_page_is_alive(opened, name, view):
    page, problems = opened
    for slider in page.query_selector_all(".explorer input[type=range]"):
        widget = slider.evaluate_handle("e => e.closest('.live')")
        key = "ArrowLeft" if slider.input_value() == slider.get_attribute("max") else "ArrowRight"
        before = widget.evaluate("e => e.querySelector('.explorer img').alt")
        assert slider.get_attribute("data-lm-suppress-shortcuts")  # or Jupyter takes the key
        slider.focus()
        slider.press(key)
        after = widget.evaluate("e => e.querySelector('.explorer img').alt")
        assert after != before, "the frame's words did not change with the slider"
        picture = widget.evaluate_handle("e => e.querySelector('.explorer img')")
        assert picture.evaluate("e => e.decode().then(() => e.naturalWidth)") > 0
        assert widget.evaluate("e => e.querySelector('[role=status]').textContent") == after
    assert problems == []


def test_all_of_a_lesson_is_reached_and_seen_by_keyboard(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}chapters/chaos/balance.html")
    page.wait_for_function("document.querySelectorAll('.live-mounted').length")
    page.wait_for_function("!document.documentElement.matches('.unseen, .typesetting, .mounting')")
    count = page.evaluate("""() => {
        const usable = ":is(a[href], button, input, select, summary, [tabindex='0'])";
        waiting = new Set(document.querySelectorAll(`.bd-main ${usable}`));
        // A heading's own mark shows under the mouse only; the page's contents lead there too.
        const seen = { visibilityProperty: true };
        for (const e of waiting) if (!e.checkVisibility(seen) || e.disabled) waiting.delete(e);
        unseen = [];
        addEventListener("focusin", ({ target }) => {
            const style = getComputedStyle(target);
            const marked = style.outlineStyle !== "none" || style.boxShadow !== "none";
            if (waiting.delete(target) && !marked)
                unseen.push(target.outerHTML.slice(0, 120));
        });
        return waiting.size;
    }""")
    assert count > 50
    for _ in range(count + 80):
        page.keyboard.press("Tab")
    assert page.evaluate("[...waiting].map(e => e.outerHTML.slice(0, 120))") == []
    assert page.evaluate("unseen") == []
    page.close()


def test_text_above_the_first_formula_is_seen_before_mathjax_comes(browser, address):
    page = browser.new_page()
    page.route("**/tex-chtml.js", lambda route: None)  # never answered
    page.goto(f"{address}chapters/brunel/stationary.html", wait_until="commit")
    page.wait_for_function("document.readyState === 'interactive'")
    assert page.locator("article h1").is_visible()
    assert not page.locator("article p").first.is_visible()  # it has formulas
    assert page.evaluate("document.documentElement.matches('.mounting')")  # so has no widget come
    page.close()


def test_nothing_moves_for_a_reader_who_asked_for_stillness(browser, address):
    page = browser.new_page(reduced_motion="reduce")
    page.goto(f"{address}chapters/index.html")
    page.wait_for_function("document.querySelectorAll('.live-mounted').length")
    moving = """[...document.querySelectorAll("*")].map((e) => getComputedStyle(e)).filter(
        (style) =>
        parseFloat(style.transitionDuration) > 0.01 || style.scrollBehavior === "smooth").length"""
    assert page.evaluate(moving) == 0
    assert page.evaluate("document.getAnimations().length") == 0
    page.close()


def test_a_reader_without_scripts_sees_the_still_figures(browser, address):
    page = browser.new_page(java_script_enabled=False)
    for name in ("linearization/lesson", "brunel/synchrony", "evidence/tuning"):
        page.goto(f"{address}chapters/{name}.html")
        stills = page.locator(".live > img.course-figure").all()
        assert stills
        for still in stills:
            assert len(still.get_attribute("alt")) > 40
            still.scroll_into_view_if_needed()
            assert still.is_visible() and still.bounding_box()["height"] > 100
        assert page.locator(".bd-article p").first.is_visible()
    page.close()


def test_axe_finds_a_missing_alt_text(browser):
    page = browser.new_page()
    page.set_content("<html lang=en><title>t</title><main><img src='data:,'></main></html>")
    found = axe_playwright.Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    assert [rule["id"] for rule in found] == ["image-alt"]
