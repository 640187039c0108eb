"""The laboratories of the lessons compute the bits, and the models, that they say."""

import numpy as np
import pytest
from webassembly import ran

from balcourse.models.binary import BalancedNetwork
from balcourse.models.glauber import GlauberNetwork
from balcourse.models.sheet import Sheet, SheetState
from balcourse.page import labs
from balcourse.theory.glauber import boltzmann, stationary

NETWORK = BalancedNetwork(n_e=400, n_i=300, k=60, m_0=0.2, fixed_in_degree=True)
COUPLING = np.array([[0, 1, -0.5], [1, 0, 0.2], [-0.5, 0.2, 0]])
UNITS = GlauberNetwork(COUPLING, threshold=[0.1, -0.2, 0.3], temperature=0.5)
RING = np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
ALT = "The first picture of the laboratory, as the tests of the page need one."
LABS = {
    "network": lambda: labs.balanced_network(NETWORK, alt=ALT),
    "copies": lambda: labs.two_copies(NETWORK, alt=ALT),
    "units": lambda: labs.boltzmann(UNITS, RING, alt=ALT),
    "waves": lambda: labs.travelling_waves(alt=ALT),
}


@pytest.mark.parametrize("name", LABS)
def test_a_page_computes_the_same_bits_as_here(name):
    lab = LABS[name]()
    steps = 2 * lab.chunk + 7
    here, page = lab.run(steps), ran(lab, steps)
    for array in here.arrays:
        if array in lab.spec["arrays"]:
            assert page[array].tobytes() == here.arrays[array].tobytes(), array


def test_the_network_of_the_page_is_the_one_it_says():
    run = LABS["network"]().run(3_000)
    arrays = run.arrays
    sources = np.repeat(np.arange(700), np.diff(arrays["pointer"]))
    excitatory = np.bincount(arrays["targets"][sources < 400], minlength=700)
    inhibitory = np.bincount(arrays["targets"][sources >= 400], minlength=700)
    assert (excitatory == 60).all() and (inhibitory == 60).all()
    active = np.bincount(arrays["targets"], arrays["state"][sources], minlength=700)
    assert np.array_equal(arrays["counts"].sum(axis=0), active)
    same = NETWORK.simulate(25, warmup=5, seed=1)
    rates = run.rows("rates")[500:].mean(axis=0)
    expected = [same.activity_e.mean(), same.activity_i.mean(), 0.2]
    assert rates == pytest.approx(expected, rel=0.2)


def test_copies_are_one_until_the_flip_and_part_after_it():
    distance = LABS["copies"]().run(1_500).rows("distance")
    assert (distance[:500, 0] == distance[0, 0]).all()
    assert distance[-100:, 0].mean() > -1.2


def test_units_visit_states_as_often_as_boltzmann_says():
    lab = LABS["units"]()
    arrays = lab.run(40_000).arrays
    assert arrays["law"] == pytest.approx(boltzmann(UNITS), rel=1e-12)
    share = arrays["visits"] / arrays["visits"].sum()
    assert np.abs(share - boltzmann(UNITS)).sum() / 2 < 0.02


def test_asymmetric_units_leave_the_law():
    lab = LABS["units"]()
    lab.values = lab.values | {"asymmetry": 1.0, "shift": 0.25}
    arrays = lab.run(40_000).arrays
    driven = GlauberNetwork(COUPLING + RING, UNITS.threshold + 0.25, temperature=0.5)
    share = arrays["visits"] / arrays["visits"].sum()
    assert np.abs(share - stationary(driven)).sum() / 2 < 0.02
    assert np.abs(share - arrays["law"]).sum() / 2 > 0.1


def test_the_sheet_of_the_page_is_the_one_it_says():
    lab = LABS["waves"]()
    lab.values = lab.values | {"inhibitory_weight": 0.2, "external_e": 0.02}
    first, last = lab.run(0).arrays, lab.run(300).arrays
    state = SheetState(Sheet.small(inhibitory_weight=0.2, external_e=0.02), seed=1)
    for name in ("potential_e", "potential_i"):
        state.arguments[name][:] = first[name]
    state.advance(300)
    assert np.array_equal(first["weights_i"], state.arguments["weights_i"])
    for name in ("potential_e", "potential_i", "release_e", "synapse"):
        assert np.array_equal(last[name], state.arguments[name]), name
