// A live widget keeps its keys: reveal.js must not turn the slide while one has the focus.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.target.closest?.(".live")) event.stopPropagation();
  },
  false,
);
