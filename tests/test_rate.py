"""The rate model against closed forms, its slow twin, other integrators and random parameters."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from balcourse.models.rate import (
    RateModel,
    advance,
    border,
    classify,
    focus_range,
    limit_cycles,
)
from tests.naive import rate as naive

EXAMPLE = RateModel(m_ee=1.25, m_ei=-1, m_ie=1, m_ii=0, gamma_e=-10, gamma_i=10, tau_e=10, tau_i=30)


def example(**changes):
    return dataclasses.replace(EXAMPLE, **changes)


weights = st.floats(-4, 4, allow_nan=False)
models = st.builds(
    RateModel,
    m_ee=weights,
    m_ei=weights,
    m_ie=weights,
    m_ii=weights,
    gamma_e=st.floats(-50, 50),
    gamma_i=st.floats(-50, 50),
    tau_e=st.floats(1, 100),
    tau_i=st.floats(1, 100),
)
brain_like = st.builds(
    RateModel,
    m_ee=st.floats(0, 2),
    m_ei=st.floats(-3, -0.1),
    m_ie=st.floats(0.1, 3),
    m_ii=st.floats(-2, 0),
    gamma_e=st.floats(-30, 10),
    gamma_i=st.floats(-10, 20),
    tau_e=st.floats(2, 40),
    tau_i=st.floats(2, 200),
)


# fixed points


def test_fixed_point_of_the_example():
    np.testing.assert_allclose(EXAMPLE.fixed_point().rates, [80 / 3, 50 / 3], atol=1e-9)
    np.testing.assert_allclose(example(m_ii=-1).fixed_point().rates, [60, 25], atol=1e-9)
    assert len(EXAMPLE.fixed_points()) == len(example(m_ii=-1).fixed_points()) == 1


@pytest.mark.parametrize(
    ("tau_i", "eigenvalue", "kind"),
    [
        (30, -0.0041667 + 0.0498261j, "stable focus"),
        (40, 0.0433013j, "centre"),
        (50, 0.0025 + 0.0386491j, "unstable focus"),
        (100, 0.0075 + 0.0263391j, "unstable focus"),
    ],
)
def test_eigenvalues_of_the_example(tau_i, eigenvalue, kind):
    point = example(tau_i=tau_i).fixed_point()
    np.testing.assert_allclose(
        point.eigenvalues, [eigenvalue, np.conj(eigenvalue)], atol=6e-8, rtol=0
    )
    assert point.kind == kind
    assert point.frequency == pytest.approx(abs(eigenvalue.imag) * 1000 / (2 * math.pi), rel=1e-5)


def test_eigenvalue_to_more_digits():
    root = EXAMPLE.fixed_point().eigenvalues[0]
    assert abs(root - (-0.00416667 + 0.04982609j)) < 1e-8


@pytest.mark.parametrize(("m_ii", "tau_i", "frequency"), [(0, 40, 6.891611), (-1, 80, 3.978874)])
def test_border(m_ii, tau_i, frequency):
    found = border(example(m_ii=m_ii))
    assert found == pytest.approx((tau_i, frequency), abs=1e-6)
    assert example(m_ii=m_ii, tau_i=found[0]).fixed_point().kind == "centre"


def test_a_wrong_time_constant_in_the_jacobian_would_show_in_the_frequency():
    """Dividing row two's first entry by tau_E keeps the border but not the frequency there."""
    matrix = example(tau_i=40).jacobian()
    wrong = matrix.copy()
    wrong[1, 0] = EXAMPLE.m_ie / EXAMPLE.tau_e
    frequencies = [np.linalg.eigvals(m).imag.max() * 1000 / (2 * np.pi) for m in (matrix, wrong)]
    np.testing.assert_allclose(frequencies, [6.8916, 15.41], atol=0.005)


def test_border_needs_self_excitation():
    assert all(map(math.isnan, border(example(m_ee=0.9))))


