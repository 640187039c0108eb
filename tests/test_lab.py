"""Laboratories: the same numbers in a page as here, and a page that a reader can trust."""

import re

import numpy as np
import pytest
from webassembly import ran

from balcourse.models.glauber import GlauberNetwork
from balcourse.models.kernel import kernel
from balcourse.models.random import seed_words, uniform
from balcourse.models.rate import RateModel
from balcourse.page.lab import Control, Field, Histogram, Lab, PhasePlane, TimeSeries
from balcourse.page.labs import (
    boltzmann,
    phase_plane,
    spiking_network,
    stopwatch,
    travelling_waves,
)

MODEL = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10, tau_e=10, tau_i=50)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@kernel
def wander(sheet, visits, place, trace, random, bias, steps):
    rows, columns = sheet.shape
    for step in range(steps):
        place[0] += 1 if uniform(random) < 0.5 + bias else -1
        place[0] = min(max(place[0], 0), columns - 1)
        visits[place[0]] += 1
        for column in range(columns):
            sheet[step % rows, column] = visits[column] - step
        trace[step, 0] = place[0]


@kernel
def begin(random, seed):
    seed_words(random, seed, 0)


@kernel
def expect(expected, bias):
    ratio, total, weight = (0.5 + bias) / (0.5 - bias), 0.0, 1.0
    for column in range(expected.size):
        expected[column] = weight
        total += weight
        weight *= ratio
    for column in range(expected.size):
        expected[column] /= total


def wandering():
    return Lab(
        wander,
        start=[begin],
        change=[expect],
        arguments={
            "random": np.zeros(4, np.uint64),
            "sheet": np.zeros((12, 16)),
            "visits": np.zeros(16, np.int64),
            "place": np.full(1, 8),
            "trace": np.zeros((65, 1)),
            "expected": np.zeros(16),
        },
        controls=[Control("bias", -0.2, 0.2, 0.01, 0.05)],
        views=[
            Histogram("visits", "place", 0, 16, theory="expected"),
            Field("sheet"),
            TimeSeries("trace", title="place", window=100),
        ],
        dt=0.5,
        lead=1000,
        title="A walk",
        alt="The walker is found at the right end most often, as the theory says.",
    )


def plane():
    alt = "The trajectory spirals away from the fixed point to a limit cycle."
    return phase_plane(MODEL, start=(30, 20), alt=alt)


def network():
    alt = "Two hundred neurons fire irregularly, at some fifty spikes a second each."
    return spiking_network(neurons=200, in_degree=50, alt=alt)


def units():
    coupling = np.array([[0, 1, -0.5], [1, 0, 0.2], [-0.5, 0.2, 0]])
    network = GlauberNetwork(coupling, temperature=0.5)
    return boltzmann(network, np.zeros((3, 3)), alt="Three units visit their eight states by law.")


def waves():
    return travelling_waves(alt="Crescents of neurons that have just fired travel over the sheet.")


def timed():
    return stopwatch(MODEL, alt="Two rates oscillate, and a step takes some tens of nanoseconds.")


LABS = {
    "plane": plane,
    "network": network,
    "wandering": wandering,
    "units": units,
    "waves": waves,
    "timed": timed,
}


@pytest.fixture(scope="module")
def labs():
    return {name: make() for name, make in LABS.items()}


@pytest.mark.parametrize("name", ["plane", "network", "wandering"])
def test_a_page_computes_the_same_bits_as_here(labs, name):
    lab = labs[name]
    steps = 3 * lab.chunk + 7
    here, page = lab.run(steps), ran(lab, steps)
    for array in here.arrays:
        if array in lab.spec["arrays"]:
            assert page[array].tobytes() == here.arrays[array].tobytes(), array


