"""Balanced networks: the models, theory and measures that the course runs.

Lessons import from the rooms: `balcourse.models` (what is simulated), `balcourse.theory` (what is
predicted), `balcourse.measure` (what is read off a run) and `balcourse.page` (what a page shows).
Units everywhere: time in ms, potential in mV, rate in Hz.
"""

__version__ = "0.1.0"
