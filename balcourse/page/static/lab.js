// The laboratory: runs a lesson's own kernel, as WebAssembly in a worker, and draws what it does.

// -- The engine: memory and kernels. Its source also becomes the worker, so it closes over nothing.

function engine(send) {
  const TYPES = {
    float64: Float64Array, float32: Float32Array, int64: BigInt64Array, uint64: BigUint64Array,
    int32: Int32Array, uint32: Uint32Array, int16: Int16Array, uint16: Uint16Array,
    int8: Int8Array, uint8: Uint8Array, bool: Uint8Array,
  };
  let spec, initial, exported, scratch, scalars, done;
  const addresses = {};

  async function load(message) {
    spec = message.spec;
    initial = new Uint8Array(message.data);
    const { instance } = await WebAssembly.instantiate(message.module, {});
    exported = instance.exports;
    scratch = exported.heap.value;
    let end = scratch + 16;
    for (const [name, array] of Object.entries(spec.arrays)) {
      end = Math.ceil(end / 16) * 16;
      addresses[name] = end;
      end += array.bytes;
    }
    const missing = Math.ceil((end - exported.memory.buffer.byteLength) / 65536);
    if (missing > 0) exported.memory.grow(missing);
  }

  function values(name) {
    const { dtype, size } = spec.arrays[name];
    return new TYPES[dtype](exported.memory.buffer, addresses[name], size);
  }

  function call({ name, parameters }, steps) {
    const flat = [scratch, scratch + 8];
    for (const parameter of parameters) {
      const array = spec.arrays[parameter];
      if (array) {
        const lengths = [...array.shape, ...array.strides].map(BigInt);
        flat.push(0, 0, BigInt(array.size), BigInt(array.itemsize), addresses[parameter], ...lengths);
      } else {
        const value = parameter === "steps" ? steps : scalars[parameter];
        flat.push(spec.integers.includes(parameter) ? BigInt(Math.round(value)) : value);
      }
    }
    if (exported[name](...flat) !== 0) throw new Error(`the kernel ${name} reported an error`);
  }

  function restart() {
    done = 0;
    for (const [name, { bytes, offset }] of Object.entries(spec.arrays)) {
      const place = new Uint8Array(exported.memory.buffer, addresses[name], bytes);
      if (offset === null) place.fill(0);
      else place.set(initial.subarray(offset, offset + bytes));
    }
    spec.start.forEach((kernel) => call(kernel, 0));
    spec.change.forEach((kernel) => call(kernel, 0));
  }

  // What the views see: as many rows as steps, as many events as counted, or the whole array.
  function frame(steps) {
    const arrays = {};
    for (const [name, how] of Object.entries(spec.watched)) {
      const all = values(name);
      const columns = spec.arrays[name].size / spec.arrays[name].shape[0];
      const rows = how === "rows" ? steps : how === "all" ? Infinity : Number(values(how)[0]);
      arrays[name] = all.slice(0, Math.min(all.length, rows * columns || 0));
      if (how === "all" && rows === Infinity) arrays[name] = all.slice();
      if (spec.finite.includes(name)) {
        for (const value of arrays[name]) {
          if (!(Math.abs(Number(value)) < 1e12)) throw new Error(`${name} is no longer a finite number`);
        }
      }
    }
    return { steps, end: done, arrays };
  }

  function advanced(steps) {
    call(spec.step, steps);
    done += steps;
    return frame(steps);
  }

  // Time of one step, from as many as a tenth of a second takes: a browser's clock is coarse.
  function measured() {
    restart();
    const began = performance.now();
    let [steps, took] = [0, 0];
    for (; took < 100; took = performance.now() - began, steps += spec.chunk) call(spec.step, spec.chunk);
    return (1e6 * took) / steps;
  }

  function handle({ kind, ...message }) {
    const began = performance.now();
    const frames = [];
    try {
      if (message.scalars) scalars = message.scalars;
      if (kind === "restart") {
        if (spec.native) {
          measured(); // until the browser has compiled the kernel in earnest
          message.nanoseconds = measured();
        }
        restart();
        frames.push(frame(0));
        for (let left = message.steps; left > 0; left -= spec.chunk) {
          frames.push(advanced(Math.min(left, spec.chunk)));
        }
      } else if (kind === "change") {
        spec.change.forEach((kernel) => call(kernel, 0));
        frames.push(frame(0));
      } else {
        frames.push(advanced(Math.min(message.steps, spec.chunk)));
      }
      const owned = frames.flatMap(({ arrays }) => Object.values(arrays).map((array) => array.buffer));
      send({ ...message, kind, frames, took: performance.now() - began }, owned);
    } catch (problem) {
      send({ ...message, kind, frames, problem: problem.message, step: done }, []);
    }
  }

  let ready;
  return (message) => {
    if (message.kind === "load") ready = load(message);
    else ready = ready.then(() => handle(message));
    ready.catch((problem) => send({ kind: "failed", problem: problem.message }, []));
  };
}

function startEngine(receive) {
  const source = `${engine}\nconst handle = engine((message, owned) => postMessage(message, owned));
    onmessage = (event) => handle(event.data);`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    const worker = new Worker(address);
    worker.onmessage = (event) => receive(event.data);
    worker.onerror = (event) => receive({ kind: "failed", problem: event.message ?? "no worker" });
    return { send: (message) => worker.postMessage(message), stop: () => worker.terminate() };
  } catch {
    // A host may forbid workers; then the kernel shares the page's thread.
    const handle = engine((message) => setTimeout(() => receive(message)));
    return { send: handle, stop: () => {} };
  } finally {
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}

// -- Text: labels such as "ν_ext" carry one subscript.

const spoken = (text) => text.replaceAll("_", " ");
const formats = [];
const number = (value, digits = 3) => {
  if (!Number.isFinite(value)) return "undefined";
  formats[digits] ??= new Intl.NumberFormat("en", { maximumSignificantDigits: digits });
  return formats[digits].format(value + 0).replace("-", "−");
};
const decimals = (step) => Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
const withUnit = (value, unit) => (unit ? `${value} ${unit}` : `${value}`);

