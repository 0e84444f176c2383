from __future__ import annotations

from pathlib import Path

import pytest

from edge_llm_env.support.paths.locating import LONGEST_NAME, existing_file, is_name, path_from


def test_a_relative_path_starts_at_the_folder_of_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert path_from(Path("there"), "a/b.csv") == tmp_path / "there" / "a" / "b.csv"
    assert path_from(Path("there"), str(tmp_path / "b.csv")) == tmp_path / "b.csv"
    assert path_from(Path("there"), "~/b.csv") == tmp_path / "home" / "b.csv"


def test_a_file_is_found_itself_or_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "config.json").write_text("{}")
    assert existing_file("folder/config.json") == tmp_path / "folder" / "config.json"
    assert existing_file(tmp_path / "folder", inside="config.json") == tmp_path / "folder" / "config.json"


def test_what_is_not_found_says_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    cases: list[tuple[str, str | None, str]] = [
        ("a.csv", None, f"a.csv: there is no such file (tried {tmp_path / 'a.csv'})"),
        ("folder", None, f"folder: is a folder, must be a file (tried {folder})"),
        (
            "folder",
            "config.json",
            f"folder: is a folder without config.json, must have one (tried {folder} and {folder / 'config.json'})",
        ),
        ("", "config.json", "'': must be the path of a file, is empty"),
    ]
    if Path("/dev/null").exists():
        cases.append(("/dev/null", None, "/dev/null: is not a regular file, must be one (tried /dev/null)"))
    for path, inside, said in cases:
        with pytest.raises(FileNotFoundError) as caught:
            existing_file(path, inside)
        assert str(caught.value) == said


def test_names_are_of_files_and_lead_nowhere():
    assert all(map(is_name, ("mine", "mine-2.5", "\N{SNOWMAN}", "a b", "x" * LONGEST_NAME)))
    assert not any(map(is_name, ("", " ", ".", "..", "a/b", "../x", "/x", "x/", "\N{SNOWMAN}" * LONGEST_NAME)))
