"""The sheet on a page: waves that a reader can watch, steer and stop.

Every step is that of `balcourse.models.sheet`, as are the kicks of a seed; the first potentials
are drawn otherwise. Time ms, potential mV, conductance 1/ms.
"""

import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import seed_words, uniform
from balcourse.models.sheet import SheetState, advance


def page_arguments(model, *, steps, dt=0.1):
    """Make the arrays and numbers that the kernels of this file take, by name.

    Parameters
    ----------
    model : balcourse.models.sheet.Sheet
        Its wiring must be local.
    steps : int
        The most steps of one call.
    dt : float
        ms.

    """
    arguments = SheetState(model, dt=dt).arguments
    arguments["streams"] = np.zeros_like(arguments.pop("random"))
    for name in ("potential_e", "potential_i"):
        arguments[name] = np.zeros_like(arguments[name])
    return arguments | {
        "random": np.zeros(4, np.uint64),
        "conductances": np.zeros((steps + 1, 2)),
        "rates": np.zeros((steps + 1, 2)),
        "held": np.zeros((model.n, model.n), np.float32),
        "leak": model.leak,
        "resting": model.resting,
        "external_i": model.external_i,
    }


@kernel
def begin_sheet(seed, random, streams, potential_e, potential_i, constants):
    """Seed the kicks, and scatter the potentials between reset and threshold."""
    rows, columns = potential_e.shape
    threshold, reset = constants[10], constants[11]
    for pair in range(rows // 2):
        seed_words(streams[pair], seed, pair)
    seed_words(random, seed, rows // 2)
    for row in range(rows):
        for column in range(columns):
            chance = np.float32(uniform(random))
            potential_e[row, column] = reset + (threshold - reset) * chance
            if row % 2 == 0:
                chance = np.float32(uniform(random))
                potential_i[row // 2, column] = reset + (threshold - reset) * chance


@kernel
def prepare_sheet(
    weights_i, constants, inhibitory_weight, weight_scale, external_e, external_i, leak, resting
):  # fmt: skip
    """Set the inhibitory disc, rounded as `Sheet` rounds it, and the constant conductances."""
    contacts = 0
    for row in range(weights_i.shape[0]):
        for column in range(weights_i.shape[1]):
            contacts += weights_i[row, column] > 0
    weight = inhibitory_weight * weight_scale
    quantum = 1.0
    while quantum < contacts * weight:
        quantum *= 2.0
    while quantum >= 2.0 * contacts * weight:
        quantum *= 0.5
    quantum /= 16777216.0
    for row in range(weights_i.shape[0]):
        for column in range(weights_i.shape[1]):
            if weights_i[row, column] > 0:
                weights_i[row, column] = math.floor(weight / quantum + 0.5) * quantum
    reversal_e, reversal_i = constants[8], constants[9]
    constants[6] = leak + external_e + external_i
    constants[7] = leak * resting + external_e * reversal_e + external_i * reversal_i


@kernel
def follow_sheet(
    held, conductances, rates, potential_e, potential_i, release_e, release_i, synapse, arrivals,
    weights_e, weights_i, wires_e, wires_i, constants, refractory_steps, kick_table, streams, bands,
    spikes, segments, clock, column, row, external_e, external_i, dt, steps,
):  # fmt: skip
    """Continue for `steps` steps.

    Row `step` of `rates` gets the rates of E and I, Hz, that of `conductances` both conductances
    of the neuron at (row, column); `held` the time each excitatory neuron has left at reset, ms.
    """
    for step in range(steps):
        advance(potential_e, potential_i, release_e, release_i, synapse, arrivals, weights_e,
                      weights_i, wires_e, wires_i, constants, refractory_steps, kick_table, streams,
                      bands, spikes, segments, clock, 1)  # fmt: skip
        fired_e = fired_i = 0
        for spike in range(segments[0, 1], segments[0, 2]):
            if spikes[0, spike] < potential_e.size:
                fired_e += 1
            else:
                fired_i += 1
        rates[step, 0] = fired_e / (potential_e.size * dt * 1e-3)
        rates[step, 1] = fired_i / (potential_e.size // 4 * dt * 1e-3)
        rise_e, decay_e = synapse[0, row, column], synapse[1, row, column]
        rise_i, decay_i = synapse[2, row, column], synapse[3, row, column]
        conductances[step, 0] = decay_e - rise_e + external_e
        conductances[step, 1] = decay_i - rise_i + external_i
    for line in range(potential_e.shape[0]):
        for place in range(potential_e.shape[1]):
            held[line, place] = max(0, release_e[line, place] - clock[0]) * dt
