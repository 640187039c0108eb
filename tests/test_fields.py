"""Patterns whose size, speed and direction are known, and closed forms of the statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balcourse.measure import fields

N = 40


def moving(*discs, frames=12):
    """Draw discs (row, column, radius, row speed, column speed) on a torus."""
    rows, columns = np.indices((N, N))
    field = np.zeros((frames, N, N), np.uint8)
    for row, column, radius, down, right in discs:
        for frame in range(frames):
            apart_row = fields.on_torus(rows - row - down * frame, N)
            apart_column = fields.on_torus(columns - column - right * frame, N)
            field[frame] |= apart_row**2 + apart_column**2 <= radius**2
    return field


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, N - 1), st.integers(0, N - 1), st.integers(2, 5), st.integers(-4, 4),
    st.integers(-4, 4),
)  # fmt: skip
def test_a_moving_disc_keeps_its_size_place_speed_and_direction(row, column, radius, down, right):
    patterns = fields.find_patterns(moving((row, column, radius, down, right)))
    rows, columns = np.indices((2 * radius + 1, 2 * radius + 1)) - radius
    assert (patterns.area == (rows**2 + columns**2 <= radius**2).sum()).all()
    truth = np.array([[row, column]]) + np.arange(12)[:, None] * [down, right]
    assert np.allclose(fields.on_torus(patterns.centre - truth, N), 0, atol=1e-6)
    tracks = fields.track(patterns, width=2.0)
    assert tracks.displacement == pytest.approx(np.tile([down, right], (11, 1)), abs=1e-6)
    assert tracks.speed == pytest.approx(np.hypot(down, right) / 2, abs=1e-6)
    if down or right:
        assert tracks.persistence == pytest.approx(1)
        assert np.cos(tracks.directions - np.arctan2(down, right)) == pytest.approx(np.ones(11))


def test_two_discs_are_followed_apart():
    patterns = fields.find_patterns(moving((5, 5, 3, 0, 1), (25, 30, 4, 1, 0)))
    assert (patterns.number == 2).all()
    assert patterns.activity == 1
    tracks = fields.track(patterns, width=1.0)
    assert len(tracks.earlier) == 22
    assert (patterns.area[tracks.earlier] == patterns.area[tracks.later]).all()


def test_a_pattern_that_turns_back_has_persistence_minus_one():
    there_and_back = moving((20, 10, 3, 0, 2), frames=5)[[0, 1, 0, 1, 0]]
    tracks = fields.track(fields.find_patterns(there_and_back), width=1.0)
    assert tracks.persistence == pytest.approx(-1)


def test_a_jump_beyond_reach_is_no_motion():
    tracks = fields.track(fields.find_patterns(moving((5, 5, 3, 0, 15))), width=1.0)
    assert tracks.earlier.size == 0
    assert np.isnan(tracks.speed)


def test_small_clusters_and_empty_fields_hold_no_pattern():
    patterns = fields.find_patterns(moving((5, 5, 1, 0, 0)))
    assert patterns.activity == 0
    assert patterns.centre.shape == (0, 2)
    assert np.isnan(fields.track(patterns, width=1.0).persistence)


def test_touching_at_a_corner_across_the_corner_of_the_torus_is_one_pattern():
    field = np.zeros((1, N, N))
    field[0, :3, :3] = field[0, -3:, -3:] = 1
    patterns = fields.find_patterns(field)
    assert patterns.area.tolist() == [18]
    assert np.allclose(fields.on_torus(patterns.centre - 39.5, N), 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, N - 1), st.integers(0, N - 1), st.integers(0, 2**32 - 1))
def test_areas_do_not_depend_on_where_the_torus_is_cut(down, right, seed):
    field = np.random.default_rng(seed).random((1, N, N)) < 0.25
    moved = np.roll(field, (down, right), axis=(1, 2))
    before, after = (fields.find_patterns(f, smallest=1) for f in (field, moved))
    assert sorted(before.area) == sorted(after.area)
    assert before.area.sum() == field.sum()


def test_population_cv_of_two_levels():
    field = np.zeros((4, 2, 2))
    field[::2] = 1
    assert fields.population_cv(field) == pytest.approx(1)


def test_fano_factor_of_poisson_counts_is_one_in_every_window():
    counts = np.random.default_rng(0).poisson(0.3, (2000, 400))
    factors = fields.fano_against_window(counts, [1, 10, 100])
    errors = np.sqrt(2 / np.array([1999, 199, 19]) / 400)
    assert (abs(factors - 1) < 5 * errors).all()


def test_fano_factor_grows_with_the_window_where_the_rate_is_slow():
    draw = np.random.default_rng(1)
    rate = np.repeat(draw.choice([0.1, 0.5], (40, 200)), 50, axis=0)
    short, long = fields.fano_against_window(draw.poisson(rate), [1, 50])
    # Var = mean + window**2 var(rate): the exact factors are 1.13 and 7.67.
    assert short == pytest.approx(1 + 0.04 / 0.3, abs=0.02)
    assert long == pytest.approx(1 + 50 * 0.04 / 0.3, rel=0.08)


def test_correlation_falls_with_distance_as_it_was_made_to():
    draw = np.random.default_rng(2)
    noise = draw.normal(size=(20_000, N))
    series = noise + np.roll(noise, 1, axis=1) + np.roll(noise, 2, axis=1)
    positions = np.stack([np.zeros(N), np.arange(N)], axis=1)
    distance, correlation = fields.correlation_against_distance(
        series, positions, N, [0.5, 1.5, 2.5, 3.5, 20.5]
    )
    assert distance[:3].tolist() == [1, 2, 3]
    assert correlation == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=5 / np.sqrt(20_000))


def test_half_time_of_pulses():
    pulses = np.zeros((100, 2))
    pulses[:4] = 1
    assert fields.half_time(pulses) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: fields.find_patterns(np.zeros((2, 3, 4))), "field has shape"),
        (lambda: fields.find_patterns(np.zeros((2, 3, 3)), smallest=0), "smallest = 0"),
        (lambda: fields.track(fields.find_patterns(np.zeros((1, 3, 3))), width=0), "width = 0 ms"),
        (lambda: fields.fano_against_window(np.ones((4, 2)), [0]), "windows = 0"),
    ],
)
def test_errors_name_the_parameter(call, name):
    with pytest.raises(ValueError, match=name):
        call()