function element(tag, properties = {}, ...children) {
  const { dataset, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

function labelled(text) {
  const parts = text.split(/_(\w+)/);
  return parts.map((part, index) => (index % 2 ? element("sub", { textContent: part }) : part));
}

function writeLabel(context, text, x, y, halo = null) {
  const parts = text.split(/_(\w+)/);
  const font = context.font;
  const small = font.replace(/([\d.]+)px/, (_, size) => `${size * 0.75}px`);
  const align = context.textAlign;
  const widths = parts.map((part, index) => {
    context.font = index % 2 ? small : font;
    return context.measureText(part).width;
  });
  const width = widths.reduce((sum, one) => sum + one, 0);
  context.textAlign = "left";
  let at = align === "center" ? x - width / 2 : align === "right" ? x - width : x;
  parts.forEach((part, index) => {
    context.font = index % 2 ? small : font;
    if (halo) {
      context.strokeStyle = halo;
      context.lineWidth = 4;
      context.lineJoin = "round";
      context.strokeText(part, at, y + (index % 2 ? 3 : 0));
    }
    context.fillText(part, at, y + (index % 2 ? 3 : 0));
    at += widths[index];
  });
  context.font = font;
  context.textAlign = align;
}

// -- Axes

function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) found.push(at * step + 0);
  return found;
}

function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value * 0.9999);
}

// Draw the axes of a plot and return its box and the maps from data to pixels.
function axes(paint, { x, y, xLabel, yLabel, right = 20, yTicks = null, aspect = null }) {
  const { context, theme, width, height } = paint;
  const box = { left: 60, top: 12, right: width - right, bottom: height - 40 };
  if (aspect) {
    const side = Math.min(box.right - box.left, (box.bottom - box.top) / aspect);
    box.right = box.left + side;
    box.bottom = box.top + side * aspect;
  }
  const toX = (value) => box.left + ((value - x[0]) / (x[1] - x[0])) * (box.right - box.left);
  const toY = (value) => box.bottom - ((value - y[0]) / (y[1] - y[0])) * (box.bottom - box.top);
  context.font = `12px ${theme.font}`;
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.fillStyle = theme.soft;
  context.beginPath();
  context.moveTo(box.left - 0.5, box.top);
  context.lineTo(box.left - 0.5, box.bottom + 0.5);
  context.lineTo(box.right, box.bottom + 0.5);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const tick of ticks(...x, (box.right - box.left) / 75)) {
    const at = Math.round(toX(tick)) - 0.5;
    context.moveTo(at, box.bottom);
    context.lineTo(at, box.bottom + 4);
    context.fillText(number(tick, 6), at, box.bottom + 7);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  const marks = yTicks ?? ticks(...y, (box.bottom - box.top) / 36).map((tick) => [tick, number(tick, 6)]);
  for (const [tick, text] of marks) {
    const at = Math.round(toY(tick)) - 0.5;
    context.moveTo(box.left - 4, at);
    context.lineTo(box.left, at);
    context.fillText(text, box.left - 7, at);
  }
  context.stroke();
  context.fillStyle = theme.ink;
  context.textAlign = "right";
  context.textBaseline = "alphabetic";
  writeLabel(context, xLabel, box.right, box.bottom + 36);
  context.save();
  context.translate(13, box.top);
  context.rotate(-Math.PI / 2);
  const room = (height - box.top) / context.measureText(yLabel).width;
  if (room < 1) context.font = `${12 * room}px ${theme.font}`; // a low plot would cut its label
  writeLabel(context, yLabel, 0, 0);
  context.restore();
  return { box, toX, toY };
}

function clipped(context, { box }, draw) {
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  context.clip();
  draw();
  context.restore();
}

function polyline(context, count, point) {
  let pen = false;
  context.beginPath();
  for (let index = 0; index < count; index += 1) {
    const [x, y] = point(index);
    if (!Number.isFinite(x) || !Number.isFinite(y)) pen = false;
    else if (pen) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      pen = true;
    }
  }
  context.stroke();
}

const DASHES = { e: [], i: [6, 4], external: [2, 3] };
function pen(paint, color, width = 1.5) {
  paint.context.strokeStyle = paint.context.fillStyle = paint.theme[color] ?? paint.theme.ink;
  paint.context.lineWidth = width;
  paint.context.setLineDash(DASHES[color] ?? []);
}

// A disc for a stable fixed point, a ring for an unstable one.
function dot(paint, x, y, radius, filled, color = "ink") {
  const { context, theme } = paint;
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = filled ? theme[color] : theme.paper;
  context.fill();
  context.strokeStyle = filled ? theme.paper : theme[color];
  context.lineWidth = filled ? 1 : 2;
  context.stroke();
}

// Where a trajectory starts.
function cross({ context, theme }, x, y) {
  context.setLineDash([]);
  for (const [color, width] of [[theme.paper, 5], [theme.ink, 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(x - 4.5, y - 4.5 * side);
      context.lineTo(x + 4.5, y + 4.5 * side);
    }
    context.stroke();
  }
}

// -- Views. Each takes frames in (false: nothing new to draw), draws itself, and says what it shows.

class TimeSeries {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    this.columns = this.labels.length;
    this.per = Math.max(1, Math.round(Math.max(this.smooth, this.window / 500) / lab.dt));
    this.reset();
  }
  reset() {
    this.bins = [];
    this.sums = new Float64Array(this.columns);
    this.held = 0;
    this.top = this.bottom = 0;
  }
  take({ steps, end, arrays }) {
    const rows = arrays[this.array];
    for (let row = 0; row < steps; row += 1) {
      for (let column = 0; column < this.columns; column += 1) this.sums[column] += Number(rows[row * this.columns + column]);
      this.held += 1;
      if (this.held < this.per) continue;
      const time = (end - steps + row + 1 - this.per / 2) * this.lab.dt;
      this.bins.push([time, ...this.sums.map((sum) => sum / this.per)]);
      this.sums.fill(0);
      this.held = 0;
    }
    const first = end * this.lab.dt - this.window;
    const old = this.bins.findIndex(([time]) => time >= first);
    if (old > 0) this.bins.splice(0, old);
  }
  // A free end follows the data, in steps; the axis then always shows zero.
  ends() {
    let [least, most] = [0, 0];
    for (const bin of this.bins) {
      for (let column = 1; column <= this.columns; column += 1) {
        least = Math.min(least, bin[column]);
        most = Math.max(most, bin[column]);
      }
    }
    for (const [side, reach] of [["bottom", -least], ["top", most]]) {
      if (reach > this[side] || reach < 0.45 * this[side]) this[side] = reach && roundUp(reach * 1.05);
    }
    const [low, high] = [this.low ?? -this.bottom, this.high ?? this.top];
    return [low, high > low ? high : low + 1];
  }
  draw(paint) {
    const [low, high] = this.ends();
    const now = Math.max(this.window, this.lab.time);
    const area = axes(paint, {
      x: [now - this.window, now], y: [low, high], right: 20 + (this.columns > 1 || this.labels[0] ? 54 : 0),
      xLabel: `time (${this.lab.unit})`, yLabel: this.unit ? `${this.title} (${this.unit})` : this.title,
    });
    const { context } = paint;
    const ends = [];
    clipped(context, area, () => {
      this.labels.forEach((label, column) => {
        pen(paint, this.colors[column]);
        polyline(context, this.bins.length, (bin) => [area.toX(this.bins[bin][0]), area.toY(this.bins[bin][column + 1])]);
        const last = this.bins.slice(-25);
        const mean = last.reduce((sum, bin) => sum + bin[column + 1], 0) / Math.max(1, last.length);
        ends.push([Math.min(area.box.bottom - 4, Math.max(area.box.top + 6, area.toY(mean))), label, this.colors[column]]);
      });
    });
    ends.sort(([a], [b]) => a - b);
    for (let one = 1; one < ends.length; one += 1) ends[one][0] = Math.max(ends[one][0], ends[one - 1][0] + 14);
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const [at, label, color] of ends) {
      pen(paint, color);
      writeLabel(context, label, area.box.right + 7, at);
    }
  }
  describe() {
    if (!this.bins.length) return "No time has passed yet.";
    const said = this.labels.map((label, column) => {
      const values = this.bins.map((bin) => bin[column + 1]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const range = `${number(Math.min(...values))} to ${number(Math.max(...values))}`;
      return `${label ? `${label} ` : ""}${number(mean)} (${range})`;
    });
    const span = number(Math.min(this.window, this.lab.time));
    return `${withUnit(said.join("; "), this.unit)}: mean and range of the last ${span} ${this.lab.unit}.`;
  }
}