@pytest.mark.parametrize(("m_ii", "low", "high"), [(0, 2.87187, 557.128), (-1, 13.7258, 466.27)])
def test_focus_range(m_ii, low, high):
    found = focus_range(example(m_ii=m_ii))
    assert found == pytest.approx((low, high), rel=1e-5, abs=1e-4)
    for end, nudge in itertools.product(found, (0.999, 1.001)):
        inside = found[0] < end * nudge < found[1]
        kind = example(m_ii=m_ii, tau_i=end * nudge).fixed_point().kind
        assert ("focus" if inside else "node") in kind
    for end in found:
        assert "degenerate" in example(m_ii=m_ii, tau_i=end).fixed_point().kind


@pytest.mark.parametrize(
    ("changes", "kind", "rates"),
    [
        ({"gamma_e": 10}, "stable node, E and I silent", (0, 0)),
        ({"gamma_e": 20, "gamma_i": -30}, "stable node, E silent", (0, 30)),
        ({"m_ee": 0.5, "gamma_i": 40}, "stable node, I silent", (20, 0)),
        ({"m_ei": 1}, "none: the active solution lies outside the positive quadrant", None),
        ({"m_ii": -3}, "none: the active nullclines are parallel", None),
        ({"m_ii": -3, "gamma_i": -40}, "line of fixed points", None),
        ({"m_ee": 1, "gamma_e": 0, "m_ei": 0}, "line of fixed points", None),
        ({"m_ie": 0.1, "gamma_i": -20}, "saddle", (200 / 3, 80 / 3)),
    ],
)
def test_results_that_say_so(changes, kind, rates):
    point = example(**changes).fixed_point()
    assert point.kind == kind
    if rates is None:
        assert np.isnan(point.rates).all()
    else:
        np.testing.assert_allclose(point.rates, rates, atol=1e-12)


def test_all_fixed_points_of_a_model_with_two():
    """Self-excitation above 1 and a positive threshold: rest, and a saddle that guards it."""
    saddle, rest = example(m_ee=2, m_ie=0.1, gamma_e=10, gamma_i=5).fixed_points()
    assert saddle.kind == "saddle, I silent"
    np.testing.assert_allclose(saddle.rates, [10, 0])
    assert rest.kind == "stable node, E and I silent"
    assert example(m_ee=2, m_ie=0.1, gamma_e=10, gamma_i=5).fixed_point().kind == rest.kind


def test_a_fixed_point_on_a_switching_line_has_no_linearization():
    point = example(gamma_e=0, gamma_i=0).fixed_point()
    assert "no linearization" in point.kind
    assert np.isnan(point.eigenvalues).all()
    assert not point.stable
    np.testing.assert_array_equal(point.rates, [0, 0])


@given(models)
@settings(max_examples=300, deadline=None)
def test_every_fixed_point_is_one(model):
    points = model.fixed_points()
    for point in points:
        if np.isnan(point.rates).any():
            assert "line" in point.kind
            continue
        scale = 1 + np.abs(model.weights) @ point.rates + np.abs(model.thresholds)
        assert (point.rates >= 0).all()
        assert (np.abs(model.field(point.rates)) <= 1e-9 * scale / model.time_constants).all()
        if np.isfinite(point.eigenvalues).all():
            trace = np.trace(model.jacobian(point.active))
            assert point.eigenvalues.sum().real == pytest.approx(trace, abs=1e-9)
            assert point.stable <= (point.eigenvalues.real.max() < 0)
    one = model.fixed_point()
    assert np.isfinite(one.rates).all() or one.kind.startswith(("none", "line"))


