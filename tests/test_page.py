"""Figures, claims and the explorer."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balcourse.page import figures
from balcourse.page.claims import claim
from balcourse.page.explorer import Parameter, explore

ALT = "The line rises from nought to one as time goes from nought to one."


def draw(k, c=0):
    figure, axes = figures.new()
    axes.plot([0, 1], [c, k])
    return figures.described(figure, f"The line rises from {c} to {k} as time goes from 0 to 1 ms.")


def test_a_described_figure_is_the_same_svg_each_time_and_carries_its_words():
    data, metadata = draw(1)._repr_mimebundle_()
    assert data["image/svg+xml"] == draw(1).svg
    assert metadata["image/svg+xml"]["alt"] == draw(1).alt == data["text/plain"]


@pytest.mark.parametrize("alt", ["", "A plot of two lines", None, " " * 60])
def test_words_too_short_to_state_a_result_are_refused(alt):
    with pytest.raises(ValueError, match="alt = "):
        figures.described(figures.new()[0], alt)


def test_excitation_and_inhibition_differ_in_greyscale_too():
    assert figures.E_STYLE["linestyle"] != figures.I_STYLE["linestyle"]


def contrast(colour, paper):
    def luminance(code):
        parts = np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    high, low = sorted([luminance(colour), luminance(paper)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [figures.E, figures.I, figures.EXTERNAL, figures.THEORY])
def test_colours_stand_out_from_paper(colour):
    assert contrast(colour, "#ffffff") >= 3


@given(
    expected=st.floats(-1e6, 1e6),
    tolerance=st.floats(0, 1e3),
    distance=st.floats(-2e3, 2e3),
)
def test_a_claim_holds_exactly_within_its_bound(expected, tolerance, distance):
    value = expected + distance
    if abs(value - expected) <= tolerance:
        claim("x", value, expected, tolerance, source="here")
    else:
        with pytest.raises(AssertionError, match="but here says"):
            claim("x", value, expected, tolerance, source="here")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_claim_of_no_number_fails(value):
    with pytest.raises(AssertionError):
        claim("x", value, 1, 1, source="here")


def test_a_claim_needs_a_source_and_a_bound():
    with pytest.raises(ValueError, match="source"):
        claim("x", 1, 1, 1, source="")
    with pytest.raises(ValueError, match="tolerance"):
        claim("x", 1, 1, -1, source="here")


def unpacked(explorer):
    packed = json.loads(gzip.decompress(explorer.frames))
    frames = ["\n".join(packed["lines"][n] for n in frame) for frame in packed["frames"]]
    return frames, packed["alts"]


def test_an_explorer_holds_every_combination_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("BALCOURSE_CACHE", str(tmp_path))
    explorer = explore(draw, Parameter("k", [1, 2, 3], "Hz", start=2), Parameter("c", [0, 5]))
    frames, alts = unpacked(explorer)
    expected = [draw(k, c) for k in [1, 2, 3] for c in [0, 5]]
    assert alts == [one.alt for one in expected]
    assert frames == ["\n".join(one.svg.splitlines()) for one in expected]
    assert explorer.position == [1, 0]
    assert explorer._repr_mimebundle_()[1]["still"]["alt"] == draw(2, 0).alt


def test_frames_come_from_disk_until_the_function_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("BALCOURSE_CACHE", str(tmp_path))
    explore(draw, Parameter("k", [1, 2]))
    assert len(list(tmp_path.rglob("*.json"))) == 1
    explore(draw, Parameter("k", [1, 2]))
    assert len(list(tmp_path.rglob("*.json"))) == 1
    explore(lambda k: draw(k + 1), Parameter("k", [1, 2]))
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_an_explorer_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="parameters = 0"):
        explore(draw)
    with pytest.raises(ValueError, match="values of k"):
        Parameter("k", [1])
    with pytest.raises(ValueError, match="start of k = 7 Hz"):
        Parameter("k", [1, 2], "Hz", start=7)
    with pytest.raises(ValueError, match="frames = 2500"):
        explore(draw, Parameter("k", range(50)), Parameter("c", range(50)))