class Raster {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    this.sheet = element("canvas");
    this.reset();
  }
  reset() {
    this.times = [];
    this.senders = [];
    this.first = 0;
    this.key = null;
  }
  take({ steps, end, arrays }) {
    const events = arrays[this.array];
    for (let event = 0; event < events.length; event += 2) {
      this.times.push((end - steps + Number(events[event])) * this.lab.dt);
      this.senders.push(Number(events[event + 1]));
    }
    const oldest = end * this.lab.dt - this.window;
    while (this.first < this.times.length && this.times[this.first] < oldest) this.first += 1;
    if (this.first > 60000) {
      this.times.splice(0, this.first);
      this.senders.splice(0, this.first);
      this.fresh -= this.first;
      this.first = 0;
    }
  }
  draw(paint) {
    const now = Math.max(this.window, this.lab.time);
    const area = axes(paint, {
      x: [now - this.window, now], y: [0, this.neurons], right: 56, xLabel: `time (${this.lab.unit})`, yLabel: this.title,
    });
    const { context, theme } = paint;
    const { box, toY } = area;
    this.record(theme, box, now);
    const [wide, high] = [this.sheet.width, this.sheet.height];
    const cut = this.end % wide; // the sheet is a ring in time, so that only new spikes are drawn
    const scale = (box.right - box.left) / wide;
    const part = (from, to, at) => {
      if (to > from) context.drawImage(this.sheet, from, 0, to - from, high, box.left + at * scale, box.top, (to - from) * scale, box.bottom - box.top);
    };
    part(cut, wide, 0);
    part(0, cut, wide - cut);
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const [color, middle, label] of [["e", this.split / 2, "E"], ["i", (this.split + this.neurons) / 2, "I"]]) {
      if (this.split >= this.neurons) break;
      context.fillStyle = theme[color];
      context.fillText(label, box.right + 7, toY(middle));
    }
  }
  record(theme, box, now) {
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [box.right - box.left, box.bottom - box.top].map((side) => Math.max(1, Math.round(side * ratio)));
    const key = [wide, high, theme.e, theme.i, theme.paper].join();
    const pixels = this.sheet.getContext("2d");
    const column = (time) => Math.floor((time / this.window) * wide);
    const end = column(now);
    if (key !== this.key) {
      Object.assign(this, { key, fresh: this.first, end: end - wide });
      Object.assign(this.sheet, { width: wide, height: high });
    }
    const size = Math.max(1, Math.round((this.neurons > 400 ? 1 : 2) * ratio));
    for (let at = Math.max(this.end, end - wide); at < end; at += 1) {
      pixels.clearRect(((at % wide) + wide) % wide, 0, 1, high);
    }
    for (const color of ["e", "i"]) {
      pixels.fillStyle = theme[color];
      for (let event = Math.max(this.fresh, this.first); event < this.times.length; event += 1) {
        const sender = this.senders[event];
        if (sender < this.split !== (color === "e")) continue;
        const x = Math.min(column(this.times[event]), end - size) % wide;
        pixels.fillRect(x, Math.floor(high - ((sender + 1) / this.neurons) * high), size, size);
      }
    }
    this.fresh = this.times.length;
    this.end = end;
  }
  describe() {
    const spikes = this.times.length - this.first;
    const span = Math.min(this.window, this.lab.time);
    if (!(span > 0)) return "No time has passed yet.";
    const rate = (1000 * spikes) / (span * this.neurons);
    return `${number(spikes, 6)} spikes in the last ${number(span)} ms: ${number(rate)} Hz a neuron.`;
  }
}

