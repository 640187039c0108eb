"""Kernels in WebAssembly: the same bits as the native ones, and clear words for what cannot be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from webassembly import Instance

from balcourse.models import random
from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state, uniform
from balcourse.page import wasm
from balcourse.page.wasm import compile_wasm, parameters

POWERS = np.array([1.0, 3.0, 9.0])
LARGE = np.arange(500_000.0)


@kernel
def shared(values, index):
    values[index] = values[index] * 0.5 + POWERS[index % 3]
    return values[index]


@kernel
def mixture(values, counts, flags, random, scale, shift, steps):
    for step in range(steps):
        for index in range(values.size):
            values[index] += scale * (uniform(random) - 0.5)
            if shared(values, index) < 0.0:
                counts[step % counts.shape[0], index] += np.int16(below(random, 7)) - shift
            flags[index] = math.sqrt(abs(values[index])) + math.floor(values[index]) > 1.5


@kernel
def doubling(values):
    for index in range(values.size):
        values[index] *= 2.0


def mixture_arguments(seed=1, scale=0.3, shift=2, steps=17):
    return {
        "values": np.linspace(-3, 2, 9),
        "counts": np.zeros((4, 9), np.int16),
        "flags": np.zeros(9, np.bool_),
        "random": random_state(seed),
        "scale": scale,
        "shift": shift,
        "steps": steps,
    }


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    scale=st.floats(-1e3, 1e3),
    shift=st.integers(-100, 100),
    steps=st.integers(0, 40),
)
def test_every_array_is_the_same_bit_for_bit(seed, scale, shift, steps):
    arguments = mixture_arguments(seed, scale, shift, steps)
    page = Instance(compile_wasm(mixture, doubling, arguments=arguments), arguments)
    page.call(mixture)
    page.call(doubling)
    mixture(*(arguments[name] for name in parameters(mixture)))
    doubling(arguments["values"])
    for name in ("values", "counts", "flags", "random"):
        assert page[name].tobytes() == arguments[name].tobytes()


def test_a_module_is_small_self_contained_and_kept():
    arguments = mixture_arguments()
    module = compile_wasm(mixture, arguments=arguments)
    assert module.startswith(b"\0asm\1\0\0\0")
    assert len(module) < 4_000
    assert compile_wasm(mixture, arguments=arguments) == module


def test_what_is_kept_depends_on_all_that_a_kernel_calls(monkeypatch):
    before = wasm._content(mixture)

    @kernel
    def other(values, index):
        values[index] = values[index] * 0.5 - POWERS[index % 3]
        return values[index]

    monkeypatch.setitem(mixture.py_func.__globals__, "shared", other)
    assert wasm._content(mixture) != before
    monkeypatch.undo()
    assert wasm._content(mixture) == before
    monkeypatch.setitem(mixture.py_func.__globals__, "POWERS", POWERS + 1)
    assert wasm._content(mixture) != before


@kernel
def allocates(values):
    copy = np.zeros(values.size)
    values[0] = copy[1]


@kernel
def raises(values):
    if values[0] > 2:
        raise ValueError("too large")


@kernel
def draws(values):
    values[0] = np.random.random()


@kernel
def prints(values):
    print(values[0])


@kernel
def exponential(values):
    values[0] = math.exp(values[1])


@kernel
def power(values):
    values[0] = values[1] ** values[2]


@kernel
def remainder(values):
    values[0] = values[1] % values[2]


@kernel
def holds_a_large_array(values):
    for index in range(values.size):
        values[index] = LARGE[index * 1000]


@pytest.mark.parametrize(
    ("forbidden", "reason"),
    [
        (allocates, "allocates memory; pass the array in"),
        (raises, "raises an exception"),
        (draws, "uses numba's hidden random state; pass one in"),
        (prints, "calls Python"),
        (exponential, "calls exp, which a page lacks; pass a table of its values"),
        (power, "calls pow, which a page lacks; pass a table of its values"),
        (remainder, "takes the remainder of floats"),
        (holds_a_large_array, "refers to an object of this Python process"),
    ],
)
def test_what_a_kernel_may_not_do_is_said_with_its_line(forbidden, reason):
    raises(np.ones(5))  # compiled natively first: what numba keeps of it must not hide a line
    with pytest.raises(ValueError) as error:
        compile_wasm(forbidden, arguments={"values": np.ones(5)})
    first = forbidden.py_func.__code__.co_firstlineno
    lines = [f"{reason} (test_wasm.py, line {first + below})" for below in (2, 3, 4)]
    assert str(error.value).startswith(f"{forbidden.__name__} cannot run in a page: ")
    assert any(line in str(error.value) for line in lines), str(error.value)


def test_a_kernel_is_called_by_its_own_name():
    @kernel
    def distant(values):
        values[0] = random.below(values, 3)

    with pytest.raises(ValueError, match=r"distant calls random.below: import the kernel by its"):
        compile_wasm(distant, arguments={"values": random_state(1)})


def test_a_missing_or_unfit_argument_is_named():
    with pytest.raises(ValueError, match="doubling needs 'values'"):
        compile_wasm(doubling, arguments={"other": 1})
    with pytest.raises(ValueError, match=r"values is .*: a kernel takes numbers and C-contiguous"):
        compile_wasm(doubling, arguments={"values": np.ones((3, 3))[:, 1]})


def test_a_type_error_in_a_kernel_names_its_line():
    @kernel
    def adds_text(values):
        values[0] = values[0] + "1"

    with pytest.raises(ValueError, match=r"(?s)adds_text cannot run in a page: .*test_wasm.py"):
        compile_wasm(adds_text, arguments={"values": np.ones(3)})
