"""Slow, obvious twins of the diffusion theory: quadrature, a Fokker-Planck solver, plain loops."""

import math

import mpmath
import numpy as np
from scipy import special


def log_rate(mean, sd, tau=20, threshold=20, reset=10, refractory=2):
    """Siegert's formula by quadrature with 22 digits: log of the rate in Hz."""
    with mpmath.workdps(22):
        y_threshold, y_reset = (
            (mpmath.mpf(v) - mpmath.mpf(mean)) / mpmath.mpf(sd) for v in (threshold, reset)
        )
        pieces = int(2 + abs(y_threshold**2 - y_reset**2) / 8)
        passage = mpmath.quad(
            lambda u: mpmath.exp(u**2) * mpmath.erfc(-u),
            mpmath.linspace(y_reset, y_threshold, min(pieces, 40)),
            method="gauss-legendre",
        )
        return float(mpmath.log(1000 / (refractory + tau * mpmath.sqrt(mpmath.pi) * passage)))


def cv(mean, sd, tau=20, threshold=20, reset=10, refractory=2):
    """Brunel's double integral for the CV of the interspike intervals, 200 x 400 points."""
    y_threshold, y_reset = ((v - mean) / sd for v in (threshold, reset))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x = y_reset + (y_threshold - y_reset) * (nodes + 1) / 2
    x_weights = weights * (y_threshold - y_reset) / 2
    nodes, weights = np.polynomial.legendre.leggauss(400)
    t = (np.abs(x[:, None]) + 6.5) * (nodes + 1) / 2
    t_weights = (np.abs(x[:, None]) + 6.5) * weights / 2
    z = x[:, None] - t
    # For z < 0 the integrand exp(x**2 + z**2) erfc(-z)**2 is written with erfcx, for range.
    scaled = np.where(z < 0, special.erfcx(np.maximum(-z, 0)) ** 2, special.erfc(-z) ** 2)
    inner = (t_weights * scaled * np.exp(x[:, None] ** 2 - np.sign(-z) * z**2)).sum(axis=1)
    rate = math.exp(log_rate(mean, sd, tau, threshold, reset, refractory)) / 1000
    return math.sqrt(2 * math.pi * (x_weights @ inner)) * rate * tau


def parabolic_cylinder_response(mean, sd, hz, tau=20, threshold=20, reset=10, refractory=2):
    """Linear response (Hz/mV, Hz/mV**2) from U(y) = exp(y**2 / 2) D_{-s}(-sqrt(2) y)."""
    with mpmath.workdps(30):
        growth = 2j * mpmath.pi * hz / 1000
        s = growth * tau
        y_threshold, y_reset = (mpmath.mpf(v - mean) / sd for v in (threshold, reset))

        def u(y):
            return mpmath.exp(y**2 / 2) * mpmath.pcfd(-s, -mpmath.sqrt(2) * y)

        slope = mpmath.diff(u, y_threshold) - mpmath.diff(u, y_reset)
        curvature = mpmath.diff(u, y_threshold, 2) - mpmath.diff(u, y_reset, 2)
        closure = u(y_threshold) - mpmath.exp(-growth * refractory) * u(y_reset)
        rate = mpmath.exp(log_rate(mean, sd, tau, threshold, reset, refractory))
        to_mean = rate * slope / (sd * (1 + s) * closure)
        to_variance = rate * curvature / (2 * sd**2 * (2 + s) * closure)
        return complex(to_mean), complex(to_variance)