class PhasePlane {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    this.per = Math.max(1, Math.ceil(this.window / lab.dt / 1200));
    this.reset();
  }
  reset() {
    this.trail = [];
    this.seen = 0;
  }
  take({ steps, arrays }) {
    const rows = arrays[this.array];
    for (let row = 0; row < steps; row += 1, this.seen += 1) {
      if (this.seen % this.per === 0) this.trail.push([rows[2 * row], rows[2 * row + 1]]);
    }
    if (steps) this.now = [rows[2 * steps - 2], rows[2 * steps - 1]];
    if (this.trail.length > 1200) this.trail.splice(0, this.trail.length - 1200);
    this.curves = this.nullclines.map((name) => arrays[name]);
    this.fixed = this.fixed_point ? arrays[this.fixed_point] : null;
  }
  nature() {
    const [x, y, trace, determinant] = this.fixed ?? [];
    if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
    if (determinant < 0) return "saddle";
    return `${trace < 0 ? "stable" : "unstable"} ${trace * trace < 4 * determinant ? "focus" : "node"}`;
  }
  draw(paint) {
    const area = axes(paint, {
      x: [0, this.high], y: [0, this.high], aspect: 1, xLabel: this.labels[0], yLabel: this.labels[1],
    });
    const { context, theme } = paint;
    const { toX, toY } = area;
    this.area = area;
    clipped(context, area, () => {
      this.curves?.forEach((curve, index) => {
        pen(paint, ["e", "i"][index] ?? "ink", 1.75);
        polyline(context, curve.length / 2, (point) => [toX(curve[2 * point]), toY(curve[2 * point + 1])]);
      });
      context.setLineDash([]);
      context.strokeStyle = theme.ink;
      context.lineWidth = 1.25;
      const parts = 6;
      for (let part = 0; part < parts; part += 1) {
        const from = Math.floor((this.trail.length * part) / parts);
        const to = Math.min(this.trail.length, Math.floor((this.trail.length * (part + 1)) / parts) + 1);
        context.globalAlpha = 0.25 + (0.75 * (part + 1)) / parts;
        polyline(context, to - from, (point) => [toX(this.trail[from + point][0]), toY(this.trail[from + point][1])]);
      }
      context.globalAlpha = 1;
    });
    const kind = this.nature();
    if (kind) dot(paint, toX(this.fixed[0]), toY(this.fixed[1]), 5, kind.startsWith("stable"), "accent");
    if (this.drag) cross(paint, ...this.drag.map((name, axis) => [toX, toY][axis](this.lab.value(name))));
    if (this.now) dot(paint, toX(this.now[0]), toY(this.now[1]), 4, true);
    this.nameCurves(paint);
  }
  nameCurves({ context, theme }) {
    const { box, toX, toY } = this.area;
    context.textAlign = "right";
    context.textBaseline = "alphabetic";
    this.curves?.forEach((curve, index) => {
      for (let point = curve.length / 2 - 1; point > 0; point -= 1) {
        const [x, y] = [toX(curve[2 * point]), toY(curve[2 * point + 1])];
        if (x > box.right || y < box.top + 18 || y > box.bottom - 4) continue;
        context.fillStyle = theme[["e", "i"][index]];
        writeLabel(context, this.names[index], Math.min(x, box.right) - 6, y - 7, theme.paper);
        break;
      }
    });
  }
  // A pointer in the plane sets the two controls that hold the start.
  pointed(x, y) {
    const { box } = this.area;
    const along = (x - box.left) / (box.right - box.left);
    const up = (box.bottom - y) / (box.bottom - box.top);
    return { [this.drag[0]]: along * this.high, [this.drag[1]]: up * this.high };
  }
  describe() {
    const at = this.now ? `State at ${number(this.now[0])} and ${withUnit(number(this.now[1]), this.unit)}. ` : "";
    const kind = this.nature();
    if (!this.fixed_point) return at;
    if (!kind) return `${at}No fixed point with both populations active.`;
    return `${at}Fixed point at ${number(this.fixed[0])} and ${withUnit(number(this.fixed[1]), this.unit)}: ${kind}.`;
  }
}

class ControlPlane {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    this.spans = this.drag.map((name) => lab.control(name));
  }
  reset() {}
  take() {
    return false;
  }
  draw(paint) {
    const [across, upward] = this.spans;
    const area = axes(paint, {
      x: [across.low, across.high], y: [upward.low, upward.high], xLabel: across.label, yLabel: upward.label,
    });
    this.area = area;
    const { context, theme } = paint;
    clipped(context, area, () => {
      context.strokeStyle = theme.soft;
      context.lineWidth = 1.25;
      for (const line of this.lines) polyline(context, line.length, (point) => [area.toX(line[point][0]), area.toY(line[point][1])]);
    });
    context.fillStyle = theme.soft;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const [text, x, y] of this.regions) {
      const room = context.measureText(text).width / 2 + 2;
      const at = Math.min(area.box.right - room, Math.max(area.box.left + room, area.toX(x)));
      context.fillText(text, at, area.toY(y));
    }
    dot(paint, area.toX(this.lab.value(this.drag[0])), area.toY(this.lab.value(this.drag[1])), 5.5, true, "accent");
  }
  pointed(x, y) {
    const { box } = this.area;
    const [across, upward] = this.spans;
    const along = (x - box.left) / (box.right - box.left);
    const up = (box.bottom - y) / (box.bottom - box.top);
    return {
      [across.name]: across.low + along * (across.high - across.low),
      [upward.name]: upward.low + up * (upward.high - upward.low),
    };
  }
  describe() {
    const said = this.spans.map((one) => `${one.label} = ${withUnit(number(this.lab.value(one.name)), one.unit)}`);
    return `The network is at ${said.join(", ")}.`;
  }
}

class Histogram {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    this.reset();
  }
  reset() {
    this.heights = [];
    this.top = 0;
  }
  take({ arrays }) {
    const values = Array.from(arrays[this.array], Number);
    let counts = values;
    if (this.bins) {
      counts = new Array(this.bins).fill(0);
      for (const value of values) {
        const bin = Math.floor(((value - this.low) / (this.high - this.low)) * this.bins);
        if (bin >= 0 && bin < this.bins) counts[bin] += 1;
      }
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    this.heights = counts.map((count) => (total ? count / total : 0));
    this.expected = this.theory ? Array.from(arrays[this.theory], Number) : null;
  }
  middle(bar) {
    return this.low + ((bar + 0.5) / this.heights.length) * (this.high - this.low);
  }
  draw(paint) {
    const largest = Math.max(...this.heights, ...(this.expected ?? [0]), 1e-9);
    if (largest > this.top || largest < 0.45 * this.top) this.top = roundUp(largest * 1.05);
    const area = axes(paint, {
      x: [this.low, this.high], y: [0, this.top], xLabel: this.label, yLabel: this.title,
    });
    const { context, theme } = paint;
    const { toX, toY, box } = area;
    const width = (box.right - box.left) / Math.max(1, this.heights.length);
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.55;
    const gap = width > 4 ? 1 : 0;
    this.heights.forEach((height, bar) => {
      context.fillRect(toX(this.middle(bar)) - width / 2 + gap / 2, toY(height), width - gap, box.bottom - toY(height));
    });
    context.globalAlpha = 1;
    this.expected?.forEach((height, bar) => {
      context.fillStyle = theme.ink;
      context.fillRect(toX(this.middle(bar)) - width * 0.45, toY(height) - 1, width * 0.9, 2);
    });
  }
  describe() {
    const mode = this.heights.indexOf(Math.max(...this.heights));
    if (mode < 0 || !this.heights[mode]) return "Nothing has been counted yet.";
    const near = `Most often near ${number(this.middle(mode))} (${number(100 * this.heights[mode])} %).`;
    if (!this.expected) return near;
    const distance = this.heights.reduce((sum, height, bar) => sum + Math.abs(height - this.expected[bar]), 0) / 2;
    return `${near} Distance from theory ${number(distance, 2)} (0 the same, 1 disjoint).`;
  }
}