def test_the_portrait_is_the_models(labs):
    arrays = labs["plane"].run(0).arrays
    point = MODEL.fixed_point()
    assert arrays["fixed_point"][:2] == pytest.approx(point.rates, rel=1e-12)
    assert arrays["fixed_point"][2] == pytest.approx(point.eigenvalues.sum().real, rel=1e-9)
    assert arrays["fixed_point"][3] == pytest.approx(point.eigenvalues.prod().real, rel=1e-9)
    for line, population in (("e_line", 0), ("i_line", 1)):
        inside = arrays[line][(arrays[line] >= 0).all(1)]
        assert np.abs(MODEL.field(inside)[:, population]).max() < 1e-12


def test_values_are_read_and_checked_in_python(labs):
    lab = plane()
    lab.values = lab.values | {"tau_i": 30}
    assert lab.values["tau_i"] == 30.0
    with pytest.raises(ValueError, match=r"tau_i = 500 ms: must be .* at most 100 ms"):
        lab.values = lab.values | {"tau_i": 500}
    with pytest.raises(ValueError, match="must have the keys m_ee"):
        lab.values = {"tau_i": 30}


def test_bad_controls_and_views_are_named():
    with pytest.raises(ValueError, match="high of g = 0: must be a finite number above 1"):
        Control("g", 1, 0, 0.1, 0.5)
    with pytest.raises(ValueError, match="g = 9: must be"):
        Control("g", 0, 8, 0.1, 9)
    with pytest.raises(ValueError, match="views show nothing, which no kernel takes"):
        Lab(
            wander,
            arguments=wandering().arguments,
            controls=[Control("bias", -0.2, 0.2, 0.01, 0.0)],
            views=[PhasePlane("nothing", 1.0)],
            dt=1.0,
            title="",
            alt="",
        )


# -- In a browser


class Reader:
    """A page with one laboratory, and what a reader does there."""

    def __init__(self, browser, lab, folder, query="", script="", **options):
        self.file = folder / "lab.html"
        self.file.write_text(lab.page(), "utf8")
        self.context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}} | options)
        self.page = self.context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self.problems.append(said.text))
        self.page.add_init_script(script)
        self.page.route("**/*", self._serve)
        self.page.goto(f"http://lab.test/lab.html{query}")
        self.page.wait_for_function(
            "/t = [1-9]/.test(document.body.innerText) || "
            "document.querySelector('[role=alert]:not([hidden])')"
        )

    def _serve(self, route):
        if route.request.url.startswith("http://lab.test/lab.html"):
            route.fulfill(body=self.file.read_text("utf8"), content_type="text/html")
        else:
            self.problems.append(route.request.url)
            route.abort()

    @property
    def time(self):
        said = self.page.inner_text(".lab-status")
        return float(re.search(r"t = ([\d,]+) ms", said)[1].replace(",", ""))

    @property
    def captions(self):
        return self.page.locator(".lab-caption").all_inner_texts()

    @property
    def alert(self):
        shown = self.page.locator("[role=alert]:not([hidden])")
        return shown.inner_text() if shown.count() else ""

    def inked(self):
        """How many pixels of each canvas are not empty."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll(".lab canvas")].map((canvas) => {
              const { width, height } = canvas;
              const read = { willReadFrequently: true };
              const copy = new OffscreenCanvas(width, height).getContext("2d", read);
              copy.drawImage(canvas, 0, 0);
              const { data } = copy.getImageData(0, 0, width, height);
              return data.filter((byte, at) => at % 4 === 3 && byte).length;
            })"""
        )

    def press(self, name):
        self.page.get_by_role("button", name=name).click()

    def settle(self, milliseconds=400):
        self.page.wait_for_timeout(milliseconds)


@pytest.fixture
def reads(browser, labs, tmp_path):
    """Open a laboratory; every page is closed, and must have been without an error."""
    readers = []

    def opened(name, **options):
        readers.append(Reader(browser, labs[name], tmp_path, **options))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.context.close()
        assert reader.problems == []


