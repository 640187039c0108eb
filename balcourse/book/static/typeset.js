// Keeps stops with their formulas, and lets nothing move under the reader's eyes: shows the text down to the first block
// with formulas at once, that block when its formulas are set, the rest when those of the first screen are, the other
// formulas when they are, and what follows a widget when all widgets stand.
const page = document.documentElement;
const fromTop = beginsAtTop();
page.classList.add("reading", "unseen", "typesetting", "mounting");
if (fromTop) page.classList.add("lead-only");
const fonts = new URL("mathjax/output/chtml/fonts/woff-v2/", document.currentScript.src);
let lead; // the block of the article whose formulas are set first
const reading = new MutationObserver(findLead);
reading.observe(document, { childList: true, subtree: true });
// Before deferred scripts run, of which MathJax is one.
document.addEventListener("readystatechange", prepare, { once: true });
// After them, for the widgets' host is one too.
document.addEventListener("DOMContentLoaded", () => {
  Promise.resolve(window.widgetsStand).finally(() => page.classList.remove("mounting"));
});

// While the page is read, so that the text above can be painted before its end has come.
function findLead() {
  if (lead) return;
  lead = document.querySelector("article .math")?.closest("article > section > *");
  if (!lead) return;
  lead.classList.add("unset");
  reading.disconnect();
  for (const name of ["Zero", "Main-Regular", "Math-Italic"]) askForFont(name);
}

// MathJax asks for it only when formulas are set, and its coming then changes their size.
function askForFont(name) {
  const href = new URL(`MathJax_${name}.woff`, fonts);
  document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "font", crossOrigin: "", href }));
}

function prepare() {
  findLead();
  reading.disconnect();
  page.classList.remove("reading");
  for (const formula of document.querySelectorAll("article span.math")) keepStop(formula);
  const script = document.querySelector('script[src*="mathjax"]');
  if (!script || !lead) return end();
  script.addEventListener("error", end);
  window.MathJax.startup = { pageReady: () => setFormulas().finally(end) };
}

async function setFormulas() {
  if (fromTop) {
    // The text of most first screens is of this block. It does not wait for fonts: what they move is still out of sight.
    if (!lead.matches("section")) {
      await MathJax.typesetPromise(nearTop(lead));
      lead.classList.remove("unset");
      lead.nextElementSibling?.classList.add("unset");
      await painted();
    }
    page.classList.remove("lead-only");
    await MathJax.typesetPromise(nearTop(lead.parentElement).filter((formula) => !formula.querySelector("mjx-container")));
    page.getBoundingClientRect(); // only a page that is laid out asks for its fonts
    await document.fonts.ready;
    page.classList.remove("unseen");
    await painted();
  }
  await MathJax.startup.defaultPageReady();
}

function end() {
  page.classList.remove("unseen", "lead-only", "typesetting");
}

// Without a pause nothing is painted before all is set. A tab out of sight gets no frames, so wait by the clock.
function painted() {
  return new Promise((done) => setTimeout(done, 20));
}

// Elsewhere the formulas above, once set, would move what is in sight.
function beginsAtTop() {
  const [{ type }] = performance.getEntriesByType("navigation");
  return type === "navigate" && !location.hash;
}

// The formulas of a part of the page, down to a screen more than is in sight, for set formulas are smaller. A table's
// columns fit all its rows.
function nearTop(part) {
  const top = (formula) => (formula.closest("table") ?? formula).getBoundingClientRect().top;
  return [...part.querySelectorAll(".math")].filter((formula) => top(formula) < 2 * innerHeight);
}

// No line begins with the comma or the stop that follows a formula.
function keepStop(formula) {
  const after = formula.nextSibling;
  const stop = after?.nodeType === Node.TEXT_NODE && /^[.,;:?!)]+/.exec(after.data);
  if (!stop) return;
  after.splitText(stop[0].length);
  const whole = document.createElement("span");
  whole.style.whiteSpace = "nowrap";
  formula.replaceWith(whole);
  whole.append(formula, after);
}
