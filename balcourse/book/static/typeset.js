// Shows the text when its formulas are set and its widgets stand, so that nothing moves under the reader's eyes.
const page = document.documentElement;
page.classList.add("typesetting");
addEventListener("DOMContentLoaded", () => {
  const show = () => Promise.resolve(window.widgetsStand).finally(() => page.classList.remove("typesetting"));
  const script = document.querySelector('script[src*="mathjax"]');
  const set = () => window.MathJax.startup.promise.then(show, show);
  if (!script) show();
  else if (window.MathJax?.startup) set();
  else {
    script.addEventListener("load", set);
    script.addEventListener("error", show);
  }
});
