"""The disk cache of compiled kernels: whatever is wrong with it costs compiling and nothing else."""

from __future__ import annotations

import errno
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from numba.core.caching import FunctionCache, NullCache

from edge_llm_env.support.compilation import kernel_cache as caching
from edge_llm_env.support.compilation.kernel_cache import KernelCache, KernelFiles, kernel_cache


def cache_files(folder: Path, stamp: str = "stamp") -> KernelFiles:
    return KernelFiles(folder, "kernel", (stamp,))


class Elsewhere:
    """A type that a cached kernel may name."""


def kernel(x: float) -> float:
    return x


def test_what_was_saved_is_found_again(tmp_path: Path):
    cache_files(tmp_path).save("signature", "machine code")
    assert cache_files(tmp_path).load("signature") == "machine code"
    assert cache_files(tmp_path).load("another signature") is None
    assert cache_files(tmp_path, "another source").load("signature") is None
    cache_files(tmp_path).flush()
    assert cache_files(tmp_path).load("signature") is None
    assert not list(tmp_path.iterdir())


def test_two_that_save_at_once_do_not_get_each_others_code(tmp_path: Path):
    """Both look before either writes; Numba would give both codes the number 1."""
    first, second = cache_files(tmp_path), cache_files(tmp_path)
    assert (first.load("floats"), second.load("integers")) == (None, None)
    first.save("floats", "code for floats")
    second.save("integers", "code for integers")
    assert cache_files(tmp_path).load("floats") == "code for floats"
    assert cache_files(tmp_path).load("integers") == "code for integers"


def test_damaged_files_are_as_if_they_were_not_there(tmp_path: Path):
    cache_files(tmp_path).save("signature", ["machine code"] * 20)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (
        *(whole[:size] for size in range(0, len(whole), 7)),
        *(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 7)),
        whole + b"more",
        b"\0" * len(whole),
    ):
        file.write_bytes(damaged)
        assert cache_files(tmp_path).load("signature") is None
    file.unlink()
    file.mkdir()
    assert cache_files(tmp_path).load("signature") is None


@pytest.mark.parametrize("lost", ["module", "type"])
def test_code_that_names_what_no_longer_exists_is_compiled_again(
    lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module: Any = types.ModuleType("module_of_an_older_version")
    monkeypatch.setattr(Elsewhere, "__module__", module.__name__)
    module.Elsewhere = Elsewhere
    monkeypatch.setitem(sys.modules, module.__name__, module)
    cache_files(tmp_path).save("signature", Elsewhere)
    assert cache_files(tmp_path).load("signature") is Elsewhere
    if lost == "module":
        monkeypatch.delitem(sys.modules, module.__name__)
    else:
        del module.Elsewhere
    assert cache_files(tmp_path).load("signature") is None
    cache_files(tmp_path).save("signature", "new machine code")
    assert cache_files(tmp_path).load("signature") == "new machine code"


def test_where_no_folder_can_be_written_nothing_is_kept_and_once_it_says_so(monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    monkeypatch.setattr(caching.PROGRESS, "not_kept", said.append)
    monkeypatch.setattr(FunctionCache._impl_class, "_locator_classes", [])
    assert isinstance(kernel_cache(kernel), NullCache)
    assert said == ["neither the package's folder nor the user's cache folder can be written"]


def test_a_disk_that_is_full_loses_the_code_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    monkeypatch.setattr(caching.PROGRESS, "not_kept", said.append)

    def full(self: Any, sig: Any, data: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FunctionCache, "save_overload", full)
    KernelCache(kernel).save_overload("signature", "code")
    (line,) = said
    assert line.endswith(": No space left on device")


def test_a_kernel_of_no_file_is_not_cached(monkeypatch: pytest.MonkeyPatch):
    def cell() -> int:
        return 1

    monkeypatch.setitem(sys.modules, "cell_of_a_notebook", types.ModuleType("cell_of_a_notebook"))
    cell.__module__ = "cell_of_a_notebook"
    assert isinstance(kernel_cache(cell), NullCache)
