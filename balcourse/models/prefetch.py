"""Ask for memory before it is needed, so that many waits become one."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload


def prefetch(array, index):
    """Ask for the line of memory that holds `array[index]`, without waiting for it.

    A hint: it changes no result, and outside compiled code it does nothing.
    """


@overload(prefetch)
def _overloaded(array, index):
    return lambda array, index: _prefetch(array, index)


@intrinsic
def _prefetch(typing_context, array, index):
    def generate(context, builder, signature, arguments):
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        place = cgutils.get_item_pointer(
            context, builder, kind, view, [arguments[1]], wraparound=False
        )
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0",
        )
        reading, lasting, data = (ir.Constant(number, value) for value in (0, 3, 1))
        builder.call(hint, [builder.bitcast(place, byte), reading, lasting, data])
        return context.get_dummy_value()

    return types.void(array, index), generate
