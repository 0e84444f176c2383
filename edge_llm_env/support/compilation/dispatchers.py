"""Numba's dispatchers, changed so that a kernel is compiled as few times as it can be.

Numba itself compiles every function that a kernel calls as if Python called it: with wrappers that unpack each array of
each argument, optimised and translated to machine code on its own, and then optimised again in each of its callers, in
theirs, and so on. Of the 82 s of the first steps of Bandwidth-v0 that was more than half. Here only what is called from
Python is translated (`Kernel`); what it calls is a part of it (`_Part`), and what is too large for that is compiled
once, for all that call it (`LinkedKernel`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, ClassVar

from numba.core import sigutils, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import InlineOverloads, NopythonRewrites, NopythonTypeInference, PreLowerStripPhis
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    RewriteSemanticConstants,
    TranslateByteCode,
)

from edge_llm_env.support.compilation.boxing import interruptible_boxing
from edge_llm_env.support.compilation.collection import seldom_collected
from edge_llm_env.support.compilation.compile_progress import PROGRESS
from edge_llm_env.support.compilation.kernel_cache import kernel_cache

PASSES = (
    TranslateByteCode,
    FixupArgs,
    IRProcessing,
    RewriteSemanticConstants,
    DeadBranchPrune,
    GenericRewrites,
    ReconstructSSA,
    NopythonTypeInference,
    PreLowerStripPhis,
    InlineOverloads,
    NopythonRewrites,
)
"""Of Numba's own before it translates, those that kernels have a use for: the others look for closures, comprehensions,
`with`, literals to unroll and the like, and after most of them Numba finds out anew which variables live where."""


class _KernelCompiler(Compiler):
    """Numba's compiler, which says what it does, and does no more than kernels need."""

    def define_pipelines(self) -> list[PassManager]:
        """PASSES, and then what Numba does."""
        passes = PassManager("kernel")
        for one in PASSES:
            passes.add_pass(one, one.__name__)
        passes.passes.extend(DefaultPassBuilder.define_nopython_lowering_pipeline(self.state).passes)
        passes.finalize()
        return [passes]

    def _compile_bytecode(self) -> Any:
        name = f"{self.state.func_id.modname}.{self.state.func_id.func_qualname}"
        with PROGRESS.compiling(name), seldom_collected(), interruptible_boxing():
            return super()._compile_bytecode()


class _PartLibrary(JITCodeLibrary):
    """A function as its callers link it, which optimise and translate it with their own code."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


class _PartCompiler(_KernelCompiler):
    """A compiler that stops before machine code."""

    def __init__(
        self, typingctx: Any, targetctx: Any, library: None, args: Any, restype: Any, flags: Any, variables: Any
    ) -> None:
        flags.no_compile = True
        flags.no_cpython_wrapper = True
        part = _PartLibrary(targetctx.codegen(), "part")
        super().__init__(typingctx, targetctx, part, args, restype, flags, variables)


class _Callee(CPUDispatcher):
    """A function as kernels call it, one overload for each of the types that its arguments have there."""

    overloads: Any
    targetctx: Any

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Numba's, with integers as arguments instead of each constant that is passed for one as a type of its own."""
        return super().get_call_template(
            tuple(types.unliteral(kind) for kind in args), {name: types.unliteral(kind) for name, kind in kws.items()}
        )

    def get_overload(self, sig: Any) -> Any:
        """What Numba knows a compiled overload by: the library that its callers link."""
        return self.library_of(tuple(sigutils.normalize_signature(sig)[0]))

    def library_of(self, args: tuple[Any, ...]) -> JITCodeLibrary:
        """The library of the overload for arguments of these types."""
        raise NotImplementedError


class _Part(_Callee):
    """A function as part of the kernels that call it."""

    def add_overload(self, cres: Any) -> None:
        """Make an overload known to kernels; Python never calls it."""
        self.targetctx.insert_user_function(cres.library, cres.fndesc, [cres.library])
        self.overloads[tuple(cres.signature.args)] = cres

    def library_of(self, args: tuple[Any, ...]) -> JITCodeLibrary:
        """The code itself."""
        return self.overloads[args].library


class _LinkedCompiler(_KernelCompiler):
    """A compiler that names functions the same in every process, as machine code in the cache calls them by name."""

    def _compile_bytecode(self) -> Any:
        self.state.func_id.unique_id = 0
        return super()._compile_bytecode()


class _Cached(CPUDispatcher):
    """A function that Python calls, cached on disk."""

    compiler: ClassVar[type[Compiler]] = _KernelCompiler

    def __init__(
        self,
        py_func: Callable[..., Any],
        types_of_variables: dict[str, Any] | None = None,
        targetoptions: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(py_func, types_of_variables, targetoptions, self.compiler)
        self._cache = kernel_cache(py_func)


class Kernel(_Cached):
    """A function that Python calls, cached on disk; other kernels have it as a part."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._part = _Part(self.py_func, targetoptions=self.targetoptions, pipeline_class=_PartCompiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """How a kernel calls this: as a part of it."""
        return self._part.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        """What a kernel calls: a part of it."""
        return self._part.get_overload(sig)


class _NameLibrary(JITCodeLibrary):
    """Nothing to link, but what loads the code that a name stands for when a caller comes from the cache."""

    def __init__(self, codegen: Any, load: Callable[[], None]) -> None:
        super().__init__(codegen, "name")
        self._reload_init.add(load)
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        return self._final_module


class LinkedKernel(_Cached, _Callee):
    """A function that Python and kernels call, compiled once and cached on disk; kernels call it by its name."""

    compiler = _LinkedCompiler

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._names: dict[tuple[Any, ...], _NameLibrary] = {}

    def library_of(self, args: tuple[Any, ...]) -> JITCodeLibrary:
        """The name alone."""
        if args not in self._names:
            load = partial(_load, self.py_func.__module__, self.py_func.__name__, args)
            self._names[args] = _NameLibrary(self.targetctx.codegen(), load)
            self.targetctx.insert_user_function(self._names[args], self.overloads[args].fndesc, [self._names[args]])
        return self._names[args]


def _load(module: str, name: str, args: tuple[Any, ...]) -> None:
    """Have the machine code of a linked kernel in memory, from the cache if it is there."""
    getattr(import_module(module), name).compile(args)
