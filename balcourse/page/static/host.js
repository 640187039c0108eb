// Mounts the page's widgets without a kernel: each is an anywidget, an ES module beside its state.

const STATE = "application/vnd.jupyter.widget-state+json";
const VIEW = "application/vnd.jupyter.widget-view+json";

class Model {
  constructor(state) {
    this.state = state;
    this.listeners = new Map();
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    const given = typeof name === "object" ? name : { [name]: value };
    const changed = Object.entries(given).filter(([key, one]) => this.state[key] !== one);
    Object.assign(this.state, given); // all of them before anyone hears of one
    for (const [key, one] of changed) this.emit(`change:${key}`, one);
    if (changed.length) this.emit("change");
  }
  emit(event, value) {
    for (const listener of this.listeners.get(event) ?? []) listener(value);
  }
  on(event, listener) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(listener);
  }
  off(event, listener) {
    if (!event) this.listeners.clear();
    else if (!listener) this.listeners.delete(event);
    else this.listeners.get(event)?.delete(listener);
  }
  save_changes() {}
  send() {}
}

function bytes(base64) {
  const text = atob(base64);
  const array = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return new DataView(array.buffer);
}

function restore({ state, buffers = [] }) {
  for (const { path, data } of buffers) {
    const last = path[path.length - 1];
    path.slice(0, -1).reduce((place, key) => place[key], state)[last] = bytes(data);
  }
  return new Model(state);
}

const modules = new Map();
function load(source) {
  if (!modules.has(source)) {
    modules.set(source, import(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))));
  }
  return modules.get(source);
}

const styles = new Set();
function dress(css) {
  if (!css || styles.has(css)) return;
  styles.add(css);
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
}

async function mount(view, models) {
  const place = view.closest(".live");
  const model = models.get(JSON.parse(view.textContent).model_id);
  const el = document.createElement("div");
  try {
    dress(model.get("_css"));
    let widget = (await load(model.get("_esm"))).default;
    if (typeof widget === "function") widget = await widget();
    const signal = new AbortController().signal;
    await widget.initialize?.({ model, signal });
    await widget.render({ model, el, signal });
    view.replaceWith(el);
    place.classList.add("live-mounted");
  } catch (problem) {
    const said = Object.assign(document.createElement("p"), { className: "live-failed", role: "alert" });
    said.textContent = `This figure cannot come alive here (${problem.message}). It shows a still.`;
    place.append(said);
    console.error(problem);
  }
}

function start() {
  const models = new Map();
  for (const script of document.querySelectorAll(`script[type="${STATE}"]`)) {
    const { state } = JSON.parse(script.textContent);
    for (const [id, one] of Object.entries(state)) models.set(id, restore(one));
  }
  const views = [...document.querySelectorAll(`script[type="${VIEW}"]`)];
  return Promise.all(views.map((view) => mount(view, models)));
}

// A module runs when the page has been read. The text waits for this promise (typeset.js).
window.widgetsStand = start();