@given(models)
@settings(max_examples=100, deadline=None)
def test_no_fixed_point_is_missed(model):
    """Each region's linear solution, if consistent with the region, is reported."""
    reported = [point.rates for point in model.fixed_points()]
    for active in itertools.product((0.0, 1.0), repeat=2):
        matrix = np.eye(2) - np.diag(active) @ model.weights
        if abs(np.linalg.det(matrix)) < 1e-6:
            continue
        rates = np.linalg.solve(matrix, -np.array(active) * model.thresholds)
        brackets = model.weights @ rates - model.thresholds
        if np.all((brackets > 1e-6) == (np.array(active) > 0)) and (np.abs(brackets) > 1e-6).all():
            assert any(np.allclose(rates, other, rtol=1e-6, atol=1e-6) for other in reported)


@pytest.mark.parametrize(
    ("matrix", "kind"),
    [
        ([[-1, 0], [0, -2]], "stable node"),
        ([[1, 0], [0, 2]], "unstable node"),
        ([[-1, 5], [-5, -1]], "stable focus"),
        ([[1, 5], [-5, 1]], "unstable focus"),
        ([[1, 0], [0, -2]], "saddle"),
        ([[0, 5], [-5, 0]], "centre"),
        ([[-1, 0], [0, -1]], "stable degenerate node"),
        ([[1, 3], [0, 1]], "unstable degenerate node"),
        ([[0, 0], [0, -1]], "line of fixed points"),
        ([[0, 1], [0, 0]], "line of fixed points"),
        ([[0, 0], [0, 0]], "line of fixed points"),
    ],
)
def test_classify(matrix, kind):
    assert classify(matrix) == kind


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4), st.floats(1e-3, 1e3))
@settings(deadline=None)
def test_classification_agrees_with_eigenvalues_in_any_unit_of_time(entries, unit):
    matrix = np.array(entries).reshape(2, 2)
    assume(abs(np.linalg.det(matrix)) > 1e-6 and abs(np.trace(matrix)) > 1e-6)
    roots = np.linalg.eigvals(matrix)
    assume(abs(roots[0] - roots[1]) > 1e-3)
    kind = classify(matrix * unit)
    assert ("focus" in kind) == (abs(roots.imag).max() > 0)
    assert ("saddle" in kind) == (roots.real.min() < 0 < roots.real.max())
    assert kind.startswith("stable") == (roots.real.max() < 0)


def test_classify_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        classify([1, 2, 3])


# geometry


@given(models, st.floats(1, 200))
@settings(max_examples=200, deadline=None)
def test_nullclines_carry_no_flow(model, largest):
    for population, pieces in enumerate(model.nullclines(largest)):
        for start, end in pieces:
            for part in (0.0, 0.3, 0.7, 1.0):
                rates = start + part * (end - start)
                rounding = 4 * np.finfo(float).eps * largest
                assert (rates >= -rounding).all() and (rates <= largest + rounding).all()
                scale = 1 + np.abs(model.weights).max() * largest + np.abs(model.thresholds).max()
                flow = model.field(rates)[population] * model.time_constants[population]
                assert abs(flow) < 1e-9 * scale


def test_nullclines_of_the_example_meet_at_the_fixed_point():
    pieces = [np.array(sorted(p.tolist())) for line in EXAMPLE.nullclines(60) for p in line]
    e_active, e_silent, i_active, i_silent = pieces
    np.testing.assert_allclose(e_active, [[0, 10], [60, 25]])
    np.testing.assert_allclose(e_silent, [[0, 10], [0, 60]])
    np.testing.assert_allclose(i_active, [[10, 0], [60, 50]])
    np.testing.assert_allclose(i_silent, [[0, 0], [10, 0]])
    at = EXAMPLE.fixed_point().rates[0]
    assert np.interp(at, *e_active.T) == pytest.approx(np.interp(at, *i_active.T))


def test_the_jacobian_is_the_derivative_of_the_field():
    model, rates, step = example(m_ii=-0.7), np.array([40.0, 22.0]), 1e-6
    columns = [
        (model.field(rates + step * unit) - model.field(rates - step * unit)) / (2 * step)
        for unit in np.eye(2)
    ]
    np.testing.assert_allclose(np.transpose(columns), model.jacobian(), atol=1e-8)


