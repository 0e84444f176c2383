"""Arguments of public functions, checked against their annotations before anything is made of them."""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from edge_llm_env.support.naming import one_of, shown

Function = TypeVar("Function", bound=Callable[..., Any])


def checked(function: Function) -> Function:
    """The function, which raises TypeError, one line, for an argument that is not as its annotation says.

    The line names the argument, its value and what it must be. What an annotation cannot say, such as a range, is the
    function's own to check; annotations of which nothing can be told (`Any`, types of other packages that are only
    imported to be named) are not checked.
    """
    accepted: dict[str, Any] = {}
    names = tuple(inspect.signature(function).parameters)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not accepted:
            accepted.update(types_of(function))
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in accepted and not accepts(accepted[name], value):
                raise TypeError(f"{name} = {shown(value)}: must be {described(accepted[name])}")
        return function(*args, **kwargs)

    return cast(Function, call)


def types_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Types of the parameters by name; those that cannot be resolved are left out."""
    module = inspect.getmodule(function)
    known = {"self": Any}
    for name, parameter in inspect.signature(function).parameters.items():
        written = parameter.annotation
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or written is parameter.empty:
            continue
        try:
            stub = types.SimpleNamespace(__annotations__={name: written})
            known[name] = get_type_hints(stub, globalns=vars(module))[name]
        except (NameError, TypeError, AttributeError):
            continue
    return known


def accepts(annotation: Any, value: Any) -> bool:
    """Whether a value is as an annotation says, as far as can be told without computing anything of it."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in (Any, object) or isinstance(annotation, TypeVar):
        return True
    if annotation is None or annotation is type(None):
        return value is None
    if origin in (Union, types.UnionType):
        return any(accepts(one, value) for one in args)
    if origin is Literal:
        return value in args
    if annotation is bool:
        return isinstance(value, bool | np.bool_)
    if annotation is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if annotation is float:
        return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if origin is np.ndarray or annotation is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype.kind in _kinds(args)
    if origin in (Sequence, list, tuple):
        right = isinstance(value, origin) and not isinstance(value, str | bytes)
        return right and (origin is tuple or all(accepts(args[0], one) for one in value))
    if origin is type:
        return isinstance(value, type)
    kind = origin or annotation
    if kind is Iterable:
        return isinstance(value, Iterable) and not isinstance(value, str | bytes)
    if getattr(kind, "_is_protocol", False):
        return all(callable(getattr(value, name, None)) for name in vars(kind) if not name.startswith("_"))
    return isinstance(value, kind) if inspect.isclass(kind) else True


def described(annotation: Any) -> str:
    """An annotation in words."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is None or annotation is type(None):
        return "None"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(described(one) for one in args))
    if origin is np.ndarray:
        return f"a NumPy array of {_WORDS.get(_kinds(args), 'anything')}"
    if origin is Literal:
        return " or ".join(map(repr, args))
    if origin in (Sequence, list, Iterable):
        return f"a sequence of {described(args[0])}" if args else "a sequence"
    kind = origin or annotation
    if kind is Mapping:
        return "a mapping"
    if kind is os.PathLike:
        return "a path"
    if kind is Callable or "Callable" in str(kind):
        return "a function"
    words = {int: "a whole number", float: "a number", str: "text", bool: "True or False"}
    return words.get(kind) or f"of type {getattr(kind, '__name__', kind)}"


def _kinds(args: tuple[Any, ...]) -> str:
    """Kinds of NumPy's dtypes that an annotation of an array admits."""
    inside = get_args(args[1]) if len(args) > 1 else ()
    scalar = inside[0] if inside else None
    if not inspect.isclass(scalar):
        return "biufOUSVcmM"
    for base, kinds in ((np.bool_, "b"), (np.integer, "iu"), (np.floating, "fiu")):
        if issubclass(scalar, base):
            return kinds
    return "biufOUSVcmM"


_WORDS = {"b": "bool", "iu": "whole numbers", "fiu": "numbers"}


def checked_seeds(seed: Any, rows: int) -> list[int | None]:
    """The seed of each row: of one seed s + i for row i, of a sequence, one for each, its entries; None draws one.

    Raises ValueError, one line, for what is no seed, or not as many as there are rows.
    """
    listed = isinstance(seed, Sequence) and not isinstance(seed, str | bytes)
    several = listed or (isinstance(seed, np.ndarray) and seed.ndim > 0)
    for one in seed if several else [seed]:
        if one is not None and (not isinstance(one, int | np.integer) or isinstance(one, bool) or one < 0):
            raise ValueError(f"seed = {shown(seed)}: must be a whole number, at least 0, None, or a sequence of them")
    if not several:
        return [None if seed is None else int(seed) + row for row in range(rows)]
    if len(seed) != rows:
        raise ValueError(f"seed has {len(seed)} entries: must have {rows}")
    return [None if one is None else int(one) for one in seed]


def checked_options(options: dict[str, Any] | None, *known: str) -> dict[str, Any]:
    """The options of a reset, none if there are none; a ValueError names one that is not known."""
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise TypeError(f"options = {shown(options)}: must be a dictionary, of {' and '.join(known)}")
    for name in options:
        one_of("options", name, known)
    return options