@pytest.mark.browser
@pytest.mark.parametrize("view", ["light", "dark", "phone"])
@pytest.mark.parametrize("name", LABS)
def test_every_view_is_drawn_described_and_accessible(reads, name, view):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    width = 390 if view == "phone" else 1000
    reader = reads(name, viewport={"width": width, "height": 900})
    if view == "dark":
        reader.page.evaluate(
            """() => { document.documentElement.dataset.theme = "dark";
            document.documentElement.style.setProperty("--pst-color-background", "#14181e");
            document.documentElement.style.setProperty("--pst-color-text-base", "#ced6dd");
            document.body.style.background = "#14181e"; document.body.style.color = "#ced6dd"; }"""
        )
    reader.settle()
    assert min(reader.inked()) > 300
    assert all(len(said) > 15 for said in reader.captions)
    regions = reader.page.locator(".lab-said[aria-live=polite]")
    assert all(len(said) > 15 for said in regions.all_text_contents())
    assert regions.count() == len(reader.inked())
    # Jupyter takes the keys of whatever does not say itself that they are its own.
    unsaid = ".lab :is(button, input, select):not([data-lm-suppress-shortcuts])"
    assert reader.page.locator(unsaid).count() == 0
    labels = [
        canvas.get_attribute("aria-label") for canvas in reader.page.query_selector_all("canvas")
    ]
    assert all(len(label) > 25 for label in labels)
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(reader.page, options={"runOnly": WCAG}).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


@pytest.mark.browser
def test_the_browser_counts_the_same_spikes(reads, labs):
    lab = labs["network"]
    reader = reads("network")
    times = lab.run(lab.spec["lead"]).events("spikes")[:, 0]
    expected = int((times >= 400 - 1e-9).sum())
    assert reader.captions[0].startswith(f"{expected:,} spikes in the last 200 ms")


@pytest.mark.browser
def test_the_reader_plays_pauses_steps_and_resets(reads):
    reader = reads("plane")
    first, captions = reader.time, reader.captions
    reader.press("Step")
    reader.settle()
    assert reader.time == first + 1
    reader.press("Play")
    reader.settle(1500)
    reader.press("Pause")
    played = reader.time
    assert played > first + 20
    reader.settle()
    assert reader.time == played
    reader.press("Reset")
    reader.settle()
    assert reader.captions == captions


@pytest.mark.browser
def test_a_link_reproduces_what_the_reader_sees(reads):
    reader = reads("plane")
    before = reader.captions
    slider = reader.page.get_by_label("τI")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowLeft")
    reader.settle(800)
    assert slider.input_value() == "35"
    assert reader.captions != before
    query = reader.page.evaluate("location.search")
    assert query == "?plane.tau_i=35"
    again = reads("plane", query=query)
    assert again.captions == reader.captions
    assert "stable focus" in again.captions[0]
    assert "unstable" not in again.captions[0]


@pytest.mark.browser
@pytest.mark.parametrize("way", ["mouse", "keyboard", "touch"])
def test_every_control_answers_to(reads, way):
    reader = reads("network", has_touch=way == "touch")
    page, first = reader.page, reader.captions

    def use(place, key="Enter", across=0.5):
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        at = box["x"] + across * box["width"], box["y"] + box["height"] / 2
        if way == "keyboard":
            place.focus()
            page.keyboard.press(key)
        else:
            (page.touchscreen.tap if way == "touch" else page.mouse.click)(*at)
        reader.settle(150)

    def played():
        began = reader.time
        use(page.get_by_role("button", name="Play"))
        reader.settle(600)
        use(page.get_by_role("button", name="Pause"))
        return reader.time - began

    use(page.get_by_role("button", name="Step"))
    assert reader.time == 601
    fast = played()
    assert fast > 0
    speed = page.get_by_label("Speed")
    speed.press("Home") if way == "keyboard" else speed.select_option(index=0)
    assert played() < fast / 3

    seed = page.get_by_label("Seed")
    use(seed, "ArrowUp")
    if way != "keyboard":
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("2")
        page.keyboard.press("Tab")
    slider = page.get_by_label("g", exact=True)
    before = slider.input_value()
    use(slider, "ArrowRight", across=0.8)
    assert slider.input_value() > before
    diagram = page.locator(".lab-ControlPlane canvas")
    if way != "keyboard":  # whose way to these two are their sliders
        use(diagram, across=0.4)
        assert slider.input_value() < "5"
    reader.settle()
    assert reader.captions != first
    query = page.evaluate("location.search")
    assert "network.seed=2" in query and "network.g=" in query
    assert reads("network", query=query).captions == reader.captions

    use(page.get_by_role("button", name="Reset"))
    reader.settle()
    assert (reader.captions, page.evaluate("location.search")) == (first, "")


