"""Answers to the exercises of the lesson on balance without tuning."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.binary import BalancedNetwork
from balcourse.theory.balance import mean_field


@exercise(
    1,
    "The mean is K terms of size 1/K, times the rate.",
    "The variance is K terms of size 1/K², and the spread is its square root.",
)
def weak():
    """Return the powers of K of mean and spread for strengths of order 1/K."""
    strong = "This is the power for strengths of order 1/√K. Here they are 1/K."
    return {
        "mean": Number(0, tolerance=0.01, mistakes={strong: 0.5}),
        "spread": Number(
            -0.5, tolerance=0.01, mistakes={"This is the power of the variance.": -1, strong: 0}
        ),
    }


@exercise(
    2,
    "Compute J_E = 1.6 against J_I = 1.8, and E/I against J_E/J_I.",
    "Let I balance its own input: what is the net drive of E, as a function of m_E?",
    "With E saturated, m_E = 1. Which m_I makes the mean input of I vanish?",
)
def edge():
    """Return which inequality fails at J_E 20 % weaker, and the state then."""
    return {
        "fails": Choice(
            "J_E > J_I",
            {
                "E/I > J_E/J_I": "With a weaker J_E this one holds with more room than before.",
                "J_E > 1": "J_E is 1.6: this one holds.",
            },
        ),
        "state": Choice(
            "saturated",
            {
                "silent": "The net drive of E is positive at every rate. What stops E?",
                "moderate": "A moderate rate needs a balance. Is the net drive zero anywhere?",
            },
        ),
        "m_i": Number(
            (0.8 * 0.1 + 1) / 1.8,
            tolerance=0.05,
            mistakes={"This takes E as silent. It is saturated.": 0.8 * 0.1 / 1.8},
        ),
    }


@exercise(
    3,
    "An external cell that fluctuates adds E_k² m_0 to the variance of the input.",
    "`mean_field` contains both terms when `n_0` is set.",
)
def external():
    """Return the rates with external neurons that fluctuate."""
    state, constant = mean_field(BalancedNetwork(n_0=10_000)), mean_field(BalancedNetwork())
    same = "This is the rate at constant input. The external neurons fluctuate here."
    return {
        "m_e": Number(state.m_e, mistakes={same: constant.m_e, "This is m_I.": state.m_i}),
        "m_i": Number(state.m_i, mistakes={same: constant.m_i, "This is m_E.": state.m_e}),
    }
