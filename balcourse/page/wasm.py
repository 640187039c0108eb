"""A kernel in the browser: from numba's function to WebAssembly bytes.

The kernel's Python source is compiled again, without optimisation, by the LLVM inside numba;
the result is retargeted to wasm32, optimised, and written as a module that imports nothing: it can
call no function but its own. The same bytes give the same numbers as the native kernel, bit for
bit, because both do the same IEEE operations in the same order. Needs numba and llvmlite only.
"""

import contextlib
import hashlib
import inspect
import pathlib
import re
import types

import llvmlite
import llvmlite.binding as llvm
import numba
import numba.core.config
import numpy as np
from numba.core import errors
from numba.core.dispatcher import Dispatcher

from balcourse.cache import cache_folder

_TRIPLE = "wasm32-unknown-unknown"
_LAYOUT = "e-m:e-p:32:32-p10:8:8-p20:8:8-i64:64-i128:128-n32:64-S128-ni:1:10:20"
_FEATURES = "+simd128,+bulk-memory,+bulk-memory-opt,+nontrapping-fptoint,+sign-ext,+mutable-globals"
_STACK = 1 << 16
_PAGE = 1 << 16


def compile_wasm(*kernels, arguments):
    r"""Compile kernels to one WebAssembly module.

    The module exports a function for each kernel, under the kernel's name; ``memory``; and
    ``heap``, the address from which the caller may place arrays. A function is called as
    ``kernel(returned, error, *flattened)`` and gives 0 on success: the first two are addresses
    of 8 free bytes, a scalar is itself, and an array is the numbers that `flattened` lists.

    Parameters
    ----------
    *kernels : numba dispatcher
        Functions made by `balcourse.models.kernel.kernel`.
    arguments : dict
        For each parameter name, an array or scalar whose type the parameter takes.

    Returns
    -------
    bytes
        The module. It is kept on disk under a name made from the kernels' content.

    Raises
    ------
    ValueError
        If a kernel allocates memory, raises, calls Python, uses numba's hidden random state or
        calls a function that WebAssembly does not have; the message names the line.

    Examples
    --------
    >>> from balcourse.models.kernel import kernel
    >>> @kernel(cache=False)
    ... def decay(rates, factor):
    ...     for index in range(rates.size):
    ...         rates[index] *= factor
    >>> module = compile_wasm(decay, arguments={"rates": np.ones(3), "factor": 0.5})
    >>> module[:4]
    b'\x00asm'

    """
    calls = [(kernel, signature(kernel, arguments)) for kernel in kernels]
    content = repr((numba.__version__, llvmlite.__version__))
    content += "".join(f"{_content(kernel)} {types_}" for kernel, types_ in calls)
    folder = cache_folder("wasm")
    path = folder / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.wasm"
    with contextlib.suppress(OSError):
        return path.read_bytes()
    module = _linked(_object(calls), [kernel.__name__ for kernel in kernels])
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{id(module)}")
        partial.write_bytes(module)
        partial.replace(path)
    return module


def parameters(kernel):
    """Return the names of a kernel's parameters, in order."""
    return list(inspect.signature(kernel.py_func).parameters)


def signature(kernel, arguments):
    """Return the numba types of a kernel's parameters.

    Raises
    ------
    ValueError
        If an argument is missing, or is neither a C-contiguous array nor a number.

    """
    chosen = []
    for name in parameters(kernel):
        if name not in arguments:
            raise ValueError(f"{kernel.__name__} needs {name!r}; given: {', '.join(arguments)}")
        kind = numba.typeof(arguments[name])
        is_array = isinstance(kind, numba.types.Array) and kind.layout == "C"
        if not (is_array or isinstance(kind, numba.types.Number)):
            raise ValueError(f"{name} is {kind}: a kernel takes numbers and C-contiguous arrays")
        chosen.append(kind)
    return tuple(chosen)


def flattened(array, address):
    """Return the numbers that stand for an array at `address` in a call.

    Meminfo and parent object (none), number of items, bytes an item, address, shape, strides.
    """
    return [0, 0, array.size, array.itemsize, address, *array.shape, *array.strides]


# -- The kernel's content and its twin -----------------------------------------------------------


def _references(function):
    """Return the globals and closure values that a Python function names."""
    scope = inspect.getclosurevars(function)
    return dict(sorted((scope.globals | scope.nonlocals).items()))


