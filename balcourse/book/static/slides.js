// A deck is dark where the lecturer's system is; figures and laboratories follow this mark.
const darkness = matchMedia("(prefers-color-scheme: dark)");
const followDarkness = () => (document.documentElement.dataset.theme = darkness.matches ? "dark" : "light");
darkness.addEventListener("change", followDarkness);
followDarkness();

// A live widget keeps its keys: reveal.js must not turn the slide while one has the focus.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.target.closest?.(".live")) event.stopImmediatePropagation();
  },
  false,
);

// The speaker's window has none of the page's styles, so its formulas become the browser's own MathML.
document.addEventListener("DOMContentLoaded", async () => {
  await window.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll("aside.notes mjx-container")) {
    const math = formula.querySelector("math");
    if (math) formula.replaceWith(math);
  }
});
