"""Answers to the exercises of the lesson on stationary states."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Number
from balcourse.models.lif import BrunelNetwork
from balcourse.theory.diffusion import cusp, stationary_states


@exercise(
    1,
    "The threshold rate is θ / (C_E J τ). What is C_E J?",
    "The variance contains C_E J². C_E falls by 400/1000, J² grows by (0.25/0.1)².",
)
def warmup():
    """Return the threshold rate and the change of the variance for fewer, stronger synapses."""
    return {
        "threshold_rate": Number(
            10, "Hz", mistakes={"The weight changed too: C_E J is what counts.": 25}
        ),
        "variance": Number(
            2.5,
            mistakes={
                "J enters the variance squared.": 1,
                "This is J² alone. C_E changed too.": 6.25,
            },
        ),
    }


@exercise(
    1,
    "Solve the equation of the mean for the rate, with the mean input μ kept.",
    "`stationary_states(network)` gives rates; divide by `network.threshold_rate` of that network.",
    "With ten times as many synapses C_E J grows tenfold, so ν_thr falls tenfold.",
)
def core():
    """Return the rate over the threshold rate for two ways to a large coupling."""
    classic = stationary_states(BrunelNetwork())[0].rate / 10
    networks = [BrunelNetwork(n=125_000), BrunelNetwork(n=1_250_000, j=0.01)]
    ratios = [stationary_states(one)[0].rate / one.threshold_rate for one in networks]
    unchanged = "This is the lesson's network. Take more synapses."
    return {
        "many": Number(ratios[0], mistakes={unchanged: classic}),
        "small": Number(ratios[1], mistakes={unchanged: classic}),
    }


@exercise(
    2,
    "`cusp` takes a network and returns the end of the region of three states.",
    "Four times as many neurons at the same ε and J have four times as many synapses.",
)
def challenge():
    """Return the g of the cusp for four times as many synapses."""
    classic, more = cusp(BrunelNetwork()), cusp(BrunelNetwork(n=50_000))
    return {
        "g": Number(
            float(more.g[0]),
            mistakes={
                "This is the cusp of the lesson's network.": float(classic.g[0]),
                "This is the drive at the cusp. The question asks for g.": float(
                    more.external_ratio[0]
                ),
            },
        )
    }