# integration


def last(model, start, dt, duration=200):
    return model.simulate(duration, start=start, dt=dt).rates[-1]


def order(model, start, steps, exact):
    errors = [np.abs(last(model, start, dt) - exact).max() for dt in steps]
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_order_four_where_the_field_is_smooth():
    point = EXAMPLE.fixed_point().rates
    start = np.add(point, (2, 1))
    exact = point + expm(EXAMPLE.jacobian() * 200) @ (start - point)
    assert order(EXAMPLE, start, [4, 2, 1, 0.5], exact) == pytest.approx(4, abs=0.15)


def test_order_four_across_the_switching_lines():
    """The step is cut at the line; without the cut the order drops to two."""
    model, start = example(tau_i=50), (60.0, 20.0)
    run = model.simulate(400, start=start, dt=0.1)
    brackets = run.rates @ model.weights.T - model.thresholds
    assert (np.diff(brackets > 0, axis=0).sum(0) >= 2).all()
    exact = last(model, start, 1 / 256, 400)
    steps = np.array([2, 1, 0.5, 0.25, 0.125])
    errors = [np.abs(last(model, start, dt, 400) - exact).max() for dt in steps]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(4, abs=0.3)


def uncut(model, start, dt, duration):
    """The same Runge-Kutta method without a cut at the line."""
    rates = np.array(start, float)
    for _ in range(round(duration / dt)):
        a = model.field(rates)
        b = model.field(rates + dt / 2 * a)
        c = model.field(rates + dt / 2 * b)
        d = model.field(rates + dt * c)
        rates = rates + dt / 6 * (a + 2 * b + 2 * c + d)
    return rates


def test_without_the_cut_the_line_costs_accuracy():
    model, start = example(tau_i=50), (60.0, 20.0)
    exact = last(model, start, 1 / 256, 400)
    for dt in (1, 0.25):
        plain = np.abs(uncut(model, start, dt, 400) - exact).max()
        assert plain > 30 * np.abs(last(model, start, dt, 400) - exact).max()


@given(brain_like, st.floats(0, 80), st.floats(0, 80))
@settings(max_examples=40, deadline=None)
def test_kernel_agrees_with_its_slow_twin(model, v_e, v_i):
    dt = min(0.5, model.largest_step())
    fast = np.zeros((121, 2, 2))
    fast[0] = [[v_e, v_e / 2], [v_i, v_i]]
    slow = fast.copy()
    parameters = dataclasses.astuple(model)
    advance(fast, *parameters, dt)
    naive.advance(slow, *parameters, dt)
    np.testing.assert_allclose(fast, slow, rtol=1e-7, atol=1e-7)


def test_kernel_is_its_own_python_source():
    fast = np.zeros((301, 2, 1))
    fast[0] = [[60.0], [20.0]]
    slow = fast.copy()
    parameters = (*dataclasses.astuple(example(tau_i=50)), 0.5)
    advance(fast, *parameters)
    advance.py_func(slow, *parameters)
    np.testing.assert_array_equal(fast, slow)


def test_many_trajectories_are_the_same_as_one_by_one():
    starts = np.random.default_rng(1).uniform(0, 60, (7, 2))
    together = example(tau_i=50).simulate(100, start=starts)
    assert together.rates.shape == (1001, 7, 2)
    for number, start in enumerate(starts):
        alone = example(tau_i=50).simulate(100, start=start)
        assert alone.rates.shape == (1001, 2)
        np.testing.assert_array_equal(alone.rates, together.rates[:, number])
    np.testing.assert_allclose(together.times[[0, 1, -1]], [0, 0.1, 100])


