// Keeps stops with their formulas, and shows the text when the formulas of the first screen are set, the others when
// they are, and what follows a widget when all widgets stand, so that nothing moves under the reader's eyes.
const page = document.documentElement;
page.classList.add("unseen", "typesetting", "mounting");
const show = () => page.classList.remove("unseen");
// Before deferred scripts run, of which MathJax is one.
document.addEventListener("readystatechange", prepare, { once: true });

function prepare() {
  for (const formula of document.querySelectorAll("article span.math")) keepStop(formula);
  Promise.resolve(window.widgetsStand).finally(() => page.classList.remove("mounting"));
  const script = document.querySelector('script[src*="mathjax"]');
  const end = () => page.classList.remove("unseen", "typesetting");
  if (!script) return end();
  script.addEventListener("error", end);
  const first = beginsAtTop() ? formulasNearTop() : null;
  if (first?.length === 0) show();
  const pageReady = async () => {
    if (first) {
      await MathJax.typesetPromise(first);
      show();
    }
    await MathJax.startup.defaultPageReady();
    end();
  };
  window.MathJax.startup = { pageReady };
}

// Elsewhere the formulas above, once set, would move what is in sight.
function beginsAtTop() {
  const [{ type }] = performance.getEntriesByType("navigation");
  return type === "navigate" && !location.hash;
}

// A screen more than is in sight, for set formulas are smaller.
function formulasNearTop() {
  const formulas = [...document.querySelectorAll("article .math")];
  return formulas.filter((formula) => formula.getBoundingClientRect().top < 2 * innerHeight);
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
