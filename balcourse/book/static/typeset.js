// Keeps stops with their formulas, and shows the text when these are set, and what follows a widget when all widgets
// stand, so that nothing moves under the reader's eyes.
const page = document.documentElement;
page.classList.add("typesetting", "mounting");
addEventListener("DOMContentLoaded", () => {
  for (const formula of document.querySelectorAll("article span.math")) keepStop(formula);
  Promise.resolve(window.widgetsStand).finally(() => page.classList.remove("mounting"));
  const show = () => page.classList.remove("typesetting");
  const script = document.querySelector('script[src*="mathjax"]');
  const set = () => window.MathJax.startup.promise.then(show, show);
  if (!script) show();
  else if (window.MathJax?.startup) set();
  else {
    script.addEventListener("load", set);
    script.addEventListener("error", show);
  }
});

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