@given(brain_like, st.floats(0, 60), st.floats(0, 60))
@settings(max_examples=20, deadline=None)
def test_agreement_with_scipy(model, v_e, v_i):
    run = model.simulate(100, start=(v_e, v_i), dt=min(0.05, model.largest_step()))
    peer = solve_ivp(
        lambda _, rates: model.field(rates),
        (0, run.times[-1]),
        (v_e, v_i),
        method="LSODA",
        rtol=1e-10,
        atol=1e-10,
        max_step=1,
    ).y[:, -1]
    np.testing.assert_allclose(run.rates[-1], peer, rtol=1e-5, atol=1e-5)


@given(brain_like, st.floats(0, 60), st.floats(0, 60))
@settings(max_examples=30, deadline=None)
def test_rates_stay_in_the_positive_quadrant(model, v_e, v_i):
    run = model.simulate(100, start=(v_e, v_i), dt=min(0.5, model.largest_step() / 4))
    assert run.rates.min() >= -1e-9


# limit cycles


@pytest.mark.parametrize(
    ("tau_i", "period", "v_e", "v_i"),
    [
        (40.001, 160.44, (1.30, 49.96), (5.02, 28.31)),
        (41, 163.990, (0.753, 50.826), (4.912, 28.687)),
        (50, 187.315, (0.127, 56.187), (5.140, 30.791)),
        (100, 321.538, (0.000, 86.673), (6.400, 41.781)),
    ],
)
def test_limit_cycle(tau_i, period, v_e, v_i):
    [cycle] = limit_cycles(example(tau_i=tau_i))
    assert cycle.stable
    assert cycle.period == pytest.approx(period, abs=0.005)
    found = np.transpose([cycle.minimum, cycle.maximum])
    np.testing.assert_allclose(found, [v_e, v_i], atol=0.006)


def test_limit_cycle_is_where_a_long_run_ends():
    model = example(tau_i=50)
    [cycle] = limit_cycles(model)
    run = model.simulate(4000, start=(27, 16.7))
    late = run.rates[-2500:]
    np.testing.assert_allclose(late.max(0), cycle.maximum, atol=1e-3)
    np.testing.assert_allclose(late.min(0), cycle.minimum, atol=1e-3)
    rises = np.flatnonzero((late[:-1, 0] < 80 / 3) & (late[1:, 0] >= 80 / 3))
    assert np.diff(rises) * 0.1 == pytest.approx(cycle.period, abs=0.15)


@pytest.mark.parametrize("tau_i", [10, 30, 39.9, 40])
def test_no_limit_cycle_up_to_the_border(tau_i):
    """Below it Bendixson's criterion forbids one; on it closed orbits fill a band."""
    assert limit_cycles(example(tau_i=tau_i)) == ()


def test_orbits_on_the_border_close_with_the_linear_period():
    model = example(tau_i=40)
    period = 1000 / border(model)[1]
    for size in (0.5, 3.0, 7.0):
        start = np.add(model.fixed_point().rates, (0, -size))
        end = model.simulate(period, start=start, dt=period / 2000).rates[-1]
        np.testing.assert_allclose(end, start, atol=1e-7)


def test_no_limit_cycle_once_the_focus_becomes_a_node():
    """Beyond focus_range the escape is along a straight line that inhibition never overtakes."""
    model = example(tau_i=600)
    assert limit_cycles(model, starts=4) == ()
    assert model.simulate(3000, start=(30, 16)).rates[-1].min() > 1e5


def test_cycle_and_fixed_point_coexist_with_inhibitory_self_weight():
    assert limit_cycles(example(m_ii=-1, tau_i=73.8)) == ()
    inner, outer = limit_cycles(example(m_ii=-1, tau_i=76))
    assert (inner.stable, outer.stable) == (False, True)
    assert (inner.minimum > outer.minimum).all() and (inner.maximum < outer.maximum).all()
    assert example(m_ii=-1, tau_i=76).fixed_point().stable
    [alone] = limit_cycles(example(m_ii=-1, tau_i=81))
    assert alone.stable


