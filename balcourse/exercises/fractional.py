"""Answers to the exercises of the lesson on fractional diffusion."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Number
from balcourse.theory.fractional import firing_rate


@exercise(
    1,
    "The largest of C weights is about where one of them is expected: C P(w > z) = 1.",
    "P(w > z) falls as z to the power -α. The sum grows as C.",
)
def largest():
    """Return how the largest weight grows, and how its share falls from C = 100 to 10,000."""
    return {
        "power": Number(
            1 / 1.2,
            tolerance=0.01,
            mistakes={"Solve C z^-α = 1 for z.": 1.2, "This is of the share.": 1 / 1.2 - 1},
        ),
        "share": Number(
            100 ** (1 / 1.2 - 1),
            tolerance=0.02,
            mistakes={
                "This is the factor of the weight, not of its share.": 100 ** (1 / 1.2),
                "C grows a hundredfold, not ten thousandfold.": 10_000 ** (1 / 1.2 - 1),
                "This is the inverse: by how much it was larger.": 100 ** (1 - 1 / 1.2),
            },
        ),
    }


@exercise(
    2,
    "Apply the generator to exp(u(V - μ)), then look for weights over u that give a derivative.",
    "T is in units of τ, and each interval contains the refractory time.",
    "`firing_rate(15, 5, 1.5, -1)` must give the same.",
)
def downward():
    """Return the rate of a potential that jumps downwards only."""
    rate = firing_rate(15, 5, 1.5, -1)
    return {
        "rate": Number(
            rate,
            "Hz",
            tolerance=1e-3,
            mistakes={
                "This is for symmetric jumps.": firing_rate(15, 5, 1.5),
                "This is for jumps upwards.": firing_rate(15, 5, 1.5, 1),
                "You left out the refractory time.": 1000 / (1000 / rate - 2),
            },
        )
    }


@exercise(
    4,
    "Plot the rate out against the rate in, and count the crossings of the diagonal.",
    "Where the curve falls through the diagonal, a state is stable. `network_rate` finds the lowest.",
    "Give `scipy.optimize.brentq` one bracket per crossing: 1 to 10, 10 to 100, 200 to 450 Hz.",
)
def two():
    """Return the self-consistent states at g = 5 and index 1.05: their number, lowest, highest."""
    middle = "This is the middle state, which is unstable."
    return {
        "states": Number(3, mistakes={"Count the unstable one, too.": 2, "Look further up.": 1}),
        "lowest": Number(_LOWEST, "Hz", 0.02, mistakes={middle: _MIDDLE}),
        "highest": Number(_HIGHEST, "Hz", 0.02, mistakes={middle: _MIDDLE}),
    }


_LOWEST, _MIDDLE, _HIGHEST = 4.2725, 28.626, 366.10  # Hz, by brentq, as the solution does it