class Field {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    [this.rows, this.columns] = lab.spec.arrays[this.array].shape;
    this.sheet = element("canvas", { width: this.columns, height: this.rows });
    this.cells = new Float64Array(this.rows * this.columns);
    this.top = 0;
  }
  reset() {
    this.top = 0;
  }
  take({ arrays }) {
    this.cells = arrays[this.array];
  }
  range() {
    let [low, high] = [Infinity, -Infinity];
    for (const cell of this.cells) {
      low = Math.min(low, Number(cell));
      high = Math.max(high, Number(cell));
    }
    return [low, high];
  }
  draw(paint) {
    const { context, theme } = paint;
    let [low, high] = [this.low, this.high];
    if (low === null) {
      const [least, most] = this.range();
      this.top = Math.max(roundUp(Math.max(most, -least)), 0.999 * this.top);
      [low, high] = [least < 0 ? -this.top : 0, this.top];
    }
    const stops = (low < 0 ? [theme.i, theme.paper, theme.e] : [theme.paper, theme.accent, theme.ink]).map(rgb);
    const pixels = new ImageData(this.columns, this.rows);
    for (let cell = 0; cell < this.cells.length; cell += 1) {
      const level = Math.min(1, Math.max(0, (Number(this.cells[cell]) - low) / (high - low))) * 2;
      const [from, to] = level < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
      const part = level < 1 ? level : level - 1;
      const row = this.rows - 1 - Math.floor(cell / this.columns); // the first row is the lowest
      const place = 4 * (row * this.columns + (cell % this.columns));
      for (let channel = 0; channel < 3; channel += 1) {
        pixels.data[place + channel] = from[channel] + part * (to[channel] - from[channel]);
      }
      pixels.data[place + 3] = 255;
    }
    this.sheet.getContext("2d").putImageData(pixels, 0, 0);
    const area = this.area = axes(paint, {
      x: [0, this.columns], y: [0, this.rows], aspect: this.rows / this.columns, right: 72, xLabel: this.labels[0], yLabel: this.labels[1],
    });
    const { box } = area;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.sheet, box.left, box.top, box.right - box.left, box.bottom - box.top);
    const shade = context.createLinearGradient(0, box.bottom, 0, box.top);
    stops.forEach((stop, index) => shade.addColorStop(index / 2, `rgb(${stop})`));
    context.fillStyle = shade;
    context.fillRect(box.right + 14, box.top, 9, box.bottom - box.top);
    context.fillStyle = theme.soft;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(number(high), box.right + 28, box.top + 6);
    context.fillText(number(low), box.right + 28, box.bottom - 6);
    if (this.drag) cross(paint, ...this.drag.map((name, axis) => [area.toX, area.toY][axis](this.lab.value(name) + 0.5)));
  }
  // A pointer on the sheet sets the two controls that hold the chosen column and row.
  pointed(x, y) {
    const { box } = this.area;
    const along = (x - box.left) / (box.right - box.left);
    const up = (box.bottom - y) / (box.bottom - box.top);
    return { [this.drag[0]]: along * this.columns - 0.5, [this.drag[1]]: up * this.rows - 0.5 };
  }
  describe() {
    const [low, high] = this.range();
    const mean = Array.from(this.cells, Number).reduce((sum, cell) => sum + cell, 0) / this.cells.length;
    return `From ${number(low)} to ${withUnit(number(high), this.unit)} over the sheet, ${number(mean)} on average.`;
  }
}

class Spectrum {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.lab = lab;
    this.columns = lab.spec.arrays[this.array].size / lab.spec.arrays[this.array].shape[0];
    this.per = Math.max(1, Math.round(1000 / (2.5 * this.highest) / lab.dt));
    this.width = 1000 / (this.per * lab.dt) / Spectrum.LENGTH;
    this.reset();
  }
  reset() {
    this.samples = [];
    this.sum = this.held = 0;
    this.forget();
  }
  forget() {
    this.power = null;
    this.segments = 0;
  }
  take({ steps, arrays }) {
    const rows = arrays[this.array];
    const before = this.power;
    for (let row = 0; row < steps; row += 1) {
      this.sum += Number(rows[row * this.columns + this.column]);
      this.held += 1;
      if (this.held < this.per) continue;
      this.samples.push(this.sum / this.per);
      this.sum = this.held = 0;
      if (this.samples.length === Spectrum.LENGTH) {
        this.average(periodogram(this.samples, this.per * this.lab.dt * 1e-3));
        this.samples.splice(0, Spectrum.LENGTH / 2);
      }
    }
    return this.power === null || this.power !== before;
  }
  average(power) {
    this.segments = Math.min(this.segments + 1, 12);
    this.power = this.power ? this.power.map((old, bin) => old + (power[bin] - old) / this.segments) : power;
  }
  bins() {
    return Math.min(this.power.length - 1, Math.floor(this.highest / this.width));
  }
  draw(paint) {
    const shown = this.power ? this.power.slice(1, this.bins() + 1).map((one) => Math.log10(Math.max(one, 1e-12))) : [0];
    const high = Math.ceil(Math.max(...shown) + 0.15);
    const low = Math.min(high - 2, Math.floor(Math.min(...shown)));
    const decades = [];
    for (let decade = low; decade <= high; decade += Math.ceil((high - low) / 5)) decades.push([decade, `10${superscript(decade)}`]);
    const area = axes(paint, { x: [0, this.highest], y: [low, high], yTicks: decades, xLabel: "frequency (Hz)", yLabel: this.title });
    const { context, theme } = paint;
    if (!this.power) {
      context.fillStyle = theme.soft;
      context.textAlign = "center";
      const missing = (Spectrum.LENGTH - this.samples.length) * this.per * this.lab.dt;
      context.fillText(`needs ${number(missing)} ms more`, (area.box.left + area.box.right) / 2, (area.box.top + area.box.bottom) / 2);
      return;
    }
    clipped(context, area, () => {
      pen(paint, this.color);
      polyline(context, shown.length, (bin) => [area.toX((bin + 1) * this.width), area.toY(shown[bin])]);
    });
  }
  describe() {
    if (!this.power) return "The spectrum needs more time.";
    let best = 1;
    for (let bin = 2; bin <= this.bins(); bin += 1) if (this.power[bin] > this.power[best]) best = bin;
    const others = Array.from(this.power.slice(1, this.bins() + 1)).sort((a, b) => a - b);
    const ratio = this.power[best] / others[others.length >> 1];
    return `Strongest near ${number(best * this.width, 2)} Hz, ${number(ratio, 2)} times the median.`;
  }
}
Spectrum.LENGTH = 256;

class KernelTime {
  constructor(spec, lab) {
    Object.assign(this, spec);
    this.native = lab.spec.native;
    this.here = null;
  }
  reset() {}
  take() {
    return false;
  }
  timed(nanoseconds) {
    this.here = nanoseconds;
  }
  draw({ context, theme, width, height }) {
    const bars = [["natively, where the book was built", this.native, "soft"], ["here, in this browser", this.here, "accent"]];
    const longest = Math.max(this.native, this.here ?? 0);
    context.font = `13px ${theme.font}`;
    context.textBaseline = "alphabetic";
    bars.forEach(([text, time, color], index) => {
      const top = (height / 2) * index + height * 0.06;
      context.fillStyle = theme.ink;
      context.textAlign = "left";
      context.fillText(text, 0, top + 14);
      context.textAlign = "right";
      context.fillText(time ? `${number(time)} ns` : "…", width, top + 14);
      context.fillStyle = theme[color];
      context.fillRect(0, top + 22, (width * (time ?? 0)) / longest, height * 0.16);
    });
  }
  describe() {
    if (!this.here) return "Not measured yet.";
    return `A step takes ${number(this.here)} ns here and ${number(this.native)} ns natively: ${number(this.here / this.native, 2)} times as long.`;
  }
}