def _content(kernel):
    """Describe everything that decides what a kernel computes."""
    code = kernel.py_func.__code__
    parts = [code.co_code.hex(), repr(code.co_consts), repr(code.co_names)]
    for name, value in _references(kernel.py_func).items():
        if isinstance(value, Dispatcher):
            parts.append(f"{name}={_content(value)}")
        elif isinstance(value, np.ndarray):
            parts.append(f"{name}={value.dtype}{value.shape}{value.tobytes().hex()}")
        else:
            parts.append(f"{name}={getattr(value, '__qualname__', None) or value!r}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _twin(kernel, **options):
    """Copy a kernel and the kernels it calls, so that they are compiled from their source."""
    function = kernel.py_func
    scope = {
        name: _twin(value, **options) if isinstance(value, Dispatcher) else value
        for name, value in _references(function).items()
    }
    copy = types.FunctionType(
        function.__code__,
        function.__globals__ | scope,
        function.__name__,
        function.__defaults__,
        tuple(types.CellType(scope[name]) for name in function.__code__.co_freevars) or None,
    )
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__qualname__
    kept = {
        name: kernel.targetoptions[name]
        for name in ("error_model", "inline", "fastmath")
        if name in kernel.targetoptions
    }
    return numba.njit(copy, **{"_nrt": False, "no_cpython_wrapper": True} | kept | options)


# -- From the twin to an object file -------------------------------------------------------------


@contextlib.contextmanager
def _unoptimised():
    """Keep LLVM from optimising for this machine while a twin is compiled."""
    config = numba.core.config
    kept = config.OPT
    config.OPT = type(kept)(0)
    try:
        yield
    finally:
        config.OPT = kept


def _intermediate(kernel, types_, **options):
    """Compile one kernel to an LLVM module for wasm32 that keeps one function, of its name."""
    twin = _twin(kernel, **options)
    with _unoptimised():
        twin.compile(types_)
    compiled = twin.overloads[types_]
    text = compiled.library.get_llvm_str()
    text = re.sub(r'target datalayout = ".*"', f'target datalayout = "{_LAYOUT}"', text)
    text = re.sub(r'target triple = ".*"', f'target triple = "{_TRIPLE}"', text)
    for name in ("sqrt", "fabs", "floor", "ceil", "trunc", "rint"):  # instructions, not functions
        if f"@{name}(double" in text:
            text = re.sub(rf"^declare .*@(llvm\.)?{name}(\.f64)?\(.*$", "", text, flags=re.M)
            text = text.replace(f"@{name}(", f"@llvm.{name}.f64(")
            text += f"\ndeclare double @llvm.{name}.f64(double)\n"
    text = re.sub(r"= (common|linkonce|linkonce_odr|weak) ", "= internal ", text)
    module = llvm.parse_assembly(text)
    for function in module.functions:
        if function.name == compiled.fndesc.llvm_func_name:
            function.name = kernel.__name__
        elif not function.is_declaration:
            function.linkage = "internal"
    _optimised(module)
    return module


def _optimised(module):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(_TRIPLE).create_target_machine(
        cpu="generic", features=_FEATURES, opt=3, reloc="static", codemodel="default"
    )
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = True
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    module.verify()
    return machine


def _object(calls):
    """Return a relocatable WebAssembly object that holds all kernels."""
    module = None
    for kernel, types_ in calls:
        try:
            part = _intermediate(kernel, types_)
            problems = _offences(part)
        except errors.NumbaError as error:
            problems = [str(error)]
        if problems:
            with contextlib.suppress(errors.NumbaError):
                problems = (
                    _offences(_intermediate(kernel, types_, debug=True, _nrt=True)) or problems
                )
            raise ValueError(f"{kernel.__name__} cannot run in a page: {'; '.join(problems)}")
        if module is None:
            module = part
        else:
            module.link_in(part)
    return _optimised(module).emit_object(module)


# -- What a kernel may not do --------------------------------------------------------------------

# LLVM operations that are WebAssembly instructions or that need no function of a C library.
_INSTRUCTIONS = (
    "abs|assume|bitreverse|bswap|ceil|copysign|ct(lz|pop|tz)|dbg|experimental.noalias|fabs|floor|"
    "fsh[lr]|is.fpclass|lifetime|masked|mem(cpy|move|set)|nearbyint|prefetch|rint|roundeven|"
    "[su](min|max|cmp)|(min|max)(num|imum)|[su](add|mul|sub).(with.overflow|sat)|sqrt|trunc|vector|"
    "fpto[su]i.sat"
)
_CALL = re.compile(rf'call .*?@"?(?!llvm\.({_INSTRUCTIONS})[.(])(?P<symbol>[\w.$]+)')
_REASONS = (
    (r"NRT_.*alloc", "allocates memory; pass the array in"),
    (r"numba_(get|rnd|.*random)", "uses numba's hidden random state; pass one in"),
    (r"numba_|Py|_Py", "calls Python"),
    (r"(llvm\.)?(\w+)", r"calls \2, which a page lacks; pass a table of its values"),
)


def _offences(module):
    """Say, one phrase each, what the optimised module does that a page cannot do."""
    text = str(module)
    own = {function.name for function in module.functions if not function.is_declaration}
    found, raised = {}, {}
    for line in text.splitlines():
        call = _CALL.search(line)
        symbol = call and call["symbol"]
        if symbol and symbol not in own and not re.match("NRT_(?!.*alloc)", symbol):
            match, said = next(
                (m, said) for form, said in _REASONS if (m := re.match(form, symbol))
            )
            found.setdefault(_place(text, line), match.expand(said))
        elif " frem " in line:
            found.setdefault(_place(text, line), "takes the remainder of floats")
        elif re.search(r"inttoptr \(i64 \d{6,}", line):
            found.setdefault(_place(text, line), "refers to an object of this Python process")
        elif re.search(r"store .*ptr %excinfo", line):
            raised[_place(text, line)] = "raises an exception"
    found = found or raised
    return [
        f"{said}{place or ' (in a function that it calls)'}"
        for place, said in found.items()
        if place or len(found) == 1
    ]


def _place(text, line):
    """Return where the debug information of an LLVM instruction says it comes from."""
    mark = re.search(r"!dbg (!\d+)", line)
    location = mark and re.search(
        rf"^{mark[1]} = .*DILocation\(line: (\d+).*scope: (!\d+)", text, re.M
    )
    if not location:
        return ""
    scope = location[2]
    while entry := re.search(rf"^{scope} = .*", text, re.M):
        if source := re.search(r"file: (!\d+)", entry[0]):
            file = re.search(rf'^{source[1]} = !DIFile\(filename: "(.*?)"', text, re.M)
            return f" ({pathlib.Path(file[1]).name}, line {location[1]})"
        scope = re.search(r"scope: (!\d+)", entry[0])[1]
    return f" (line {location[1]})"


# -- From the object file to a module ------------------------------------------------------------


def _linked(object_file, names):
    """Turn a relocatable object without outside functions into a module that imports nothing.

    Addresses in an object start from 0, so what is left of a linker's work is to give the module
    its own memory and stack, and to export. Sections and symbols are those of
    https://webassembly.github.io/spec and of WebAssembly's tool conventions, Linking.md.
    """
    sections = dict(_sections(object_file))
    table = None
    for name, kind in _imports(sections.pop(2)):
        if kind == 0:
            raise ValueError(f"{', '.join(names)}: calls {name}, which WebAssembly lacks")
        table = table or kind == 1
    data_end = max((offset + size for offset, size in _segments(sections.get(11))), default=0)
    heap = -(-(data_end + _STACK) // 16) * 16
    functions = _functions(sections[0])
    if table:
        sections[4] = _vector([b"\x70\x00\x01"])
    sections[5] = _vector([b"\x00" + _leb(-(-heap // _PAGE))])
    sections[6] = _vector(
        [b"\x7f\x01\x41" + _signed(heap) + b"\x0b", b"\x7f\x00\x41" + _signed(heap) + b"\x0b"]
    )
    exports = [_name("memory") + b"\x02\x00", _name("heap") + b"\x03\x01"]
    exports += [_name(name) + b"\x00" + _leb(functions[name]) for name in names]
    sections[7] = _vector(exports)
    body = b"".join(
        bytes([number]) + _leb(len(sections[number])) + sections[number]
        for number in (1, 3, 4, 5, 6, 7, 9, 12, 10, 11)
        if number in sections
    )
    return b"\x00asm\x01\x00\x00\x00" + body


class _Reader:
    """A cursor over WebAssembly's encoding."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    def take(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def name(self):
        return self.take(self.number()).decode()


def _sections(module):
    """Yield (number, content) of each section; of the custom ones, only "linking", as number 0."""
    reader = _Reader(module)
    reader.take(8)
    while reader.at < len(module):
        number = reader.byte()
        content = reader.take(reader.number())
        if number == 0:
            inner = _Reader(content)
            if inner.name() != "linking":
                continue
            content = content[inner.at :]
        yield number, content


def _imports(section):
    """Yield (name, kind): 0 function, 1 table, 2 memory, 3 global."""
    reader = _Reader(section)
    for _ in range(reader.number()):
        reader.name()
        name, kind = reader.name(), reader.byte()
        yield name, kind
        if kind == 1:
            reader.byte()
        if kind in (1, 2):
            bounded = reader.byte() & 1
            for _ in range(1 + bounded):
                reader.number()
        elif kind == 3:
            reader.take(2)
        else:
            reader.number()


def _segments(section):
    """Yield (offset, size) of the constants."""
    if section is None:
        return
    reader = _Reader(section)
    for _ in range(reader.number()):
        reader.take(2)
        offset = reader.number()
        reader.take(1)
        size = reader.number()
        reader.take(size)
        yield offset, size


def _functions(section):
    """Return the index of each named function from the symbol table of "linking"."""
    reader = _Reader(section)
    reader.number()
    while reader.byte() != 8:
        reader.take(reader.number())
    reader.number()
    found = {}
    for _ in range(reader.number()):
        kind, flags = reader.byte(), reader.number()
        undefined, named = flags & 0x10, flags & 0x40
        if kind == 1:
            reader.name()
            if not undefined:
                reader.number(), reader.number(), reader.number()
        elif kind == 3:
            reader.number()
        else:
            index = reader.number()
            if not undefined or named:
                name = reader.name()
                if kind == 0:
                    found[name] = index
    return found


def _leb(number):
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes(encoded) + bytes([number])


def _signed(number):
    """Encode a number that is not negative for an instruction that takes a signed one."""
    encoded = _leb(number)
    return encoded if encoded[-1] < 64 else encoded[:-1] + bytes([encoded[-1] | 128, 0])


def _name(text):
    return _leb(len(text)) + text.encode()


def _vector(items):
    return _leb(len(items)) + b"".join(items)
