"""Run a page's kernels here, by wasmtime, from the same bytes as in a browser."""

import numpy as np
import pytest

from balcourse.page.wasm import flattened, parameters


class Instance:
    """One WebAssembly module and the arrays in its memory; numbers and arrays by name."""

    def __init__(self, module, arguments):
        wasmtime = pytest.importorskip("wasmtime")
        self.store = wasmtime.Store()
        module = wasmtime.Module(self.store.engine, module)
        assert list(module.imports) == []
        self.exports = wasmtime.Instance(self.store, module, []).exports(self.store)
        self.memory = self.exports["memory"]
        self.arguments, self.addresses = dict(arguments), {}
        end = self.scratch = self.exports["heap"].value(self.store)
        end += 16
        for name, value in arguments.items():
            if isinstance(value, np.ndarray):
                end = self.addresses[name] = -(-end // 16) * 16
                end += value.nbytes
        self.memory.grow(self.store, max(0, -(-end // 65536) - self.memory.size(self.store)))
        for name in self.addresses:
            self[name] = arguments[name]

    def __getitem__(self, name):
        like, address = self.arguments[name], self.addresses[name]
        held = self.memory.read(self.store, address, address + like.nbytes)
        return np.frombuffer(bytes(held), like.dtype).reshape(like.shape)

    def __setitem__(self, name, array):
        self.memory.write(self.store, array.tobytes(), self.addresses[name])

    def call(self, kernel, **numbers):
        """Call a kernel with the arrays held here and the numbers given here or at first."""
        given = self.arguments | numbers
        flat = [self.scratch, self.scratch + 8]
        for name in parameters(kernel):
            held = name in self.addresses
            flat += flattened(given[name], self.addresses[name]) if held else [given[name]]
        assert self.exports[kernel.__name__](self.store, *flat) == 0


def ran(lab, steps, **numbers):
    """Start a laboratory's model as the page does, take steps, and return the instance."""
    page = Instance(lab.module, lab.arguments)
    step, start, change = lab.kernels
    for kernel in (*start, *change):
        page.call(kernel, steps=0, **numbers)
    for done in range(0, steps, lab.chunk):
        page.call(step, steps=min(lab.chunk, steps - done), **numbers)
    return page
