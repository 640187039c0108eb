"""Glauber dynamics on a page: a few units, how often each state occurs, and Boltzmann's law.

Updates are those of `balcourse.models.glauber`, one at a time; a step of the page is one attempt.
States are numbered as in `balcourse.theory.glauber`, unit 0 changing slowest.
"""

import math

from balcourse.models.elementary import exp
from balcourse.models.glauber import record
from balcourse.models.kernel import kernel
from balcourse.models.random import seed_words, uniform


@kernel
def begin_units(seed, random, state):
    """Choose the first state."""
    seed_words(random, seed, 0)
    for unit in range(state.size):
        state[unit] = uniform(random) < 0.5


@kernel
def prepare_units(
    symmetric, antisymmetric, threshold, asymmetry, shift, temperature, scale, state, effect, field,
    energies, law, visits,
):  # fmt: skip
    """Set couplings and fields for the present state; fill energies and law; forget the visits.

    Couplings are ``symmetric + asymmetry * antisymmetric``, thresholds are raised by `shift`.
    Energies, and Boltzmann's law for them, are those of the symmetric part.
    """
    n = state.size
    for target in range(n):
        field[target] = -math.floor((threshold[target] + shift) * scale + 0.5)
        for source in range(n):
            coupling = symmetric[target, source] + asymmetry * antisymmetric[target, source]
            effect[source, target] = math.floor(coupling * scale + 0.5)
            field[target] += effect[source, target] * state[source]
    lowest, total = math.inf, 0.0
    for number in range(law.size):
        energies[number] = 0.0
        for unit in range(n):
            if number >> (n - 1 - unit) & 1:
                energies[number] += threshold[unit] + shift
                for other in range(unit):
                    if number >> (n - 1 - other) & 1:
                        energies[number] -= symmetric[unit, other]
        lowest = min(lowest, energies[number])
    for number in range(law.size):
        law[number] = exp((lowest - energies[number]) / temperature)
        total += law[number]
    for number in range(law.size):
        law[number] /= total
        visits[number] = 0


@kernel
def follow_units(
    energy, visits, states, counts, state, field, effect, share, random, picked, limits, energies,
    temperature, scale, steps,
):  # fmt: skip
    """Continue for `steps` attempts of an update, and count each state after each of them."""
    record(counts[:steps], states[:steps], state, field, effect, share, 0, temperature * scale,
           random, picked, limits)  # fmt: skip
    for step in range(steps):
        number = 0
        for unit in range(state.size):
            number = 2 * number + states[step, unit]
        visits[number] += 1
        energy[step, 0] = energies[number]
