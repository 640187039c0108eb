"""The laboratories: native and WebAssembly time of each kernel, and what the reader feels.

Kernels run on one thread, natively (numba) and in headless Chromium; two pages are played while a
control is moved thirty times, one of them 2,000 spiking neurons of in-degree 200 in Brunel's state
C at real time. Run: python -m benchmarks lab
"""

import http.server
import pathlib
import shutil
import sys
import tempfile
import threading

import numpy as np

from balcourse.models.binary import BalancedNetwork
from balcourse.models.glauber import GlauberNetwork
from balcourse.models.rate import RateModel
from balcourse.page import labs

ALT = "A laboratory under measurement; see the lessons for what it shows."
BINARY = BalancedNetwork(n_e=1_000, n_i=1_000, k=100, m_0=0.2)
UNITS = GlauberNetwork(np.ones((4, 4)) - np.eye(4), threshold=1.0, temperature=0.5)
MODEL = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10, tau_e=10, tau_i=50)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

MEASURE = """
async ([seconds, control]) => {
  const lab = document.querySelector(".lab");
  const drawn = [];
  let moved = null;
  const delays = [];
  lab.addEventListener("lab:drawn", ({ detail }) => {
    const now = performance.now();
    drawn.push({ now, ...detail });
    if (moved && detail.steps && detail.version > moved.version) {
      delays.push(now - moved.at);
      moved = null;
    }
  });
  lab.querySelector(".lab-play").click();
  const input = lab.querySelector(`input[id$="-${control}"]`);
  await new Promise((done) => setTimeout(done, 2000));
  const first = drawn.length;
  const pause = (1000 * seconds) / 30;
  for (let move = 0; move < 30; move += 1) {
    await new Promise((done) => setTimeout(done, pause * (0.5 + Math.random())));
    input.value = Number(input.value) + (move % 2 ? -1 : 1) * Number(input.step);
    moved = { at: performance.now(), version: drawn[drawn.length - 1].version };
    input.dispatchEvent(new Event("input"));
  }
  lab.querySelector(".lab-play").click();
  const kept = drawn.slice(first);
  const wall = kept[kept.length - 1].now - kept[0].now;
  const sum = (key) => kept.slice(1).reduce((total, one) => total + (one[key] ?? 0), 0);
  delays.sort((a, b) => a - b);
  return {
    frames: (1000 * (kept.length - 1)) / wall,
    pace: (kept[kept.length - 1].time - kept[0].time) / wall,
    step: sum("took") / sum("steps"),
    delay: delays[delays.length >> 1],
  };
}
"""


def browsing(lab, seconds):
    """Return ns a step in headless Chromium, and, played for `seconds`, what a reader feels."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (pathlib.Path(folder) / "lab.html").write_text(lab.page(), "utf8")
        handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {
            "log_message": lambda *_: None,
            "__init__": lambda self, *a: http.server.SimpleHTTPRequestHandler.__init__(
                self, *a, directory=folder
            ),
        })  # fmt: skip
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
            threading.Thread(target=serving.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1000, "height": 1300})
            page.goto(f"http://127.0.0.1:{serving.server_port}/lab.html")
            page.wait_for_function("/t = [1-9]/.test(document.body.innerText)")
            step = float(page.get_attribute(".lab", "data-nanoseconds"))
            control = lab.spec["controls"][0]["name"]
            felt = page.evaluate(MEASURE, [seconds, control]) if seconds else None
            browser.close()
            serving.shutdown()
    return step, felt


if __name__ == "__main__":
    made = {
        "plane": labs.phase_plane(MODEL, start=(30, 20), alt=ALT),
        "balance": labs.balanced_network(BINARY, alt=ALT),
        "damage": labs.two_copies(BINARY, alt=ALT),
        "units": labs.boltzmann(UNITS, np.zeros((4, 4)), alt=ALT),
        "network": labs.spiking_network(alt=ALT),
        "waves": labs.travelling_waves(alt=ALT),
    }
    print(f"{'lab':<9}{'native':>11}{'Chromium':>11}{'ratio':>8}{'module':>14}   (a step)")
    felt = {}
    for name, lab in made.items():
        native = lab.run(0).step_time
        lab.spec = lab.spec | {"native": native}
        try:
            here, felt[name] = browsing(lab, 8 if name in ("plane", "network") else 0)
        except (ImportError, StopIteration):
            sys.exit("playwright or Chromium is not installed: left out")
        print(
            f"{name:<9}{native:8.0f} ns{here:8.0f} ns{here / native:6.1f} x"
            f"{len(lab.module):8d} bytes"
        )
    rate = made["network"].run(10_000).rows("rates")[2000:].mean()
    print(f"network: 2,000 neurons, in-degree 200, {rate:.0f} Hz a neuron")
    for name in ("plane", "network"):
        one = felt[name]
        print(
            f"{name:<9}{one['frames']:5.0f} frames a second (at least 50), control seen after "
            f"{one['delay']:.0f} ms (at most 50), {one['pace']:.2f} x real time"
        )
    print(f"network: {10 * felt['network']['step']:.2f} s of worker a biological second")
