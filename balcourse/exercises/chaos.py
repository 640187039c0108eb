"""Answers to the exercises of the lesson on chaos in the balanced network."""

import math

from balcourse.exercises import exercise
from balcourse.exercises.answers import Number
from balcourse.models.binary import BalancedNetwork
from balcourse.theory import balance


@exercise(
    1,
    "q is the mean of the squared local rates; what is q - m²?",
    "The gap is twice that variance. `mean_field` returns `m_e` and `q_e`.",
)
def plateau():
    """Return the gap between 2 m (1 - m) and 2 (m - q) of E cells."""
    state = balance.mean_field(BalancedNetwork(m_0=0.2))
    return {
        "gap": Number(
            2 * (state.q_e - state.m_e**2),
            tolerance=0.01,
            mistakes={
                "This is the plateau itself.": 2 * (state.m_e - state.q_e),
                "This is 2 m (1 - m) itself.": 2 * state.m_e * (1 - state.m_e),
                "This is of I cells.": 2 * (state.q_i - state.m_i**2),
            },
        )
    }


@exercise(
    1,
    "The regime begins at one cell and ends near N/K cells.",
    "N/K is 10 in the first case and 1,000 in the second; λ, a little smaller in the sparser "
    "network, comes from `growth_rate`.",
)
def end():
    """Return how long damage grows exponentially (tau_E)."""

    def lasts(n):
        network = BalancedNetwork(n_e=n, n_i=n, m_0=0.2)
        ratio, rate = n / network.k, balance.growth_rate(balance.mean_field(network, sparse=False))
        base_ten = {"Take the natural logarithm: λ is per e-fold.": math.log10(ratio) / rate}
        return Number(math.log(ratio) / rate, tolerance=0.06, mistakes=base_ten)

    return {"small": lasts(10_000), "large": lasts(1_000_000)}


@exercise(
    2,
    "`critical_temperature` takes a network; let K/N be small.",
    "At high temperature the density at threshold becomes the slope 1/(4T).",
    "λ = 0 where √K times that slope is of order one.",
)
def heat():
    """Return where damage heals, and how that temperature grows with K."""
    return {
        "temperature": Number(6.806, tolerance=0.01, mistakes={"This is at K = 1,000.": 22.01}),
        "power": Number(
            0.5, tolerance=0.08, mistakes={"λ grows with the strength 1/√K times K inputs.": 1}
        ),
    }
