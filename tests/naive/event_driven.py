"""Pulse-coupled neurons by their potentials, one closed form at a time: twin of `_advance`."""

import math


def potentials(network, phases):
    """Return the potentials at these phases."""
    root = math.sqrt(network.current)
    if network.neuron == "lif":
        return [network.current * (1 - math.exp(-phase)) for phase in phases]
    return [root * math.tan(phase / 2) for phase in phases]


def spikes(network, seed, duration, phases):
    """Return the (time, sender) of each spike."""
    first, targets = network.wiring(seed)
    current, root = network.current, math.sqrt(network.current)
    kick = network.strength / math.sqrt(network.in_degree)
    v, now, found = potentials(network, phases), 0.0, []
    while True:
        if network.neuron == "lif":
            waits = [math.log((current - one) / (current - 1)) for one in v]
        else:
            waits = [(math.pi / 2 - math.atan(one / root)) / root for one in v]
        sender = min(range(network.n), key=waits.__getitem__)
        wait = waits[sender]
        if now + wait > duration:
            return found
        now += wait
        found.append((now, sender))
        if network.neuron == "lif":
            v = [current + (one - current) * math.exp(-wait) for one in v]
            v[sender] = 0.0
        else:
            v = [root * math.tan(math.atan(one / root) + root * wait) for one in v]
            v[sender] = -1e300
        for synapse in range(first[sender], first[sender + 1]):
            v[targets[synapse]] -= kick
