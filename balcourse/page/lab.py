"""The laboratory: a lesson's own kernel, alive in the reader's browser.

A `Lab` takes a kernel, the arrays and numbers it works on, the controls that a reader may move and
the views to draw. The kernel is compiled to WebAssembly (`balcourse.page.wasm`) and runs in a
worker beside the page, from the same seed to the same numbers as here. Time ms.
"""

import base64
import dataclasses
import html
import itertools
import json
import re
import time

import numpy as np
import traitlets
from scipy import signal

from balcourse.page import figures
from balcourse.page.wasm import compile_wasm, parameters
from balcourse.page.widget import STATIC, LiveWidget
from balcourse.parameters import checked

_COLORS = {"e": figures.E, "i": figures.I, "external": figures.EXTERNAL, "ink": figures.THEORY}
_STYLES = {"e": "-", "i": "--", "external": ":", "ink": "-"}
_LARGEST_SEED = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Control:
    """A slider that sets one of the kernels' numbers.

    Attributes
    ----------
    name : str
        The kernels' parameter.
    low, high, step, start : float or int
        Range, grain and first value, in `unit`; the parameter is an integer if all four are.
    label : str
        Shown beside the slider, with one subscript after ``_``; the name where empty.
    unit : str
        Shown behind the value; empty if dimensionless.

    Raises
    ------
    ValueError
        If the range is empty, or step or start do not fit it.

    """

    name: str
    low: float
    high: float
    step: float
    start: float
    label: str = ""
    unit: str = ""

    def __post_init__(self):
        checked(f"low of {self.name}", self.low, self.unit)
        checked(f"high of {self.name}", self.high, self.unit, above=self.low)
        checked(f"step of {self.name}", self.step, self.unit, above=0, at_most=self.high - self.low)
        checked(self.name, self.start, self.unit, at_least=self.low, at_most=self.high)
        if not self.whole:
            for field in ("low", "high", "step", "start"):
                object.__setattr__(self, field, float(getattr(self, field)))

    @property
    def whole(self):
        """Whether the kernels' parameter is an integer."""
        numbers = (self.low, self.high, self.step, self.start)
        return all(isinstance(number, int) for number in numbers)

    def checked(self, value):
        """Return the value, or raise `ValueError` with what is allowed."""
        return checked(
            self.name, value, self.unit, at_least=self.low, at_most=self.high, integer=self.whole
        )