def threshold_integration(mean, sd, hz, tau=20, threshold=20, reset=10, refractory=2, dv=0.02):
    """Rate (Hz) and linear response (Hz/mV, Hz/mV**2) from the Fokker-Planck equation.

    M. Richardson, Phys. Rev. E 76:021919 (2007): density and flux are integrated downwards from
    the threshold, where the density vanishes, once per boundary condition; here by Runge-Kutta
    steps of -dv. Reset and bounds lie on the grid.
    """
    above = round((threshold - reset) / dv)
    below = round((reset - min(mean, reset) + 6 * sd) / dv)
    growth = 2e-3j * math.pi * hz
    diffusion = sd**2 / (2 * tau)

    def slopes(v, y):
        # (p0, j0): stationary; (p, j): homogeneous; then driven through the mean and the variance.
        p0, j0, p, j, p_mean, j_mean, p_var, j_var = y
        drift = (mean - v) / tau
        slope_0 = (drift * p0 - j0) / diffusion
        return np.array(
            [
                slope_0,
                0,
                (drift * p - j) / diffusion,
                -growth * p,
                (drift * p_mean + p0 / tau - j_mean) / diffusion,
                -growth * p_mean,
                (drift * p_var - slope_0 / (2 * tau) - j_var) / diffusion,
                -growth * p_var,
            ]
        )

    y = np.array([0, 1, 0, 1, 0, 0, 0, 0], complex)
    mass, before = 0.0, 0.0
    for step in range(above + below):
        if step == above:
            y[1] -= 1
            y[3] -= np.exp(-growth * refractory)
        v = threshold - step * dv
        k1 = slopes(v, y)
        k2 = slopes(v - dv / 2, y - dv / 2 * k1)
        k3 = slopes(v - dv / 2, y - dv / 2 * k2)
        k4 = slopes(v - dv, y - dv * k3)
        middle = y - dv / 2 * k2
        y = y - dv / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        mass += dv / 6 * (before + 4 * middle[0].real + y[0].real)
        before = y[0].real
    rate = 1000 / (refractory + mass)
    return rate, complex(-rate * y[5] / y[3]), complex(-rate * y[7] / y[3])


def driven_neurons(mean, sd, hz, amplitude, neurons, duration, seed, dt=0.05):
    """Simulate neurons in white noise, mean + amplitude cos(2 pi hz t); return rate and response.

    Euler steps; the threshold is lowered by 0.5826 sd sqrt(dt / tau), which corrects to first
    order for crossings between steps (M. Broadie, P. Glasserman, S. Kou, Math. Finance 1997).
    """
    rng = np.random.default_rng(seed)
    tau, reset, refractory = 20.0, 10.0, 2.0
    threshold = 20.0 - 0.5826 * sd * math.sqrt(dt / tau)
    v = rng.uniform(reset, threshold, neurons)
    wait = np.zeros(neurons)
    total, component = 0, 0
    warm = round(200 / dt)
    for step in range(-warm, round(duration / dt)):
        phase = 2e-3 * math.pi * hz * step * dt
        push = mean + amplitude * math.cos(phase)
        noise = sd * math.sqrt(dt / tau) * rng.standard_normal(neurons)
        v = np.where(wait > 0, reset, v + dt / tau * (push - v) + noise)
        wait -= dt
        fired = v >= threshold
        v[fired] = reset
        wait[fired] = refractory - dt / 2
        if step >= 0:
            total += fired.sum()
            component += fired.sum() * np.exp(-1j * phase)
    per_second = 1000 / (neurons * duration)
    return total * per_second, 2 * component * per_second / amplitude


def poisson_driven_interval(words, j, g, excitatory, inhibitory, tau, threshold, reset, refractory):
    """One interspike interval of a neuron on Poisson input, from an iterator of uniform numbers."""
    v, time = reset, refractory
    while v < threshold:
        wait = -math.log(1 - next(words)) / (excitatory + inhibitory)
        time, v = time + wait, v * math.exp(-wait / tau)
        v += j if next(words) * (excitatory + inhibitory) < excitatory else -g * j
    return time


def drive(kicks, mean, sd, dt, neuron, settle, uniform):
    """Spike steps of one path of the coloured-noise integrator, `uniform()` in its order."""
    tau, threshold, reset, refractory = neuron
    v, free, spikes = reset + (threshold - reset) * uniform(), -settle, []
    for step in range(-settle, len(kicks)):
        if step < free:
            continue
        before = v
        v = mean + (v - mean) * math.exp(-dt / tau) + math.exp(-dt / (2 * tau)) * kicks[step]
        hidden = 2 * (threshold - before) * (threshold - v) / (sd**2 * dt / tau)
        if v >= threshold or (hidden < 36 and uniform() < math.exp(-hidden)):
            v = reset
            early = uniform() < 0.5
            free = step + 1 + round(refractory / dt) - early
            if step >= 0:
                spikes.append(step)
    return spikes
