"""Time the sheet of `balcourse.models.sheet` beside a plain scatter of the same contacts.

Wall seconds a biological second, minimum of five; the peer adds each spike's contacts one by one in
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


def least(function, *arguments):
    """Return the least wall seconds of five calls, and what the last one returned."""
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        result = function(*arguments)
        best = min(best, time.perf_counter() - start)
    return best, result


def main():
    """Print one row a size; the limits are wall seconds on two threads."""
    print("side  one thread  two threads (at most)   peer, one thread: contacts alone")
    for n, duration, limit in ((100, 200, 0.5), (300, 40, 8)):
        sheet, per_second = Sheet(n=n), 1000 / duration
        walls = []
        for threads in (1, 2):
            state = SheetState(sheet, seed=1, threads=threads)
            state.advance(2000)
            wall, (_, senders) = least(state.advance, duration * 10)
            walls.append(wall * per_second)
        peer = "left out: 500 MB of targets"
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
            theirs, _ = least(scatter, senders, n * n, *wires, *kept, planes)
            peer = f"{theirs * per_second:.3f} s"
        print(f"{n:4d} {walls[0]:9.3f} s {walls[1]:10.3f} s ({limit} s)   {peer:>27}")


if __name__ == "__main__":
    main()