@dataclasses.dataclass(frozen=True)
class TimeSeries:
    """Columns of an array that has one row a step, against time.

    Attributes
    ----------
    array : str
        Name of the array, shape (steps, columns).
    labels : tuple of str
        One a column, written at the line's end.
    title, unit : str
        Of the vertical axis.
    window : float
        Time shown, ms.
    smooth : float
        Time over which a point averages, ms.
    low, high : float, optional
        The vertical axis; follows the data where left out.
    colors : tuple of str
        ``"e"``, ``"i"``, ``"external"`` or ``"ink"``, one a column.
    wide : bool
        Whether the view takes the whole row.

    """

    array: str
    labels: tuple = ("",)
    title: str = ""
    unit: str = ""
    window: float = 500.0
    smooth: float = 0.0
    low: float | None = 0.0
    high: float | None = None
    colors: tuple = ("e", "i", "external")
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {self.array: "rows"}

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        columns = run.rows(self.array)
        per = max(1, round(max(self.smooth, self.window / 500) / run.dt))
        columns = columns[: len(columns) // per * per].reshape(-1, per, columns.shape[1]).mean(1)
        times = (np.arange(len(columns)) + 0.5) * per * run.dt
        for column, label, color in zip(columns.T, self.labels, self.colors, strict=False):
            (line,) = axes.plot(times, column, color=_COLORS[color], linestyle=_STYLES[color])
            figures.label_line(axes, line, _typeset(label))
        axes.set(xlabel=f"time ({run.unit})", ylabel=_with_unit(self.title, self.unit))
        axes.set_xlim(max(0, run.time - self.window), max(run.time, self.window))
        axes.set_ylim(self.low, self.high)


@dataclasses.dataclass(frozen=True)
class Raster:
    """Spikes against time: an array whose rows are (step, neuron) and the number of rows in use.

    Attributes
    ----------
    array, count : str
        Names of the two arrays.
    neurons, split : int
        Number of neurons; those from `split` on are inhibitory.
    window : float
        Time shown, ms.

    """

    array: str
    count: str
    neurons: int
    split: int
    title: str = "neuron"
    window: float = 200.0
    wide: bool = True

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {self.array: self.count}

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        times, senders = run.events(self.array).T
        for color, inside in (("e", senders < self.split), ("i", senders >= self.split)):
            axes.plot(times[inside], senders[inside], ",", color=_COLORS[color], rasterized=True)
        axes.set(xlabel=f"time ({run.unit})", ylabel=self.title, ylim=(0, self.neurons))
        axes.set_xlim(max(0, run.time - self.window), max(run.time, self.window))


@dataclasses.dataclass(frozen=True)
class PhasePlane:
    """A trajectory of two variables, with nullclines and fixed point; the start can be dragged.

    Attributes
    ----------
    array : str
        Name of the trajectory, one row a step, two columns.
    high : float
        Both axes run from 0 to this value.
    nullclines : tuple of str
        Names of two arrays of points, shape (points, 2), which a kernel of `change` fills.
    fixed_point : str, optional
        Name of an array of its two coordinates (NaN if there is none), trace and determinant.
    drag : tuple of str
        The two controls that hold the start.
    names, labels : tuple of str
        Of the nullclines and of the axes.
    window : float
        Length of the trail, ms.

    """

    array: str
    high: float
    nullclines: tuple = ()
    fixed_point: str | None = None
    drag: tuple | None = None
    names: tuple = ("E nullcline", "I nullcline")
    labels: tuple = ("v_E (Hz)", "v_I (Hz)")
    unit: str = "Hz"
    title: str = "Phase plane"
    window: float = 1000.0
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        fixed = {self.fixed_point: "all"} if self.fixed_point else {}
        return {self.array: "rows"} | dict.fromkeys(self.nullclines, "all") | fixed

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        for name, color in zip(self.nullclines, "ei", strict=False):
            axes.plot(*run.arrays[name].T, color=_COLORS[color], linestyle=_STYLES[color])
        axes.plot(*run.rows(self.array).T, color=figures.THEORY, linewidth=1)
        if self.fixed_point:
            x, y, trace, determinant = run.arrays[self.fixed_point]
            stable = trace < 0 < determinant
            axes.plot(x, y, "o", color=figures.THEORY, fillstyle="full" if stable else "none")
        axes.set(xlim=(0, self.high), ylim=(0, self.high), aspect="equal")
        axes.set(xlabel=_typeset(self.labels[0]), ylabel=_typeset(self.labels[1]))


@dataclasses.dataclass(frozen=True)
class ControlPlane:
    """Where two controls stand on a phase diagram; the point can be dragged.

    Attributes
    ----------
    drag : tuple of str
        The controls across and upward.
    lines : tuple
        Each an array of points, shape (points, 2).
    regions : tuple
        Each (text, x, y).

    """

    drag: tuple
    lines: tuple = ()
    regions: tuple = ()
    title: str = "Phase diagram"
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {}

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        across, upward = (run.controls[name] for name in self.drag)
        for line in self.lines:
            axes.plot(*np.asarray(line).T, color="0.5", linewidth=1)
        for text, x, y in self.regions:
            lines = text.replace(", ", ",\n")  # the panel is narrow
            axes.text(x, y, lines, ha="center", va="center", color="0.35", fontsize="small")
        axes.plot(run.values[across.name], run.values[upward.name], "o", color=figures.THEORY)
        axes.set(xlim=(across.low, across.high), ylim=(upward.low, upward.high))
        axes.set(xlabel=_typeset(across.label), ylabel=_typeset(upward.label))


@dataclasses.dataclass(frozen=True)
class Histogram:
    """How often each value occurs, beside what theory expects.

    Attributes
    ----------
    array : str
        Name of the array: counts, one a bar, or where `bins` is given the values to be counted.
    label : str
        Of the horizontal axis.
    low, high : float
        Ends of the horizontal axis.
    bins : int, optional
        Number of bars, where the array holds values.
    theory : str, optional
        Name of an array of the expected probability of each bar.

    """

    array: str
    label: str
    low: float
    high: float
    bins: int | None = None
    theory: str | None = None
    title: str = "probability"
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {self.array: "all"} | ({self.theory: "all"} if self.theory else {})

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        counts = run.arrays[self.array].ravel()
        if self.bins:
            counts, _ = np.histogram(counts, self.bins, (self.low, self.high))
        width = (self.high - self.low) / len(counts)
        middles = self.low + (np.arange(len(counts)) + 0.5) * width
        axes.bar(middles, counts / max(counts.sum(), 1), width * 0.9, color="0.7")
        if self.theory:
            axes.plot(middles, run.arrays[self.theory], "_", color=figures.THEORY)
        axes.set(xlabel=_typeset(self.label), ylabel=self.title, xlim=(self.low, self.high))


@dataclasses.dataclass(frozen=True)
class Field:
    """A two-dimensional array as colours, its first row lowest.

    Attributes
    ----------
    array : str
        Name of the array, shape (rows, columns).
    low, high : float, optional
        Ends of the colour scale, which diverges from the middle if `low` is negative; both follow
        the data where left out.
    drag : tuple of str, optional
        The two controls that hold a column and a row, which a pointer chooses.
    labels : tuple of str
        Of the axes.

    """

    array: str
    low: float | None = None
    high: float | None = None
    drag: tuple | None = None
    labels: tuple = ("column", "row")
    unit: str = ""
    title: str = "Field"
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {self.array: "all"}

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        cells = run.arrays[self.array]
        extent = (0, cells.shape[1], 0, cells.shape[0])
        image = axes.imshow(
            cells, cmap="Purples", vmin=self.low, vmax=self.high, extent=extent, origin="lower"
        )
        axes.figure.colorbar(image, ax=axes, label=self.unit or None)
        if self.drag:
            axes.plot(*(run.values[name] + 0.5 for name in self.drag), "x", color=figures.THEORY)
        axes.set(xlabel=self.labels[0], ylabel=self.labels[1])


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """Power spectrum of one column of an array that has one row a step.

    Averaged over Hann windows of 256 points that overlap by half.

    Attributes
    ----------
    array : str
        Name of the array.
    column : int
        Which column.
    highest : float
        Right end of the axis, Hz.
    color : str
        As in `TimeSeries`.

    """

    array: str
    column: int = 0
    highest: float = 200.0
    color: str = "e"
    title: str = "power (Hz²/Hz)"
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {self.array: "rows"}

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        per = max(1, round(1000 / (2.5 * self.highest) / run.dt))
        samples = run.rows(self.array)[:, self.column]
        samples = samples[: len(samples) // per * per].reshape(-1, per).mean(1)
        if len(samples) >= 256:
            frequencies, power = signal.welch(samples, 1000 / (per * run.dt), nperseg=256)
            axes.plot(frequencies[1:], power[1:], color=_COLORS[self.color])
        axes.set(xlabel="frequency (Hz)", ylabel=self.title, yscale="log", xlim=(0, self.highest))


@dataclasses.dataclass(frozen=True)
class KernelTime:
    """Time of one step: natively, measured here, and in the reader's browser, measured there."""

    title: str = "Time of a step"
    wide: bool = False

    def watched(self):
        """Return the arrays it needs: "rows", "all", or the name of their count."""
        return {}

    def draw(self, axes, run):
        """Draw the still figure of a `LabRun`."""
        axes.barh(["natively"], [run.step_time], height=0.4, color="0.6")
        axes.set(xlabel="time of a step (ns)", ylim=(-1, 1))


class Lab(LiveWidget):
    """A live simulation on a page.

    A kernel takes its arguments by name: an array or number of `arguments`, a control, ``dt``,
    ``seed`` (for a kernel of `start`) or ``steps``, how many steps to take. It must be able to go
    on from what is in its arrays. An array that has one row a step holds one row
    more than the largest number of steps asked for at a time.

    Parameters
    ----------
    step : numba dispatcher
        The kernel that is called for every frame.
    arguments : dict
        Arrays as they are at time 0, and constant numbers.
    controls : list of Control
        What the reader may move. While the lab plays, a control acts on the running model; at rest
        the model is run anew from time 0.
    views : list
        What is drawn, in this order.
    dt : float
        Model time of one step, ms.
    title : str
        What the lab is, for its heading in the list of regions.
    alt : str
        What its first state shows, a sentence that states the result.
    start : tuple of numba dispatcher
        Kernels called at time 0; a control that one of them takes sends the model back there.
    change : tuple of numba dispatcher
        Kernels called at time 0 and whenever a control moves.
    speed : float
        Model time a second of the reader's, ms; 1000 is real time.
    lead : float
        Model time of the first picture, ms.
    stride : float
        Model time of the reader's single step, ms; one step of the kernel where left out.
    unit : str
        Unit of all the times given here; ms where left out.
    name : str
        The lab's name in the page's address; the kernel's name where empty.
    seed : int
        0 to 2**31 - 1.

    Attributes
    ----------
    values : dict
        The controls' values, synced: read them, or set them to move the sliders.

    Raises
    ------
    ValueError
        If a kernel cannot run in a page, or an argument is missing or out of bounds.

    Examples
    --------
    >>> from balcourse.models.kernel import kernel
    >>> @kernel(cache=False)
    ... def relax(trace, level, drive, dt, steps):
    ...     for step in range(steps):
    ...         level[0] += dt * (drive - level[0])
    ...         trace[step, 0] = level[0]
    >>> lab = Lab(
    ...     relax,
    ...     arguments={"trace": np.zeros((101, 1)), "level": np.zeros(1)},
    ...     controls=[Control("drive", 0, 2, 0.1, 1)],
    ...     views=[TimeSeries("trace", title="level", window=20)],
    ...     dt=0.05, speed=10, lead=20,
    ...     title="Relaxation", alt="The level rises to the drive within a few time constants.",
    ... )
    >>> float(lab.run(400).arrays["level"][0].round(3))
    1.0

    """

    _esm = STATIC / "lab.js"
    _css = STATIC / "lab.css"
    spec = traitlets.Dict().tag(sync=True)
    module = traitlets.Bytes().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)

    def __init__(
        self, step, *, arguments, controls, views, dt, title, alt, start=(), change=(),
        speed=1000.0, lead=0.0, stride=0.0, unit="ms", name="", seed=1,
    ):  # fmt: skip
        dt = checked("dt", dt, unit, above=0)
        self.kernels = (step, tuple(start), tuple(change))
        self.controls = {control.name: control for control in controls}
        self.views = list(views)
        self.arguments = {"seed": seed, "dt": dt, "steps": 1} | arguments
        self.arguments |= {control.name: control.start for control in controls}
        every = [step, *start, *change]
        used = dict.fromkeys(itertools.chain.from_iterable(map(parameters, every)))
        module = compile_wasm(*every, arguments=self.arguments)
        arrays, data = _packed({one: self.arguments[one] for one in used})
        watched = {one: how for view in views for one, how in view.watched().items()}
        if missing := set(watched) - set(arrays):
            raise ValueError(f"views show {', '.join(sorted(missing))}, which no kernel takes")
        numbers = {one: self.arguments[one] for one in used if one not in arrays}
        rows = [arrays[one]["shape"][0] - 1 for one, how in watched.items() if how == "rows"]
        self.chunk = min(rows, default=10_000)
        spec = {
            "name": name or step.__name__,
            "title": title,
            "unit": unit,
            "native": None,
            "dt": dt,
            "speed": checked("speed", speed, f"{unit}/s", above=0),
            "chunk": self.chunk,
            "lead": round(checked("lead", lead, unit, at_least=0) / dt),
            "stride": max(1, round(checked("stride", stride, unit, at_least=0) / dt)),
            "seed": checked("seed", seed, integer=True, at_least=0, at_most=_LARGEST_SEED),
            "arrays": arrays,
            "scalars": numbers,
            "integers": [one for one, value in numbers.items() if isinstance(value, int)],
            "watched": watched,
            "finite": _that_must_stay_finite(views),
            "restarts": [
                one for kernel in start for one in parameters(kernel) if one in self.controls
            ],
            "step": _call(step),
            "start": [_call(kernel) for kernel in start],
            "change": [_call(kernel) for kernel in change],
            "controls": [
                dataclasses.asdict(control) | {"label": control.label or control.name}
                for control in controls
            ],
            "views": [_described(view) for view in views],
        }
        first = {control.name: control.start for control in controls}
        super().__init__(None, spec=spec, module=module, data=data, values=first, seed=spec["seed"])
        if any(isinstance(view, KernelTime) for view in views):
            self.spec = spec | {"native": LabRun(self, 0, seed).step_time}
        self._still = figures.described(self._drawn(), alt)

    @traitlets.validate("values")
    def _check_values(self, proposal):
        given = proposal["value"]
        if set(given) != set(self.controls):
            raise ValueError(f"values = {given!r}: must have the keys {', '.join(self.controls)}")
        return {name: self.controls[name].checked(value) for name, value in given.items()}

    def run(self, steps, seed=None):
        """Do here what the page does: start the model and take steps, natively.

        Parameters
        ----------
        steps : int
            How many.
        seed : int, optional
            The lab's where left out.

        Returns
        -------
        LabRun

        """
        return LabRun(self, steps, self.seed if seed is None else seed)

    def page(self):
        """Return a web page (str) that holds this laboratory alone and needs no other file."""
        state = json.dumps(self.get_manager_state(widgets=[self])).replace("</", "<\\/")
        host = (STATIC / "host.js").read_text("utf8")
        drawn = base64.b64encode(self._still.svg.encode()).decode()
        still = f'alt="{html.escape(self._still.alt)}" src="data:image/svg+xml;base64,{drawn}"'
        return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(self.spec["title"])}</title>
