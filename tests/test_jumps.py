"""The response to jumps of finite size: against neurons stepped one by one, and its limits."""

from dataclasses import replace

import numpy as np
import pytest

from balcourse.models.lif import BrunelNetwork
from balcourse.theory.diffusion import population_spectrum
from balcourse.theory.jumps import jump_response, jump_spectrum

STATE_C = BrunelNetwork(g=5, external_ratio=2)


@pytest.mark.parametrize("modulated", ["excitatory", "inhibitory"])
def test_rate_and_response_are_those_of_stepped_neurons(modulated):
    steps, neurons, dt, hertz = 4000, 4000, 0.1, 250.0
    answer = jump_response(STATE_C, [hertz], dt=dt)
    up = STATE_C.c_e * (STATE_C.external_rate + answer.rate) * dt / 1000
    down = STATE_C.c_i * answer.rate * dt / 1000
    random = np.random.default_rng(3)
    v, held = random.uniform(10, 20, neurons), np.zeros(neurons, int)
    wave = np.exp(2e-3j * np.pi * hertz * dt * np.arange(-500, steps))
    counts = np.zeros(wave.size)
    depth = 0.1 if modulated == "excitatory" else 0.15
    for step, phase in enumerate(wave.real):
        more = 1 + depth * phase
        kicks = random.poisson(up * (more if modulated == "excitatory" else 1), neurons)
        kicks = kicks - 5 * random.poisson(
            down * (more if modulated == "inhibitory" else 1), neurons
        )
        v = np.where(held > 0, v, v * np.exp(-dt / 20) + 0.1 * kicks)
        held = np.maximum(held - 1, 0)
        fired = (v >= 20 - 1e-9) & (held == 0)
        v[fired], held[fired] = 10.0, 20
        counts[step] = fired.sum()
    counts, wave = counts[500:], wave[500:]
    total = counts.sum()
    assert 1000 * total / (neurons * steps * dt) == pytest.approx(answer.rate, rel=0.015)
    seen = 2 * (counts * wave.conj()).mean() / neurons
    kicked = depth * (up if modulated == "excitatory" else down)
    expected = answer.response[int(modulated == "inhibitory"), 0] * kicked
    error = 2 * np.sqrt(total) / (neurons * steps)
    assert abs(expected) > 8 * error
    assert abs(seen - expected) < 4 * error + 0.03 * abs(expected)


def test_a_finer_grid_of_potentials_changes_nothing():
    frequency = np.array([60.0, 250.0])
    coarse, fine = (jump_spectrum(STATE_C, frequency, cells=cells) for cells in (1, 2))
    assert coarse == pytest.approx(fine, rel=0.01)


def test_half_of_the_excess_over_white_noise_is_that_of_the_time_grid():
    excess = []
    for dt in (0.1, 0.02):
        ratio = jump_spectrum(STATE_C, [250.0], dt=dt) / population_spectrum(STATE_C, [250.0])
        excess.append(ratio.item() - 1)
    assert excess == pytest.approx([0.33, 0.20], abs=0.02)
    low = jump_spectrum(STATE_C, [20.0], dt=0.02) / population_spectrum(STATE_C, [20.0])
    assert low == pytest.approx(1, abs=0.05)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="dt = 3"):
        jump_response(STATE_C, [10.0], dt=3)
    with pytest.raises(ValueError, match="cells = 0"):
        jump_response(STATE_C, [10.0], cells=0)
    with pytest.raises(ValueError, match="alike"):
        jump_response(replace(STATE_C, g=(5.0, 4.5)), [10.0])