const superscript = (value) => String(value).replace(/./g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit] ?? "⁻");

function rgb(color) {
  const [, ...hex] = color.match(/^#(..)(..)(..)$/) ?? [null, "80", "80", "80"];
  return hex.map((pair) => parseInt(pair, 16));
}

// Power spectral density with a Hann window (unit squared per Hz); the length is a power of two.
function periodogram(samples, interval) {
  const size = samples.length;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / size;
  const real = samples.map((sample, at) => (sample - mean) * (0.5 - 0.5 * Math.cos((2 * Math.PI * at) / size)));
  const imaginary = new Float64Array(size);
  transform(real, imaginary);
  const scale = (2 * interval) / (0.375 * size);
  return Float64Array.from({ length: size / 2 }, (_, bin) => scale * (real[bin] ** 2 + imaginary[bin] ** 2));
}

function transform(real, imaginary) {
  const size = real.length;
  for (let at = 1, other = 0; at < size; at += 1) {
    let bit = size >> 1;
    for (; other & bit; bit >>= 1) other ^= bit;
    other ^= bit;
    if (at < other) [real[at], real[other]] = [real[other], real[at]];
  }
  for (let half = 1; half < size; half *= 2) {
    for (let at = 0; at < size; at += 1) {
      if (at & half) continue;
      const angle = (-Math.PI * (at % half)) / half;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const re = real[at + half] * c - imaginary[at + half] * s;
      const im = real[at + half] * s + imaginary[at + half] * c;
      real[at + half] = real[at] - re;
      imaginary[at + half] = imaginary[at] - im;
      real[at] += re;
      imaginary[at] += im;
    }
  }
}

const VIEWS = { TimeSeries, Raster, PhasePlane, ControlPlane, Histogram, Field, Spectrum, KernelTime };

// -- The laboratory itself

const COLORS = ["ink", "soft", "line", "paper", "accent", "e", "i", "external"];
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];
const BUDGET = 11; // ms of a frame that the kernel may take
const LARGEST_SEED = 2 ** 31 - 1;
let labs = 0;

class Lab {
  constructor(model, el) {
    if (typeof WebAssembly !== "object") throw new Error("this browser has no WebAssembly");
    this.model = model;
    this.spec = model.get("spec");
    this.dt = this.spec.dt;
    this.id = `lab-${(labs += 1)}`;
    this.step = 0;
    this.pace = 1;
    this.cost = 0.01;
    this.version = 0;
    this.playing = this.busy = this.again = false;
    this.visible = true;
    this.values = { ...this.defaults(), ...model.get("values") };
    this.seed = model.get("seed");
    this.cleanups = [];
    // A region, not a section: on a slide, a section would count as one more slide.
    this.root = element("div", { className: "lab", dataset: { lab: this.spec.name } });
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-label", this.spec.title);
    this.build();
    el.append(this.root);
    this.observe();
    this.readTheme();
    this.owed = 0;
    this.last = performance.now();
    this.engine = startEngine((message) => this.receive(message));
    this.engine.send({ kind: "load", spec: this.spec, module: bytesOf(model.get("module")), data: bytesOf(model.get("data")) });
    const wrong = this.readAddress();
    this.restart();
    this.showControls();
    if (wrong) this.stop(wrong);
  }

  get time() {
    return this.step * this.dt;
  }
  get unit() {
    return this.spec.unit;
  }
  control(name) {
    return this.spec.controls.find((control) => control.name === name);
  }
  value(name) {
    return this.values[name];
  }
  defaults() {
    return Object.fromEntries(this.spec.controls.map(({ name, start }) => [name, start]));
  }

  // Building

  build() {
    this.alert = element("p", { className: "lab-alert", hidden: true });
    this.alert.setAttribute("role", "alert");
    this.panels = this.spec.views.map((spec) => this.panel(spec));
    this.inputs = new Map(this.spec.controls.map((control) => [control.name, this.slider(control)]));
    this.root.append(
      element("div", { className: "lab-views" }, ...this.panels.map(({ figure }) => figure)),
      this.alert,
      this.transport(),
      element("div", { className: "lab-controls" }, ...[...this.inputs.values()].map(({ row }) => row)),
    );
    // Jupyter would take the arrow keys for its cells; it asks the very element that has the focus. VS Code would take
    // Home, End and the page keys, and the focus with them; it hears what reaches the window.
    for (const control of this.root.querySelectorAll("button, input, select")) {
      control.dataset.lmSuppressShortcuts = "true";
      control.addEventListener("keydown", (event) => /^(Home|End|Page)/.test(event.key) && event.stopPropagation());
    }
  }

  panel(spec) {
    const view = new VIEWS[spec.kind](spec, this);
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", spoken(view.title));
    const caption = element("p", { className: "lab-caption" });
    caption.setAttribute("aria-hidden", "true");
    const said = element("p", { className: "lab-said" });
    said.setAttribute("aria-live", "polite");
    const figure = element("div", { className: `lab-view lab-${spec.kind}${spec.wide ? " lab-wide" : ""}` }, canvas, caption, said);
    if (view.pointed && spec.drag) {
      canvas.classList.add("lab-drag");
      const point = (event) => {
        if (!view.area || (event.type === "pointermove" && !canvas.hasPointerCapture(event.pointerId))) return;
        if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
        const { left, top, width } = canvas.getBoundingClientRect();
        const scale = width / canvas.clientWidth; // a slide enlarges the laboratory
        this.change(view.pointed((event.clientX - left) / scale, (event.clientY - top) / scale));
      };
      canvas.addEventListener("pointerdown", point);
      canvas.addEventListener("pointermove", point);
    }
    return { view, canvas, caption, said, figure, stale: true };
  }

  button(text, act, className = "") {
    const made = element("button", { type: "button", textContent: text, className: `lab-button ${className}` });
    made.addEventListener("click", act);
    return made;
  }

