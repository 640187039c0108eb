"""What the tests of sweeps run at a point: a module that a worker imports quickly."""

import time

import numpy as np


def noisy(a, b, seed):
    draws = np.random.default_rng(seed).normal(a, b, size=4)
    return {"mean": draws.mean(), "draws": draws, "seed": seed % 2**50}


def picky(a, b, seed):
    if a == 2 and b > 1:
        raise ArithmeticError("no such point")
    return {"product": a * b}


def patient(k, seed):
    time.sleep(0.02)
    return {"value": seed % 1000 / (k + 1)}
