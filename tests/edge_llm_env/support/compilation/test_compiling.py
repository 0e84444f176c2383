"""The disk cache of compiled kernels."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from numba.core.caching import IndexDataCacheFile

from edge_llm_env.support.compilation.kernel_cache import IndexFile


def index_file(folder: Path) -> IndexFile:
    return IndexFile(cache_path=str(folder), filename_base="kernel", source_stamp="stamp")


class Elsewhere:
    """A type that a signature in an index may name."""


def test_what_was_saved_is_found_again(tmp_path: Path):
    index_file(tmp_path).save("signature", "machine code")
    assert index_file(tmp_path).load("signature") == "machine code"
    assert index_file(tmp_path).load("another signature") is None


@pytest.mark.parametrize("lost", ["module", "type"])
def test_an_index_that_names_what_no_longer_exists_counts_as_empty(
    lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As after a rename of a module with a `NamedTuple` in it, whose name the pickled signatures hold."""
    module = types.ModuleType("module_of_an_older_version")
    monkeypatch.setattr(Elsewhere, "__module__", module.__name__)
    module.Elsewhere = Elsewhere
    monkeypatch.setitem(sys.modules, module.__name__, module)
    signature = (Elsewhere,)
    index_file(tmp_path).save(signature, "machine code")
    assert index_file(tmp_path).load(signature) == "machine code"
    if lost == "module":
        monkeypatch.delitem(sys.modules, module.__name__)
    else:
        del module.Elsewhere
    with pytest.raises((ImportError, AttributeError)):  # what Numba's own reader does
        IndexDataCacheFile(cache_path=str(tmp_path), filename_base="kernel", source_stamp="stamp").load("signature")
    assert index_file(tmp_path).load("signature") is None
    index_file(tmp_path).save("signature", "new machine code")
    assert index_file(tmp_path).load("signature") == "new machine code"
