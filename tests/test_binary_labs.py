"""The laboratories of the balanced network compute the bits, and the model, that they say."""

import numpy as np
import pytest
from webassembly import ran

from balcourse.models.binary import BalancedNetwork
from balcourse.page import binary_labs

NETWORK = BalancedNetwork(n_e=400, n_i=300, k=60, m_0=0.2, fixed_in_degree=True)
ALT = "The first picture of the laboratory, as the tests of the page need one."
LABS = {
    "network": lambda: binary_labs.balanced_network(NETWORK, alt=ALT),
    "copies": lambda: binary_labs.two_copies(NETWORK, alt=ALT),
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