  transport() {
    this.play = this.button("Play", () => this.setPlaying(!this.playing), "lab-play");
    this.single = this.button("Step", () => this.oneStep());
    this.single.setAttribute("aria-label", `Step ${number(this.spec.stride * this.dt)} ${this.unit}`);
    const reset = this.button("Reset", () => this.reset());
    const speed = element("select", { id: `${this.id}-speed` });
    for (const factor of SPEEDS) {
      const rate = factor * this.spec.speed;
      speed.append(new Option(this.unit === "ms" && rate === 1000 ? "real time" : `${number(rate)} ${this.unit}/s`, factor, factor === 1, factor === 1));
    }
    speed.addEventListener("change", () => {
      this.pace = Number(speed.value);
      this.owed = 0;
    });
    this.seedInput = element("input", { id: `${this.id}-seed`, type: "number", min: 0, max: LARGEST_SEED, step: 1, value: this.seed });
    this.seedInput.addEventListener("change", () => this.reseed(this.seedInput.value));
    this.status = element("span", { className: "lab-status" });
    const label = (text, input) => element("label", { htmlFor: input.id, className: "lab-option" }, element("span", { textContent: text }), input);
    const random = "seed" in this.spec.scalars ? [label("Seed", this.seedInput)] : [];
    return element("div", { className: "lab-transport" }, this.play, this.single, reset, label("Speed", speed), ...random, this.status);
  }

  slider(control) {
    const id = `${this.id}-${control.name}`;
    const input = element("input", { type: "range", id, min: control.low, max: control.high, step: control.step });
    const output = element("output", {});
    output.setAttribute("for", id);
    output.setAttribute("aria-hidden", "true");
    input.addEventListener("input", () => this.change({ [control.name]: input.valueAsNumber }));
    return { input, output, row: element("div", { className: "lab-control" }, element("label", { htmlFor: id }, ...labelled(control.label)), output, input) };
  }

  shown({ step, unit }, value) {
    const text = value.toFixed(decimals(step));
    return withUnit(Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−"), unit);
  }

  showControls() {
    for (const control of this.spec.controls) {
      const { input, output } = this.inputs.get(control.name);
      const value = this.values[control.name];
      input.value = value;
      input.style.setProperty("--at", (value - control.low) / (control.high - control.low));
      output.textContent = this.shown(control, value);
      input.setAttribute("aria-valuetext", output.textContent);
    }
    this.seedInput.value = this.seed;
  }

  // Watching the page

  observe() {
    const listen = (target, event, act) => {
      target.addEventListener(event, act);
      this.cleanups.push(() => target.removeEventListener(event, act));
    };
    // The first size comes when the laboratory enters the page, where its colours can be read.
    const resized = new ResizeObserver(() => this.readTheme());
    this.panels.forEach(({ canvas }) => resized.observe(canvas));
    const seen = new IntersectionObserver((entries) => {
      this.visible = entries[entries.length - 1].isIntersecting;
      this.redraw();
    });
    seen.observe(this.root);
    const themed = new MutationObserver(() => this.readTheme());
    for (const target of [document.documentElement, document.body]) {
      themed.observe(target, { attributes: true, attributeFilter: ["data-theme", "data-mode", "class", "data-jp-theme-light", "data-vscode-theme-kind"] });
    }
    listen(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.readTheme());
    listen(window, "beforeprint", () => this.paint()); // out of view it does not draw, yet it is printed
    listen(matchMedia("(prefers-reduced-motion: reduce)"), "change", ({ matches }) => matches && this.setPlaying(false));
    const given = () => this.given(this.model.get("values"), this.model.get("seed"));
    for (const event of ["change:values", "change:seed"]) {
      this.model.on(event, given);
      this.cleanups.push(() => this.model.off(event, given));
    }
    this.cleanups.push(() => resized.disconnect(), () => seen.disconnect(), () => themed.disconnect());
  }

  close() {
    this.playing = false;
    this.engine.stop();
    this.cleanups.forEach((cleanup) => cleanup());
  }

  readTheme() {
    const style = getComputedStyle(this.root);
    const probe = document.createElement("canvas").getContext("2d");
    this.theme = { font: style.fontFamily };
    for (const name of COLORS) {
      probe.fillStyle = style.getPropertyValue(`--lab-${name}`).trim() || "#808080";
      this.theme[name] = probe.fillStyle;
    }
    this.redraw();
  }

  // The address holds what differs from the defaults, on a built page only: elsewhere it is the host's.

  get addressed() {
    return document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]') !== null;
  }

  readAddress() {
    if (!this.addressed) return null;
    const query = new URLSearchParams(location.search);
    const limits = [...this.spec.controls, { name: "seed", label: "seed", low: 0, high: LARGEST_SEED, unit: "" }];
    for (const { name, label, low, high, unit } of limits) {
      const text = query.get(`${this.spec.name}.${name}`);
      if (text === null) continue;
      const value = Number(text);
      if (text.trim() === "" || !(value >= low && value <= high) || (name === "seed" && !Number.isInteger(value))) {
        this.values = this.defaults();
        this.seed = this.spec.seed;
        return `${spoken(label)} = ${text} in the address is not a number from ${number(low, 12)} to ${withUnit(number(high, 12), unit)}.`;
      }
      if (name === "seed") this.seed = value;
      else this.values[name] = value;
    }
    return null;
  }

