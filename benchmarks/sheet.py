"""Time the sheet of `balcourse.models.sheet` beside a plain scatter of the same contacts.

CPU seconds a biological second, minimum of three; the peer adds each spike's contacts one by one in
numba, as a network simulator does, and leaves the neurons' own dynamics out.
"""

import time

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.sheet import Sheet, SheetState


@kernel
def scatter(senders, n_e, wires_e, wires_i, weights_e, weights_i, arrivals):
    """Add every contact of every spike, from explicit lists of targets."""
    for sender in senders:
        if sender < n_e:
            for contact in range(wires_e.shape[1]):
                arrivals[0, wires_e[sender, contact]] += weights_e[contact]
        else:
            for contact in range(wires_i.shape[1]):
                arrivals[1, wires_i[sender - n_e, contact]] += weights_i[contact]


def cpu(function, *arguments):
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        result = function(*arguments)
        best = min(best, time.process_time() - start)
    return best, result


def main():
    print("side  CPU s / biological s  wall s   peer: contacts alone, CPU s   ratio")
    for n, duration in ((100, 200), (300, 40)):
        state = SheetState(Sheet(n=n), seed=1)
        state.advance(2000)
        start = time.perf_counter()
        ours, (_, senders) = cpu(state.advance, duration * 10)
        wall = (time.perf_counter() - start) / 3
        per_second = 1000 / duration
        peer = "left out: 500 MB of targets"
        ratio = ""
        if n == 100:
            lists = SheetState(Sheet(n=n, shuffled=True)).arguments
            kept = [lists[f"weights_{kind}"].ravel() for kind in "ei"]
            wires = [
                np.ascontiguousarray(lists[f"wires_{kind}"][:, weights > 0])
                for kind, weights in zip("ei", kept, strict=True)
            ]
            kept = [weights[weights > 0] for weights in kept]
            planes = np.zeros((2, n * n), np.float32)
            scatter(senders[:1], n * n, *wires, *kept, planes)
            theirs, _ = cpu(scatter, senders, n * n, *wires, *kept, planes)
            peer, ratio = f"{theirs * per_second:.3f}", f"{theirs / ours:.2f}"
        print(f"{n:4d} {ours * per_second:14.3f} {wall * per_second:14.3f}   {peer:>28} {ratio:>7}")


if __name__ == "__main__":
    main()