def test_fold_of_cycles():
    low, high = 73.0, 75.0
    while high - low > 0.005:
        middle = (low + high) / 2
        if limit_cycles(example(m_ii=-1, tau_i=middle), starts=2000):
            high = middle
        else:
            low = middle
    assert high == pytest.approx(73.85, abs=0.05)


def test_no_cycle_without_an_active_fixed_point():
    assert limit_cycles(example(gamma_e=10)) == ()


# bad input


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("tau_e", 0, "ms"),
        ("tau_i", -3.0, "ms"),
        ("tau_i", math.nan, "ms"),
        ("tau_i", "fast", "ms"),
        ("m_ee", math.inf, ""),
        ("m_ei", math.nan, ""),
        ("m_ii", [1, 2], ""),
        ("gamma_e", -math.inf, "Hz"),
        ("gamma_i", None, "Hz"),
    ],
)
def test_bad_parameters(name, value, unit):
    with pytest.raises(ValueError, match=rf"^{name} = .*{unit}: must be a finite number"):
        example(**{name: value})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"duration": 0}, "duration = 0 ms"),
        ({"duration": 10, "dt": 0}, "dt = 0 ms"),
        ({"duration": 10, "dt": math.nan}, "dt = nan ms"),
        ({"duration": 100, "dt": 60}, "dt = 60 ms: .* at most"),
        ({"duration": 10, "start": (1, 2, 3)}, r"shape \(3,\)"),
        ({"duration": 10, "start": 3}, "shape"),
        ({"duration": 10, "start": []}, "shape"),
        ({"duration": 10, "start": "ab"}, "shape"),
        ({"duration": 10, "start": np.zeros((2, 2, 2))}, "shape"),
        ({"duration": 10, "start": (-1, 2)}, "start = .*-1.0.* Hz"),
        ({"duration": 10, "start": (1, math.nan)}, "start = .*nan.* Hz"),
        ({"duration": 1e12}, "duration = 1e.12 ms: .* steps"),
    ],
)
def test_bad_runs(arguments, words):
    with pytest.raises(ValueError, match=words):
        EXAMPLE.simulate(**arguments)


def test_runaway_rates_are_refused():
    with pytest.raises(ValueError, match="run away"):
        example(m_ei=1).simulate(20_000, start=(1, 1), dt=1)


def test_the_largest_step_is_stable_and_twice_it_is_not():
    model = example(tau_e=10, tau_i=10, m_ee=0, m_ei=0, m_ie=0, gamma_e=10)
    point = model.fixed_point().rates
    safe = model.largest_step()
    np.testing.assert_allclose(last(model, (50, 50), safe, 500 * safe), point, atol=1e-6)
    with pytest.raises(ValueError, match="at most"):
        model.simulate(100, dt=2 * safe)
    rates = np.full((51, 2, 1), 50.0)
    advance(rates, *dataclasses.astuple(model), 2 * safe)
    assert np.abs(rates[-1]).max() > 1e6


def test_field_and_nullclines_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="shape"):
        EXAMPLE.field([1, 2, 3])
    with pytest.raises(ValueError, match="largest = 0 Hz"):
        EXAMPLE.nullclines(0)
    with pytest.raises(ValueError, match="starts = 1"):
        limit_cycles(EXAMPLE, starts=1)


@given(
    st.dictionaries(
        st.sampled_from([field.name for field in dataclasses.fields(RateModel)]),
        st.one_of(st.floats(), st.none(), st.text(max_size=3), st.integers()),
        max_size=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_parameters_give_a_model_or_a_value_error(changes):
    try:
        model = example(**changes)
    except ValueError as error:
        assert any(name in str(error) for name in changes)
        return
    point = model.fixed_point()
    assert np.isfinite(point.rates).all() or point.kind.startswith(("none", "line"))
    assert np.isfinite(model.largest_step())