  writeAddress() {
    if (!this.addressed) return;
    const query = new URLSearchParams(location.search);
    const held = { ...this.values, seed: this.seed };
    for (const [name, start] of Object.entries({ ...this.defaults(), seed: this.spec.seed })) {
      const key = `${this.spec.name}.${name}`;
      if (held[name] === start) query.delete(key);
      else query.set(key, Number(held[name].toPrecision(12)));
    }
    const text = query.toString();
    try {
      history.replaceState(history.state, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
    } catch {
      // A page opened from a file, or a browser that limits the calls a minute: the link is stale.
    }
  }

  // What the reader does

  setPlaying(playing) {
    if (playing && this.problem) return;
    this.playing = playing;
    this.owed = 0;
    this.last = performance.now();
    this.play.textContent = playing ? "Pause" : "Play";
    this.root.classList.toggle("lab-playing", playing);
    this.redraw();
    if (!playing) this.speak(true);
  }

  oneStep() {
    this.setPlaying(false);
    if (!this.problem && !this.busy) this.run(this.spec.stride);
  }

  reset() {
    this.setPlaying(false);
    this.forgive();
    this.values = this.defaults();
    this.seed = this.spec.seed;
    this.settled();
    this.restart();
  }

  forgive() {
    this.problem = null;
    this.alert.hidden = true;
    this.play.disabled = this.single.disabled = false;
  }

  reseed(text) {
    const seed = Number(text);
    if (text === "" || !Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED) {
      this.stop(`Seed = ${text || "nothing"} is not a whole number from 0 to ${number(LARGEST_SEED, 12)}.`);
      return;
    }
    this.forgive();
    this.seed = seed;
    this.settled();
    this.restart();
  }

  change(wanted) {
    const moved = [];
    for (const [name, value] of Object.entries(wanted)) {
      const { low, high, step } = this.control(name);
      const rounded = low + Math.round((Math.min(high, Math.max(low, value)) - low) / step) * step;
      const exact = Number(Math.min(high, rounded).toPrecision(12));
      if (!Number.isFinite(exact)) this.stop(`${spoken(this.control(name).label)} is not a number.`);
      else if (exact !== this.values[name]) moved.push([name, exact]);
    }
    if (!moved.length) return;
    this.values = { ...this.values, ...Object.fromEntries(moved) };
    this.settled();
    this.apply(moved.map(([name]) => name));
  }

  // What Python sets, already checked there.
  given(values, seed) {
    const moved = Object.keys(this.values).filter((name) => values[name] !== this.values[name]);
    if (!moved.length && seed === this.seed) return;
    const reseeded = seed !== this.seed;
    this.values = { ...values };
    this.seed = seed;
    this.showControls();
    this.writeAddress();
    if (reseeded) this.restart();
    else this.apply(moved);
  }

  // While it plays, a control acts on the running model; at rest, the figure is drawn afresh.
  apply(names) {
    this.forgive();
    if (!this.playing || names.some((name) => this.spec.restarts.includes(name))) this.restart();
    else {
      this.panels.forEach(({ view }) => view.forget?.());
      this.engine.send({ kind: "change", scalars: this.scalars(), version: (this.version += 1) });
    }
  }

  settled() {
    this.showControls();
    this.redraw();
    this.model.set({ values: { ...this.values }, seed: this.seed });
    clearTimeout(this.saving);
    this.saving = setTimeout(() => {
      this.writeAddress();
      this.model.save_changes();
    }, 150);
  }

  // Running

  scalars() {
    return { ...this.spec.scalars, ...this.values, seed: this.seed };
  }

  restart() {
    this.version += 1;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.again = false;
    const steps = this.playing ? 0 : this.spec.lead;
    this.engine.send({ kind: "restart", scalars: this.scalars(), steps, version: this.version });
  }

  run(steps) {
    this.busy = true;
    this.engine.send({ kind: "run", steps, version: this.version });
  }

  receive({ kind, frames = [], problem, took, version, step, nanoseconds }) {
    if (kind === "restart") this.panels.forEach(({ view }) => view.reset());
    if (nanoseconds) {
      this.root.dataset.nanoseconds = nanoseconds;
      this.panels.forEach(({ view }) => view.timed?.(nanoseconds));
    }
    if (kind !== "change") this.busy = false;
    for (const frame of frames) {
      this.step = frame.end;
      for (const panel of this.panels) panel.stale = panel.view.take(frame) !== false || panel.stale;
    }
    const steps = frames.reduce((sum, frame) => sum + frame.steps, 0);
    if (kind === "run" && steps) this.cost += 0.2 * (took / steps - this.cost);
    this.drawn = { version, took, steps };
    this.ask();
    if (kind === "failed") this.stop(`The laboratory cannot run here: ${problem}.`);
    else if (problem && !this.again) this.stop(`Stopped at ${number(step * this.dt, 4)} ${this.unit}: ${problem}. The state has blown up at these settings.`);
    if (!this.playing) this.speak(true);
    if (this.again) this.restart();
    else if (kind === "run" && this.owed * this.cost > BUDGET / 2) this.pump(performance.now());
  }

  stop(sentence) {
    this.setPlaying(false);
    this.problem = sentence;
    this.play.disabled = this.single.disabled = true;
    this.alert.textContent = `${sentence} Reset puts every control back.`;
    this.alert.hidden = false;
    this.redraw();
  }

  redraw() {
    this.panels.forEach((panel) => (panel.stale = true));
    this.ask();
  }

  ask() {
    this.asked ??= requestAnimationFrame((now) => this.onFrame(now));
  }

  onFrame(now) {
    this.asked = null;
    this.pump(now);
    if (this.playing && this.visible) this.ask();
    if (this.visible) this.paint();
    this.speak(false);
  }

  // Ask for the steps that the clock says are due, at most what fits in one frame's budget.
  pump(now) {
    const rate = (this.pace * this.spec.speed) / 1000 / this.dt; // steps a ms
    const since = Math.max(0, now - this.last);
    this.last = Math.max(now, this.last);
    if (!this.playing || !this.visible) return;
    this.owed = Math.min(this.owed + rate * Math.min(since, 100), 50 * rate + 1);
    const steps = Math.floor(Math.min(this.owed, this.spec.chunk, Math.max(1, BUDGET / this.cost)));
    if (this.busy || steps < 1) return;
    this.owed -= steps;
    this.run(steps);
  }

  paint() {
    for (const panel of this.panels) {
      const { view, canvas } = panel;
      if (!panel.stale) continue;
      panel.stale = false;
      const { clientWidth: width, clientHeight: height } = canvas;
      if (!width || !height) continue;
      const ratio = (devicePixelRatio * canvas.getBoundingClientRect().width) / width;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== wide) canvas.width = wide;
      if (canvas.height !== high) canvas.height = high;
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      context.setLineDash([]);
      view.draw({ context, width, height, theme: this.theme });
    }
    if (this.drawn) this.root.dispatchEvent(new CustomEvent("lab:drawn", { detail: { ...this.drawn, time: this.time } }));
    this.drawn = null;
  }

  // The captions follow every second, the polite regions every six, so as not to talk over a reader.
  speak(at_once) {
    const now = performance.now();
    if (!at_once && now - (this.captioned ?? 0) < 1000) return;
    const measured = now - (this.captioned ?? now);
    const ran = this.time - (this.captionedTime ?? this.time);
    this.captioned = now;
    this.captionedTime = this.time;
    const aloud = at_once || now - (this.spoke ?? 0) > 6000;
    if (aloud) this.spoke = now;
    for (const { view, canvas, caption, said } of this.panels) {
      const text = view.describe();
      caption.replaceChildren(...labelled(text));
      if (!aloud) continue;
      canvas.setAttribute("aria-label", `${spoken(view.title)}. ${spoken(text)}`);
      if (said.textContent !== spoken(text)) said.textContent = spoken(text);
    }
    const timed = this.unit === "ms" && this.playing && measured > 500 && ran > 0;
    const pace = timed ? `, ${number(ran / measured, 2)} × real time` : "";
    const places = decimals(this.spec.stride * this.dt); // so that a single step is seen
    const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
    this.status.textContent = `t = ${this.time.toLocaleString("en", digits)} ${this.unit}${pace}`;
  }
}

function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

export default {
  render({ model, el }) {
    const lab = new Lab(model, el);
    return () => lab.close();
  },
};
