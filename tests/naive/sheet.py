"""The sheet of `balcourse.models.sheet`, one neuron and one contact at a time."""

import math

import numpy as np

from balcourse.models.random import below, random_state, uniform


def simulate(sheet, steps, dt, seed):
    """Return (step, sender) of every spike, in order; contacts are found by their distance."""
    sites = [(row, column) for row in range(sheet.n) for column in range(sheet.n)]
    places = sites + [(row, column) for row, column in sites if row % 2 == column % 2 == 0]
    start = np.random.default_rng([seed, 0])
    spread = (sheet.reset, sheet.threshold)
    start_e = start.uniform(*spread, (sheet.n, sheet.n)).astype(np.float32)
    start_i = start.uniform(*spread, (sheet.n // 2, sheet.n)).astype(np.float32)
    v = np.concatenate([start_e.ravel(), start_i[:, ::2].ravel()])
    streams = [random_state(seed, stream=pair) for pair in range(sheet.n // 2)]
    free_from = np.zeros(len(places), int)
    rise, decay = np.zeros((2, 2, len(sites)), np.float32)
    single = [np.float32(math.exp(-dt / tau)) for tau in (sheet.tau_rise, sheet.tau_e, sheet.tau_i)]
    scale = [np.float32(1 / (tau - sheet.tau_rise)) for tau in (sheet.tau_e, sheet.tau_i)]
    pull = np.float32(sheet.leak + sheet.external_e + sheet.external_i)
    drive = np.float32(
        sheet.leak * sheet.resting
        + sheet.external_e * sheet.reversal_e
        + sheet.external_i * sheet.reversal_i
    )
    reversal_e, reversal_i = np.float32(sheet.reversal_e), np.float32(sheet.reversal_i)
    spikes, fired = [], []
    for step in range(steps):
        arrived = np.zeros((2, len(sites)))
        for sender in fired:
            kind = int(sender >= len(sites))
            for target, weight in contacts(sheet, kind, places[sender]):
                arrived[kind, target] += weight
        for kind in range(2):
            added = arrived[kind].astype(np.float32) * scale[kind] + np.float32(1e-30)
            rise[kind] = (rise[kind] + added) * single[0]
            decay[kind] = (decay[kind] + added) * single[1 + kind]
        conductance = decay - rise
        for neuron, (row, column) in enumerate(places):
            if free_from[neuron] <= step:
                g_e, g_i = conductance[:, row * sheet.n + column]
                current = g_e * (reversal_e - v[neuron]) + g_i * (reversal_i - v[neuron])
                v[neuron] += np.float32(dt) * (drive - pull * v[neuron] + current)
        for neuron, jump in kicks(sheet, dt, streams):
            if free_from[neuron] <= step:
                v[neuron] += np.float32(jump)
        fired = [neuron for neuron in range(len(places)) if v[neuron] >= sheet.threshold]
        for neuron in fired:
            v[neuron] = sheet.reset
            free_from[neuron] = step + 1 + round(sheet.refractory / dt)
            spikes.append((step, neuron))
    return spikes


def contacts(sheet, kind, place):
    """Yield (target site, weight) of a neuron at `place`, excitatory (0) or inhibitory (1)."""
    weights = (sheet.excitatory_weights, sheet.inhibitory_weights)[kind].astype(float)
    reach = weights.shape[0] // 2
    for row in range(sheet.n):
        for column in range(sheet.n):
            down = (row - place[0] + sheet.n // 2) % sheet.n - sheet.n // 2
            right = (column - place[1] + sheet.n // 2) % sheet.n - sheet.n // 2
            if abs(down) <= reach and abs(right) <= reach:
                yield row * sheet.n + column, weights[down + reach, right + reach]


def kicks(sheet, dt, streams):
    """Yield (neuron, jump) for each kick of one step."""
    mean = 2.5 * sheet.n * sheet.kick_rate * dt
    for pair, stream in enumerate(streams):
        chance, count, below_count = uniform(stream), 0, math.exp(-mean)
        term = below_count
        while chance >= below_count:
            count += 1
            term *= mean / count
            below_count += term
        for _ in range(count):
            neuron, up = divmod(below(stream, 5 * sheet.n), 2)
            jump = sheet.kick if up else -sheet.kick
            if neuron < 2 * sheet.n:
                yield 2 * pair * sheet.n + neuron, jump
            else:
                yield sheet.n**2 + pair * (sheet.n // 2) + neuron - 2 * sheet.n, jump
