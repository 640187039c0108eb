"""400 trajectories of 5,000 steps of the rate model, beside `scipy.integrate.solve_ivp`.

Both return the same 5,001 samples of the same trajectories, and the largest error over all of them
is printed with the time: solve_ivp once with a call per trajectory, once with one system of 800
equations. Run: python benchmarks/rate.py
"""

import time

import numpy as np
from scipy.integrate import solve_ivp

from balcourse.models.rate import RateModel

TRAJECTORIES, STEPS, DT = 400, 5_000, 0.1
MODEL = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10, tau_e=10, tau_i=50)
STARTS = np.random.default_rng(1).uniform(0, 60, (TRAJECTORIES, 2))


def ours():
    """All trajectories, shape (steps + 1, trajectories, 2)."""
    return MODEL.simulate(STEPS * DT, start=STARTS, dt=DT).rates


def one_by_one(method, tolerance):
    """One call of solve_ivp a trajectory, with the field in plain Python scalars."""

    def field(_, rates):
        v_e, v_i = rates
        bracket_e = MODEL.m_ee * v_e + MODEL.m_ei * v_i - MODEL.gamma_e
        bracket_i = MODEL.m_ie * v_e + MODEL.m_ii * v_i - MODEL.gamma_i
        return (
            (max(bracket_e, 0.0) - v_e) / MODEL.tau_e,
            (max(bracket_i, 0.0) - v_i) / MODEL.tau_i,
        )

    return np.stack([_solved(field, start, method, tolerance) for start in STARTS], axis=1)


def one_system(method, tolerance):
    """One call of solve_ivp for all, with the field vectorized over trajectories."""

    def field(_, rates):
        return MODEL.field(rates.reshape(-1, 2)).ravel()

    return _solved(field, STARTS.ravel(), method, tolerance).reshape(STEPS + 1, -1, 2)


def _solved(field, start, method, tolerance):
    times = np.arange(STEPS + 1) * DT
    span = (0, times[-1])
    return solve_ivp(
        field, span, start, method=method, t_eval=times, rtol=tolerance, atol=tolerance
    ).y.T


def timed(function, *arguments, repeats=1):
    """Smallest CPU time of this thread, s, and the result."""
    spent = []
    for _ in range(repeats):
        began = time.thread_time()
        result = function(*arguments)
        spent.append(time.thread_time() - began)
    return min(spent), result


def main():
    """Print the table."""
    exact = MODEL.simulate(STEPS * DT, start=STARTS, dt=DT / 16).rates[::16]
    ours()
    base, rates = timed(ours, repeats=5)
    print(f"{TRAJECTORIES} trajectories of {STEPS} steps      largest error   CPU time   ratio")
    error = np.abs(rates - exact).max()
    print(f"{'balcourse, one thread':38s} {error:8.0e} Hz {base:9.3f} s        1")
    for solve, name, method, tolerance in PEERS:
        spent, found = timed(solve, method, tolerance)
        label = f"solve_ivp, {name}, {method} {tolerance:g}"
        error = np.abs(found - exact).max()
        print(f"{label:38s} {error:8.0e} Hz {spent:9.3f} s {spent / base:8.0f}", flush=True)


# The fastest ways found; one system does not reach our error at any tolerance down to 1e-13.
PEERS = (
    (one_by_one, "one by one", "LSODA", 1e-12),
    (one_system, "one system", "RK45", 1e-8),
)

if __name__ == "__main__":
    main()
