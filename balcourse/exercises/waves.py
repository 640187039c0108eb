"""Answers to the exercises of the lesson on propagating waves."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.sheet import Sheet


@exercise(
    1,
    "The drive adds to the total conductance G, and pulls V∞ towards the reversal at 0 mV.",
    "The interval is G⁻¹ ln((V∞ - V_L)/(V∞ - θ)).",
    "An interval is the climb and the refractory time.",
)
def warm_up():
    """Return the isolated rate at a stronger drive."""
    sheet = Sheet(external_e=0.02)
    period = 1000 / sheet.isolated_rate
    return {
        "rate": Number(
            sheet.isolated_rate,
            "Hz",
            tolerance=0.01,
            mistakes={
                "You left out the refractory time.": 1000 / (period - 5),
                "This is the lesson's rate, at the weaker drive.": Sheet().isolated_rate,
                "This is the interval in ms.": period,
            },
        )
    }


@exercise(
    2,
    "A crescent advances when excitation has lifted the next row to threshold.",
    "With a shorter rise the same conductance is reached earlier.",
)
def core():
    """Return what a faster synapse does to the speed of waves."""
    return {
        "speed": Choice(
            "grows",
            {
                "falls": "Does the next row reach threshold earlier or later?",
                "stays": "The front waits for the conductance to rise. How long?",
            },
        )
    }


@exercise(
    2,
    "After a volley its own excitation falls to a tenth in τ_E ln 10. Who is free to fire again?",
    "Compare 4, 5 and 6 ms with the duration of excitation.",
)
def challenge():
    """Return which change of the refractory time alters the regime."""
    return {
        "alters": Choice(
            "4 ms", {"6 ms": "With a longer refractory time a neuron still misses its own volley."}
        )
    }
