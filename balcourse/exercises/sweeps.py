"""Answers to the exercises of the lesson on sweeps."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Number


@exercise(4, "How many seconds of one core are there in the night?", "Divide by the time of a run.")
def warmup():
    """Return the points that a night of ten hours on 16 cores computes."""
    return {
        "points": Number(
            230_400,
            tolerance=0.05,
            mistakes={"This is of one core.": 14_400, "An hour has 3,600 seconds.": 3_840},
        )
    }


@exercise(
    3,
    "`stability_lines` returns theory's borders, one of which is the fast oscillation's.",
    "`line.at(g=6)[0].external_ratio` is the drive at which it crosses g = 6.",
)
def core():
    """Return theory's border of the fast oscillation at g = 6."""
    return {"border": Number(3.2550, tolerance=0.05)}


@exercise(
    3,
    "At the border noise balances saturation: εa² ~ a⁴ ~ 1/N.",
    "Solve for a², the quotient, and for ε; multiply by what undoes the power.",
)
def challenge():
    """Return the powers of N that bring the sizes onto one curve."""
    undo = "This is how it falls with N. Multiply by what undoes that."
    amplitude = "This is the amplitude. The quotient is its square."
    return {
        "quotient": Number(0.5, tolerance=0.02, mistakes={undo: -0.5, amplitude: 0.25}),
        "distance": Number(0.5, tolerance=0.02, mistakes={undo: -0.5}),
    }
