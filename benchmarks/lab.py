"""The laboratories: native and WebAssembly time of each kernel, and what the reader feels.

Kernels run on one thread, natively (numba), in wasmtime and in headless Chromium; the page plays
2,000 spiking neurons of in-degree 200 in Brunel's state C at real time while a control is moved
thirty times. Run: python benchmarks/lab.py
"""

import http.server
import pathlib
import shutil
import sys
import tempfile
import threading
import time

import numpy as np

from balcourse.models.rate import RateModel
from balcourse.page import labs
from balcourse.page.wasm import compile_wasm, parameters

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

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


def least(action, repeats=15):
    """Return the least CPU seconds of this thread that `action` takes."""
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        action()
        times.append(time.thread_time() - start)
    return min(times)


def kernel_times(name, lab, steps):
    """Print the time of a laboratory's kernel for many steps, native and in wasmtime."""
    try:
        from webassembly import Instance
    except ImportError:
        print("wasmtime is not installed: left out")
        return
    step, start, change = lab.kernels
    rows = [one for one, how in lab.spec["watched"].items() if how == "rows"]
    longer = {one: np.zeros((steps + 1, *lab.arguments[one].shape[1:])) for one in rows}
    given = lab.arguments | longer | {"steps": steps}
    here = {
        one: np.copy(value) if isinstance(value, np.ndarray) else value
        for one, value in given.items()
    }
    page = Instance(lab.module, given)
    for kernel in (*start, *change):
        kernel(*(here[one] for one in parameters(kernel)))
        page.call(kernel)
    native = least(lambda: step(*(here[one] for one in parameters(step))))
    wasm = least(lambda: page.call(step))
    size = len(compile_wasm(step, arguments=lab.arguments))
    print(
        f"{name:<9}{step.__name__:<9}{1e9 * native / steps:10.0f} ns{1e9 * wasm / steps:10.0f} ns"
        f"{wasm / native:8.1f} x{size:8d} bytes, {len(lab.module)} with all its kernels"
    )


def browsing(lab, seconds):
    """Play a laboratory in headless Chromium and return what the reader feels."""
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
            felt = page.evaluate(MEASURE, [seconds, lab.spec["controls"][0]["name"]])
            browser.close()
            serving.shutdown()
    return felt


if __name__ == "__main__":
    made = {
        "plane": labs.phase_plane(
            MODEL, start=(30, 20), alt="A trajectory that spirals to a limit cycle."
        ),
        "network": labs.spiking_network(alt="Neurons that fire irregularly in state C of Brunel."),
    }
    print(
        f"{'lab':<9}{'kernel':<9}{'native':>13}{'wasmtime':>13}{'ratio':>10}{'size':>14}   (a step)"
    )
    kernel_times("plane", made["plane"], steps=100_000)
    kernel_times("network", made["network"], steps=400)
    run = made["network"].run(10_000)
    rate = run.rows("rates")[2000:].mean()
    print(f"network: 2,000 neurons, in-degree 200, {rate:.0f} Hz a neuron")
    try:
        felt = {name: browsing(lab, seconds=8) for name, lab in made.items()}
    except (ImportError, StopIteration):
        sys.exit("playwright or Chromium is not installed: left out")
    for name, one in felt.items():
        print(
            f"{name:<9}{one['frames']:5.0f} frames a second (at least 50), control seen after "
            f"{one['delay']:.0f} ms (at most 50), {one['pace']:.2f} x real time"
        )
    print(f"network: {10 * felt['network']['step']:.2f} s of worker a biological second")