<style>body {{ font-family: system-ui, sans-serif; max-width: 52rem; margin: 1rem auto; }}
.live-mounted > img {{ display: none; }}</style></head>
<body><main><h1>{html.escape(self.spec["title"])}</h1><div class="live">
<img class="course-figure" {still}>
<script type="application/vnd.jupyter.widget-view+json">{{"model_id": "{self.model_id}"}}</script>
</div></main><script type="application/vnd.jupyter.widget-state+json">{state}</script>
<script type="module">{host}</script></body></html>"""

    def _drawn(self):
        run = self.run(self.spec["lead"])
        figure = figures.new(width=7.2, height=2.6 * -(-len(self.views) // 2))[0]
        figure.clear()
        grid = figure.add_gridspec(-(-len(self.views) // 2), 2)
        for place, view in enumerate(self.views):
            view.draw(figure.add_subplot(grid[place // 2, place % 2]), run)
        return figure


class LabRun:
    """What a lab's kernels have done from time 0, with what the views have seen of it.

    Attributes
    ----------
    arrays : dict
        All arrays, as they are.
    values, controls : dict
        The controls' values and the controls.
    dt, time : float
        In `unit`.
    unit : str
        Of time.

    """

    def __init__(self, lab, steps, seed):
        self._lab = lab
        self.dt, self.time, self.unit = lab.spec["dt"], steps * lab.spec["dt"], lab.spec["unit"]
        self.values, self.controls = lab.values, lab.controls
        given = lab.arguments | self.values | {"seed": seed}
        self._given = {
            name: value.copy() if isinstance(value, np.ndarray) else value
            for name, value in given.items()
        }
        self.arrays = {
            n: value for n, value in self._given.items() if isinstance(value, np.ndarray)
        }
        self._seen = {name: [] for name in lab.spec["watched"]}
        step, start, change = lab.kernels
        for kernel in (*start, *change):
            self._call(kernel, 0)
        for done in range(0, steps, lab.chunk):
            now = min(lab.chunk, steps - done)
            self._call(step, now)
            for name, how in lab.spec["watched"].items():
                if how == "rows":
                    self._seen[name].append(self.arrays[name][:now].reshape(now, -1).copy())
                elif how != "all":
                    events = self.arrays[name][: int(self.arrays[how][0])]
                    self._seen[name].append(np.add(events, (done, 0)) * (self.dt, 1))

    def _call(self, kernel, steps):
        kernel(*[steps if name == "steps" else self._given[name] for name in parameters(kernel)])

    @property
    def step_time(self):
        """Time of one step here, ns, from as many as a tenth of a second takes."""
        step, chunk = self._lab.kernels[0], self._lab.chunk
        self._call(step, chunk)
        steps, start = 0, time.perf_counter()
        while (took := time.perf_counter() - start) < 0.1:
            self._call(step, chunk)
            steps += chunk
        return 1e9 * took / steps

    def rows(self, name):
        """Return all rows that an array of one row a step has had, shape (steps, columns)."""
        empty = np.empty((0, self.arrays[name][0].size))
        return np.concatenate([empty, *self._seen[name]])

    def events(self, name):
        """Return all events, shape (events, 2): time in ms, and who."""
        return np.concatenate([np.empty((0, 2)), *self._seen[name]])


def _call(kernel):
    return {"name": kernel.__name__, "parameters": parameters(kernel)}


def _described(view):
    fields = dataclasses.asdict(view)
    if isinstance(view, ControlPlane):
        fields["lines"] = [np.asarray(line, float).tolist() for line in view.lines]
    return {"kind": type(view).__name__} | fields


def _that_must_stay_finite(views):
    """The arrays that hold the model's state; nullclines and theory may have gaps."""
    kinds = (TimeSeries, PhasePlane, Histogram, Field)
    return sorted({view.array for view in views if isinstance(view, kinds)})


def _packed(arguments):
    """Describe the arrays and join the bytes of those that are not all zero."""
    arrays, data = {}, b""
    for name, value in arguments.items():
        if not isinstance(value, np.ndarray):
            continue
        arrays[name] = {
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "strides": list(value.strides),
            "size": value.size,
            "itemsize": value.itemsize,
            "bytes": value.nbytes,
            "offset": None,
        }
        if value.any():
            arrays[name]["offset"] = len(data)
            data += value.tobytes()
    return arrays, data


def _typeset(label):
    """Write a label's subscript for matplotlib."""
    return re.sub(r"_(\w+)", r"$_{\\mathrm{\1}}$", label)


def _with_unit(title, unit):
    return f"{title} ({unit})" if unit else title
