"""Answers to the exercises of the lesson on linearization."""

import math
from dataclasses import replace

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.rate import RateModel, border

_MODEL = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10, tau_e=10, tau_i=30)
_FOLD = 73.855  # by bisection of `limit_cycles(..., starts=2000)`, as the solution does it


@exercise(
    1,
    "Put the new threshold into the closed form of the fixed point, both rates positive.",
    "Which symbols occur in the formula of the border? Is the threshold one of them?",
)
def drive():
    """Return fixed point and border at twice the drive."""
    model = replace(_MODEL, gamma_e=-20)
    v_e, v_i = model.fixed_point().rates
    unchanged = "This is the value of the lesson's drive. The drive is doubled."
    return {
        "v_e": Number(v_e, "Hz", mistakes={"This is v_I.": v_i, unchanged: 80 / 3}),
        "v_i": Number(v_i, "Hz", mistakes={"This is v_E.": v_e, unchanged: 50 / 3}),
        "border": Number(
            border(model)[0],
            "ms",
            mistakes={
                "Thresholds do not enter the Jacobian. What does the border depend on?": 80,
                "Thresholds do not enter the Jacobian: halving nothing halves nothing.": 20,
                "You divided by M_EE. The trace has M_EE - 1.": 8,
            },
        ),
    }


@exercise(
    2,
    "With M_II = -1, d = 2. What is the determinant Δ = ad + bc?",
    "At the border T = 0, and the eigenvalues are ± i√D, with D = Δ/(τ_E τ_I) per ms².",
    "√D is in radians per ms. Two steps lead to Hz.",
)
def self_inhibition():
    """Return fixed point, border and frequency there for M_II = -1."""
    model = replace(_MODEL, m_ii=-1)
    v_e, v_i = model.fixed_point().rates
    tau, frequency = border(model)
    return {
        "v_e": Number(v_e, "Hz", mistakes={"This is v_I.": v_i}),
        "v_i": Number(v_i, "Hz", mistakes={"This is v_E.": v_e}),
        "border": Number(tau, "ms", mistakes={"You left M_II out of the trace.": 40}),
        "frequency": Number(
            frequency,
            "Hz",
            mistakes={
                "This is √D in radians per ms. The question asks for Hz.": 1 / 40,
                "This is the frequency at 40 ms. The border has moved.": 1000
                * math.sqrt(0.5 / 400)
                / (2 * math.pi),
            },
        ),
    }


@exercise(
    4,
    "`limit_cycles` returns both cycles or none. Evaluate it at 70 and at 76 ms.",
    "Bisect: half way, are there cycles? Thirty times is more than enough.",
    "The two cycles come close near the fold; give `starts=2000` so that neither is missed.",
)
def fold():
    """Return where the stable and the unstable cycle merge for M_II = -1 (ms)."""
    return {
        "tau_i": Number(
            _FOLD,
            "ms",
            tolerance=0.001,
            mistakes={"This is the border of the fixed point. The cycles meet before it.": 80},
        ),
        "warning": Choice(
            "no",
            {
                "yes": "Which property of the fixed point changes there? "
                "Look at its eigenvalues on both sides."
            },
        ),
    }
