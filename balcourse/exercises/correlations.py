"""Answers to the exercises of the lesson on correlations."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.neuron import CurrentNeuron
from balcourse.theory.correlations import correlation_gain


@exercise(
    2,
    "Two things differ besides the cells: the rate and the window.",
    "Look for both numbers in the lesson's figure of one input correlation.",
)
def warmup():
    """Return whether two reported correlations need different inputs."""
    return {
        "must_differ": Choice(
            "no", {"yes": "Spike correlation depends on rate and window at the same input."}
        )
    }


@exercise(
    2,
    "`correlation_gain(neuron, mean, sd)` is S, the slope at c = 0; here the noise has 5 mV.",
    "Divide each measured correlation by its c, and compare c = 0.2, c = 0.1 and S.",
)
def core():
    """Return S at a mean of 10 mV, and the side from which the ratio approaches it."""
    neuron = CurrentNeuron(tau=20, threshold=20, reset=10, refractory=2)
    return {
        "gain": Number(
            correlation_gain(neuron, 10, 5),
            tolerance=0.02,
            mistakes={
                "This is at 12 mV.": correlation_gain(neuron, 12, 5),
                "This is S times c = 0.1.": 0.1 * correlation_gain(neuron, 10, 5),
                "This is S times c = 0.2.": 0.2 * correlation_gain(neuron, 10, 5),
            },
        ),
        "side": Choice(
            "above",
            {"below": "Do two Gaussians cross a high threshold together more or less often?"},
        ),
    }


@exercise(
    3,
    "A binary cell sees only the sign of field minus threshold.",
    "With half the inhibition, which activities balance the means?",
)
def challenge():
    """Return what happens to the total correlation when inhibition is scaled."""
    return {
        "scaled": Choice(
            "nothing",
            {
                "grows": "Scale a cell's weights and its threshold: does the sign change?",
                "falls": "Scale a cell's weights and its threshold: does the sign change?",
            },
        ),
        "halved": Choice(
            "grows",
            {
                "nothing": "The activities rise two- to threefold. Do the shared inputs stay?",
                "falls": "The activities rise, and shared inputs with them.",
            },
        ),
    }
