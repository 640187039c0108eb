"""One run of a sweep, in a module of its own: a worker imports this and nothing slow."""

import traceback

import numpy as np

TAKEN = {"repeat", "error"}


def one_run(function, at, point, seed):
    """Run one point; return its number and its outputs, or its call and traceback as text."""
    try:
        outputs = function(**point, seed=seed)
        outputs = {name: np.asarray(value, float) for name, value in outputs.items()}
        if taken := (TAKEN | set(point)) & set(outputs):
            raise ValueError(f"it returned {sorted(taken)}: names that the sweep uses itself")
        return at, outputs
    except Exception:
        arguments = ", ".join(f"{name}={value!r}" for name, value in point.items())
        return at, f"function({arguments}, seed={seed})\n{traceback.format_exc()}"
