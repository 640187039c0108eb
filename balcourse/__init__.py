"""Balanced networks: the models, theory and measures that the course runs.

Lessons import from the rooms: `balcourse.models` (what is simulated), `balcourse.theory` (what is
predicted), `balcourse.measure` (what is read off a run) and `balcourse.page` (what a page shows).
Units everywhere: time in ms, potential in mV, rate in Hz.
"""

import os

# The dense systems solved here are small and many: threads inside each only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
