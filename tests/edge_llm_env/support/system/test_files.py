"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_llm_env.support.system.files import write_bytes, write_text


def test_folders_on_the_way_are_made_and_what_was_there_is_replaced(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "one.txt", "δ")
    write_bytes(tmp_path / "a" / "b" / "one.txt", b"two")
    assert [path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()] == [b"two"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_what_was_there_stays_and_nothing_else_is_left(
    error: BaseException, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "one.txt", "before")

    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(*((os, at) if at == "fsync" else (Path, at)), fail)
    with pytest.raises(type(error)) as raised:
        write_text(tmp_path / "one.txt", "after")
    if isinstance(error, OSError):
        assert str(raised.value) == f"[Errno {error.errno}] No space left on device: '{tmp_path / 'one.txt'}'"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("one.txt", "before")]


def test_only_a_file_that_is_open_for_writing_is_put_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses any other; so does this one."""

    def as_on_windows(descriptor: int) -> None:
        os.write(descriptor, b"")  # fails where it is open for reading

    monkeypatch.setattr(os, "fsync", as_on_windows)
    write_text(tmp_path / "one.txt", "one")
    assert (tmp_path / "one.txt").read_text() == "one"
