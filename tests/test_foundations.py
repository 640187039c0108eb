"""Parameters and random numbers."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from balcourse.models.kernel import kernel
from balcourse.models.random import below, next_word, random_state, uniform
from balcourse.parameters import checked

MASK = (1 << 64) - 1


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_checked_returns_the_value_or_names_it(value):
    if math.isfinite(value) and 0 < value <= 10:
        assert checked("tau", value, "ms", above=0, at_most=10) == value
    else:
        with pytest.raises(
            ValueError, match=r"^tau = .* ms: must be a finite number above 0 ms and"
        ):
            checked("tau", value, "ms", above=0, at_most=10)


@pytest.mark.parametrize("value", ["3", None, 2.5, [1], 3j])
def test_checked_wants_whole_numbers_where_it_says_so(value):
    with pytest.raises(ValueError, match=r"n = .*: must be a whole number"):
        checked("n", value, integer=True)


def xoshiro(state):
    """Blackman and Vigna's xoshiro256++ in Python's unbounded integers."""
    a, b, c, d = state
    total = (a + d) & MASK
    result = ((total << 23 | total >> 41) + a) & MASK
    c ^= a
    d ^= b
    b, a, c = b ^ c, a ^ d, c ^ (b << 17 & MASK)
    return result, (a, b, c, (d << 45 | d >> 19) & MASK)


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_words_equal_the_generator_in_plain_integers(seed, stream):
    state = random_state(seed, stream)
    twin = tuple(int(word) for word in state)
    for _ in range(5):
        expected, twin = xoshiro(twin)
        assert int(next_word(state)) == expected
    assert tuple(int(word) for word in state) == twin


@kernel(cache=False)
def fill(state, words, uniforms, integers, count):
    for index in range(words.size):
        words[index] = next_word(state)
    for index in range(uniforms.size):
        uniforms[index] = uniform(state)
    for index in range(integers.size):
        integers[index] = below(state, count)


def test_draws_have_the_distribution_they_promise():
    words, uniforms, integers = (
        np.empty(4, np.uint64),
        np.empty(200_000),
        np.empty(200_000, np.int64),
    )
    fill(random_state(7), words, uniforms, integers, 11)
    assert stats.kstest(uniforms, "uniform").pvalue > 1e-4
    assert 0 <= uniforms.min() and uniforms.max() < 1
    assert stats.chisquare(np.bincount(integers, minlength=11)).pvalue > 1e-4
    assert abs(np.corrcoef(uniforms[1:], uniforms[:-1])[0, 1]) < 4 / math.sqrt(uniforms.size)


def test_streams_of_one_seed_and_neighbouring_seeds_differ():
    states = {tuple(random_state(seed, stream)) for seed in range(50) for stream in range(50)}
    assert len(states) == 2500


@pytest.mark.parametrize("seed", [-1, 1.5, None, 2**63])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="seed = "):
        random_state(seed)


RUNS = """
import hashlib
from balcourse.models.binary import BalancedNetwork
from balcourse.models.lif import BrunelNetwork
from balcourse.models.sheet import Sheet

spikes = BrunelNetwork(n=1_250, j=1.0).simulate(60, seed=1)
binary = BalancedNetwork(n_e=400, n_i=400, k=50, m_0=0.2, temperature=0.5).simulate(4, seed=1)
waves = Sheet.small().simulate(30, seed=1)
for result in (spikes.senders, binary.activity_e, waves.senders):
    print(len(result), hashlib.sha256(result.tobytes()).hexdigest())
"""


def test_a_processor_without_wide_vectors_computes_the_same_bits(tmp_path):
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "BALCOURSE_CACHE": tmp_path}
    said = [
        subprocess.run(
            [sys.executable, "-c", RUNS], env=os.environ | more, capture_output=True, text=True
        )
        for more in ({}, plain)
    ]
    assert said[0].stdout == said[1].stdout, said[1].stderr
    assert min(int(line.split()[0]) for line in said[0].stdout.splitlines()) > 5
