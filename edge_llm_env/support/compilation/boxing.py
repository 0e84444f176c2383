"""Python's objects of what a kernel returns, made so that a signal may interrupt it.

Numba makes a named tuple by Python code: what looks up its class, and the class itself. If a signal came while the
kernel ran, its handler is called there; and where that raises, as that of Ctrl-C does, Numba goes on with an object
that there is not, which ends the process or hands on a tuple with a hole. Here the exception ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba.core.boxing  # noqa: F401 (registers what is replaced here)
from numba.core import cgutils, pythonapi, types


@contextmanager
def interruptible_boxing() -> Iterator[None]:
    """What is compiled meanwhile returns tuples, with names or without, as made here; Numba's compiler is locked."""
    registered = pythonapi._boxers.functions
    before = {kind: registered[kind] for kind in _MADE_HERE}
    registered.update(_MADE_HERE)
    try:
        yield
    finally:
        registered.update(before)


def _tuple(kind: Any, value: Any, context: Any) -> Any:
    """A tuple of a native one: a pointer, null with the exception set where making an item raised.

    Arrays among the items that were to come are not given back then: the exception ends what they were for.
    """
    builder, api = context.builder, context.pyapi
    made = cgutils.alloca_once_value(builder, api.tuple_new(kind.count))
    for at, kind_of_item in enumerate(kind):
        whole = builder.load(made)
        with builder.if_then(cgutils.is_not_null(builder, whole)):
            item = context.box(kind_of_item, builder.extract_value(value, at))
            with builder.if_else(cgutils.is_not_null(builder, item)) as (made_it, raised):
                with made_it:
                    api.tuple_setitem(whole, at, item)
                with raised:
                    api.decref(whole)
                    builder.store(cgutils.get_null_value(whole.type), made)
    return builder.load(made)


def _named(kind: Any, value: Any, context: Any) -> Any:
    """A named tuple likewise."""
    builder, api = context.builder, context.pyapi
    named = api.unserialize(api.serialize_object(kind.instance_class))
    made = cgutils.alloca_once_value(builder, cgutils.get_null_value(named.type))
    with builder.if_then(cgutils.is_not_null(builder, named)):
        items = _tuple(kind, value, context)
        with builder.if_then(cgutils.is_not_null(builder, items)):
            builder.store(api.call(named, items), made)
            api.decref(items)
        api.decref(named)
    return builder.load(made)


_MADE_HERE = {types.Tuple: _tuple, types.UniTuple: _tuple, types.NamedTuple: _named, types.NamedUniTuple: _named}
"""What makes tuples of each of Numba's kinds."""
