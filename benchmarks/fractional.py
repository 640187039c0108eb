"""Heavy tails: one rate, an f-I curve, stable random numbers and the network, beside peers."""

import time

import numpy as np
from scipy import integrate, special, stats

from balcourse.models.heavy import HeavyTailedNetwork
from balcourse.models.stable import StableNeuron, stable_samples
from balcourse.theory.fractional import firing_rate, network_rate
from benchmarks import least


def spent_by(action, repeats=5):
    """Return the least processor seconds of this thread that `action` takes, after a first call."""
    action()
    return least(action, repeats, time.thread_time)


def siegert():
    """The rate at index 2, by scipy's adaptive quadrature."""
    integral, _ = integrate.quad(lambda u: special.erfcx(-u), -1, 1, epsrel=1e-10)
    return 1e3 / (2 + 20 * np.sqrt(np.pi) * integral)


if __name__ == "__main__":
    for index, mean, scale, skew in (
        (2, 15, 5, 0),
        (1.5, 15, 5, 0),
        (1.2, 20, 50, -0.3),
        (1.05, 20, 20, 0.6),
    ):
        spent = spent_by(lambda: firing_rate(mean, scale, index, skew))  # noqa: B023
        print(f"one rate, index {index:<5g}         {1e3 * spent:8.1f} ms   (at most 50)")
    spent = spent_by(lambda: [firing_rate(mean, 5, 1.5) for mean in np.linspace(0, 30, 31)], 2)
    print(f"f-I curve of 31 points         {spent:8.2f} s    (at most 1)")
    neuron = StableNeuron(15, 5, 1.5)
    langevin = spent_by(lambda: neuron.simulate(600_000, dt=0.02), 1)
    one = spent_by(lambda: firing_rate(15, 5, 1.5))
    print(
        f"Langevin, standard error 1 %   {langevin:8.2f} s    ({langevin / one:.0f} times one rate)"
    )
    quadrature = spent_by(siegert)
    print(f"Siegert by scipy quad          {1e3 * quadrature:8.2f} ms")
    ours = spent_by(lambda: stable_samples(1_000_000, 1.5, 0.3), 3)
    peer = spent_by(lambda: stats.levy_stable.rvs(1.5, 0.3, size=1_000_000, random_state=1), 3)
    print(f"stable number, scipy           {1e3 * peer:8.1f} ns")
    print(f"stable number, ours            {1e3 * ours:8.1f} ns   ({peer / ours:.1f} times faster)")
    network = HeavyTailedNetwork(1.2)
    print(f"self-consistent network rate   {spent_by(lambda: network_rate(network), 3):8.2f} s")
    run = spent_by(lambda: network.simulate(1000, warmup=0), 2)
    print(f"network, 2,500 neurons, 1 s    {run:8.2f} s")
