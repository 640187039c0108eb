"""Answers to the exercises of the lesson on timing."""

import math

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number


@exercise(
    2,
    "A membrane forgets exponentially, with its time constant.",
    "100 ms are five time constants.",
)
def warmup():
    """Return the fraction of a brief excitation left after 100 ms."""
    return {
        "left": Number(
            math.exp(-5),
            tolerance=0.02,
            mistakes={
                "Time over τ, not τ over time.": math.exp(-0.2),
                "This is what is gone.": 1 - math.exp(-5),
            },
        )
    }


@exercise(
    3,
    "The bias comes from different rise times. Which part of the response do onsets use?",
    "At a tenth of the peak both responses have hardly begun to differ.",
)
def core():
    """Return whether onsets have the smaller bias, and when they fail."""
    return {
        "bias": Choice(
            "smaller", {"larger": "At the foot of a response, how much has decay done?"}
        ),
        "fails": Choice(
            "overlap", {"isolated": "An event that stands alone has a foot that can be seen."}
        ),
    }


@exercise(
    4,
    "Within a run a larger cycle brings more inhibition, and a longer wait.",
    "Between runs compare the means: what does more drive do to size, and what to frequency?",
)
def challenge():
    """Return the signs of the correlation of size and wait, within and between runs."""
    return {
        "within": Choice("positive", {"negative": "More inhibition takes longer to decay."}),
        "between": Choice(
            "negative", {"positive": "More drive makes cycles larger. Does it make them slower?"}
        ),
    }
