"""Answers to the exercises of the lesson on equalised ratios."""

from dataclasses import replace

import numpy as np
from scipy.stats import lognorm

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.plasticity import PlasticCells
from balcourse.theory.plasticity import balanced_inhibition


@exercise(
    3,
    "At the old inhibition, does a cell of lower threshold fire above or below target?",
    "The offset of the line moves. Does a shift change a correlation?",
)
def warmup():
    """Return which way inhibition goes at a lower threshold."""
    return {
        "inhibition": Choice(
            "up", {"down": "The cells fire above target. Which way does the rule push inhibition?"}
        ),
        "changes": Choice("no", {"yes": "Each cell still sits on a line: only the offset moves."}),
    }


@exercise(
    2,
    "`np.polyfit(excitation, inhibition, 1)` returns slope and offset.",
    "The target is a field of the model: `replace(model, target=40)`.",
    "A cell that fires fast sits close to threshold, whatever its noise. What is the slope then?",
)
def core():
    """Return the slopes of inhibition against excitation for two targets."""
    model = PlasticCells(learning_rate=0.002)
    excitation = model.excitation(lognorm(s=0.45, scale=12_000).ppf((np.arange(100) + 0.5) / 100))

    def fit(target):
        learned = balanced_inhibition(replace(model, target=target), excitation)
        return np.polyfit(excitation, learned, 1)

    one, five, forty = (fit(target) for target in (1, 5, 40))
    offset, lesson = "This is the offset, in mV.", "This is at the lesson's target of 5 Hz."
    return {
        "slope_1": Number(one[0], tolerance=0.003, mistakes={offset: one[1], lesson: five[0]}),
        "slope_40": Number(forty[0], tolerance=0.003, mistakes={offset: forty[1], lesson: five[0]}),
    }


@exercise(
    4,
    "Under a ratio rule, what does inhibition depend on besides excitation?",
    "Ask of each measurement whether both rules predict the same.",
)
def challenge():
    """Return the measurement that tells a rate rule from a ratio rule."""
    both = "Both rules make inhibition follow excitation across cells."
    return {
        "measurement": Choice(
            "changed threshold",
            {
                "correlation of E and I": both,
                "spread of ratios": "An offset alone spreads ratios; noise in the data does, too.",
            },
        )
    }
