"""Answers to the exercises of the lesson on damage, heat and Lyapunov exponents."""

from dataclasses import replace

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.binary import BalancedNetwork
from balcourse.theory import balance


@exercise(
    1,
    "At infinite temperature each unit is a fair coin.",
    "With shared numbers both copies compare the same random number with one half.",
)
def coins():
    """Return the distance of two copies at infinite temperature."""
    agree = "Do two fair coins differ always, or half of the time?"
    return {
        "independent": Number(0.5, mistakes={agree: 1, "2 m (1 - m) with m = 1/2 is?": 0.25}),
        "shared": Number(0, mistakes={"Both copies see the same coin.": 0.5}),
    }


@exercise(
    4,
    "Write the new entry as w a + (1 - w) b: what do 0 < f' < 1 say about w?",
    "A weighted mean of two numbers lies between them. Can the largest difference grow?",
)
def contraction():
    """Return what contraction says about the exponent across the flow."""
    return {
        "exponent": Choice(
            "not positive",
            {
                "positive": "A difference that never grows cannot grow exponentially.",
                "zero": "It may shrink. What is excluded is growth.",
            },
        )
    }


@exercise(
    2,
    "The eigenvalue is `growth_rate` of the mean field at that temperature.",
    "Set `temperature=` to twice what `critical_temperature` returns.",
)
def healing():
    """Return the eigenvalue of damage at twice the critical temperature."""
    cold = BalancedNetwork(n_e=10**8, n_i=10**8, k=100, m_0=0.2)
    warm = replace(cold, temperature=2 * 6.80599)
    return {
        "eigenvalue": Number(
            balance.growth_rate(balance.mean_field(warm)),
            "1/τ",
            tolerance=0.02,
            mistakes={
                "This is at temperature zero.": balance.growth_rate(balance.mean_field(cold)),
                "Damage that is far from any unit dies at this rate, at infinite heat.": -1,
            },
        )
    }
