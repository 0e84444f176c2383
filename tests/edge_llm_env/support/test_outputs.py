"""Where nothing can be written is told before anything is made."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_llm_env.support.outputs import OutputFile, OutputFolder, check_outputs


@dataclass(frozen=True)
class Inner:
    results: OutputFolder = Path("results")


@dataclass(frozen=True)
class Options:
    inner: Inner = field(default_factory=Inner)
    page: OutputFile | None = None
    read: Path = Path("nowhere/at/all")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")


@pytest.mark.parametrize("path", ["folder", "new", "new/below", "folder/new"])
def test_what_is_there_and_what_can_be_made_is_taken(path: str) -> None:
    check_outputs(Options(Inner(Path(path)), Path(path, "page.md")))
    check_outputs(Options(page=Path("file")))
    assert sorted(os.listdir()) == ["file", "folder", "loop"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(Inner(Path("file"))), "results = 'file': Not a directory; must be a folder that can be written"),
        (Options(Inner(Path("file/below"))), "results = 'file/below': Not a directory; must be a folder"),
        (Options(Inner(Path("loop"))), "results = 'loop': Not a directory"),
        (Options(Inner(Path("x" * 300))), "File name too long; must be a folder that can be written"),
        (Options(page=Path("folder")), "page = 'folder': Is a directory; must be a file that can be written"),
        (Options(page=Path("file/page.md")), "page = 'file/page.md': Not a directory; must be a file"),
        (Options(page=Path("x" * 300, "page.md")), "File name too long; must be a file that can be written"),
    ],
)
def test_what_is_in_the_way_is_told_with_the_field(options: Options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_outputs(options)


@pytest.mark.parametrize("path", ["folder", "folder/new/below"])
def test_a_folder_that_may_not_be_written_is_told(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda at, mode: Path(at) != Path("folder"))
    for options in (Options(Inner(Path(path))), Options(page=Path(path, "page.md"))):
        with pytest.raises(ValueError, match="Permission denied"):
            check_outputs(options)
