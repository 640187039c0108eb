// The explorer's view: shows one described frame out of many, chosen by range inputs.

async function unpack(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function make(tag, attributes, parent) {
  const element = Object.assign(document.createElement(tag), attributes);
  parent?.append(element);
  return element;
}

let made = 0;

async function render({ model, el }) {
  const { lines, frames, alts } = await unpack(model.get("frames"));
  const parameters = model.get("parameters");
  const box = make("div", { className: "explorer" }, el);
  const image = make("img", { className: "course-figure" }, box);
  const controls = make("div", { className: "explorer-controls" }, box);
  const said = make("div", { className: "explorer-said", role: "status" }, box);
  let address = null;
  let first = true;

  const rows = parameters.map((parameter, which) => {
    const id = `explorer-${Date.now().toString(36)}-${made++}`;
    const label = make("label", { htmlFor: id }, controls);
    const parts = parameter.label.split(/_(\w+)/); // every other one is a subscript
    parts.forEach((part, at) => (at % 2 ? make("sub", { textContent: part }, label) : label.append(part)));
    const input = make("input", { type: "range", id, min: 0, max: parameter.values.length - 1, step: 1 }, controls);
    input.dataset.lmSuppressShortcuts = "true"; // or Jupyter takes the arrow keys for its cells
    // Or VS Code takes Home, End and the page keys: it hears what reaches the window.
    input.addEventListener("keydown", (event) => /^(Home|End|Page)/.test(event.key) && event.stopPropagation());
    const output = make("output", { htmlFor: id }, controls);
    input.addEventListener("input", () => {
      const position = [...model.get("position")];
      position[which] = Number(input.value);
      model.set("position", position);
      model.save_changes();
    });
    return { input, output, parameter };
  });

  function show() {
    const position = model.get("position");
    let frame = 0;
    rows.forEach(({ input, output, parameter }, which) => {
      frame = frame * parameter.values.length + position[which];
      const text = `${parameter.values[position[which]]} ${parameter.unit}`.trim();
      input.value = position[which];
      input.setAttribute("aria-valuetext", text);
      output.textContent = text;
    });
    const svg = frames[frame].map((line) => lines[line]).join("\n");
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    image.src = address;
    image.alt = alts[frame];
    if (!first) said.textContent = alts[frame];
    first = false;
  }

  model.on("change:position", show);
  show();
  await image.decode(); // the widget enters the page at its full height
  return () => {
    model.off("change:position", show);
    URL.revokeObjectURL(address);
  };
}

export default { render };