@pytest.mark.browser
def test_dragging_in_the_plane_moves_the_start(reads):
    reader = reads("plane")
    box = reader.page.locator(".lab-PhasePlane canvas").bounding_box()
    reader.page.mouse.move(box["x"] + 200, box["y"] + 100)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + 240, box["y"] + 120, steps=3)
    reader.page.mouse.up()
    reader.settle(600)
    assert "plane.start_e=" in reader.page.evaluate("location.search")
    assert float(reader.page.get_by_label("start vI").input_value()) > 30


@pytest.mark.browser
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?plane.tau_i=1e9", "τ I = 1e9 in the address is not a number from 5 to 100 ms."),
        ("?plane.tau_i=oops", "τ I = oops in the address is not a number from 5 to 100 ms."),
        ("?plane.m_ee=2.5&plane.m_ei=-0.1", "rates is no longer a finite number"),
    ],
)
def test_what_goes_wrong_is_said_and_reset_puts_it_right(reads, query, sentence):
    reader = reads("plane", query=query)
    reader.settle()
    assert sentence in reader.alert
    assert reader.page.get_by_role("button", name="Play").is_disabled()
    assert min(reader.inked()) > 300
    reader.press("Reset")
    reader.settle()
    assert reader.alert == ""
    reader.press("Play")
    reader.settle(600)
    assert reader.alert == ""


@pytest.mark.browser
def test_it_rests_out_of_view(reads):
    reader = reads("plane")
    reader.page.evaluate("document.body.style.paddingBottom = '3000px'")
    reader.press("Play")
    reader.settle()
    reader.page.evaluate("scrollTo(0, 2500)")
    reader.settle(1000)
    reader.page.evaluate("steps = 0; Worker.prototype.postMessage = () => steps++; null")
    reader.settle(600)
    assert reader.page.evaluate("steps") == 0
    reader.page.evaluate("scrollTo(0, 0)")
    reader.settle(300)
    assert reader.page.evaluate("steps") > 0


@pytest.mark.browser
def test_nothing_moves_before_the_reader_plays_or_after_asking_for_less_motion(reads):
    reader = reads("plane")
    first = reader.time
    reader.settle(600)
    assert reader.time == first
    reader.press("Play")
    reader.settle(1500)
    assert reader.time > first
    assert reader.page.get_by_role("button", name="Pause").is_visible()
    reader.page.emulate_media(reduced_motion="reduce")
    reader.settle(200)
    assert reader.page.get_by_role("button", name="Play").is_visible()
    paused = reader.time
    reader.settle(600)
    assert reader.time == paused


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1000])
@pytest.mark.parametrize("name", LABS)
def test_it_keeps_its_height_while_it_plays(reads, name, width):
    reader = reads(name, viewport={"width": width, "height": 900})
    reader.page.evaluate(
        """heights = new Set();
        new ResizeObserver(([{ target }]) => heights.add(target.offsetHeight))
            .observe(document.querySelector(".lab"));"""
    )
    reader.press("Play")
    reader.settle(2300)
    assert len(reader.page.evaluate("[...heights]")) == 1


@pytest.mark.browser
def test_without_webassembly_the_still_is_shown(reads):
    reader = reads("plane", script="delete window.WebAssembly")
    assert "no WebAssembly" in reader.alert
    assert reader.page.locator("img.course-figure").is_visible()
    reader.problems.clear()


@pytest.mark.browser
def test_without_workers_it_runs_on_the_page(reads):
    reader = reads("plane", script="delete window.Worker")
    assert reader.time == 1000
    assert "unstable focus" in reader.captions[0]
