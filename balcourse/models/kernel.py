"""The one decorator under every time-stepping kernel of the course.

A kernel is a numba function over arrays that its caller made. It allocates nothing, raises
nothing, holds no Python object and takes its random state as an argument, so that the same source
runs natively, in the reader's browser (`balcourse.page.wasm`) and, through `.py_func`, under a
debugger. Compiled code is cached under a name made from the content of the whole package, because
numba's own cache misses a change in a function that another file calls.
"""

import os

import numba
import numba.core.config
from llvmlite import binding

from balcourse.cache import cache_folder

if "NUMBA_CACHE_DIR" not in os.environ:
    numba.core.config.CACHE_DIR = str(cache_folder("numba"))
_FEATURES = binding.get_host_cpu_features()
if _FEATURES.get("avx512bw") and "NUMBA_CPU_FEATURES" not in os.environ:
    # LLVM halves its vectors on Intel's processors unless told otherwise: a fifth of the speed.
    numba.core.config.CPU_NAME = binding.get_host_cpu_name()
    numba.core.config.CPU_FEATURES = f"{_FEATURES.flatten()},-prefer-256-bit"


def kernel(function=None, **options):
    """Compile `function` with numba, cached, without the GIL, and with IEEE arithmetic.

    No fast-math: the last bit must be the same natively and in WebAssembly. No reference counts
    either: counting those of a tuple of arrays costs the spiking network a quarter of its time,
    and without them numba refuses a kernel that allocates.

    Parameters
    ----------
    function : callable
        A function over scalars and arrays, as this module describes.
    **options
        Passed to `numba.njit`, for example ``inline="always"`` or ``parallel=True``.

    Examples
    --------
    >>> import numpy as np
    >>> @kernel(cache=False)
    ... def double(values):
    ...     for index in range(values.size):
    ...         values[index] *= 2
    >>> values = np.array([1.0, 2.0])
    >>> double(values)
    >>> values
    array([2., 4.])

    """
    decorate = numba.njit(
        **{
            "cache": True,
            "nogil": True,
            "error_model": "numpy",
            "boundscheck": False,
            "_nrt": False,
        }
        | options
    )
    return decorate if function is None else decorate(function)
