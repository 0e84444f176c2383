"""Files that are nested deeper than Python's parsers go: an error of one line from each reader of a user's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.masked_ppo.hyperparameter_files import read_settings
from edge_llm_agents.records.record import read_record
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.inference.hf_config.reading import decoder_fields
from edge_llm_env.rendering.events.trace import read_trace

DEEP = "[" * 20_000 + "]" * 20_000
READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "scenario.toml": (f"a = {DEEP}", load_scenario),
    "device.toml": (f"a = {DEEP}", lambda path: load_scenario("carry-over", **{"node.device": str(path)})),
    "config.json": (f'{{"a": {DEEP}}}', decoder_fields),
    "record.json": (f'{{"a": {DEEP}}}', read_record),
    "trace.json": (f'{{"traceEvents": {DEEP}}}', read_trace),
    "settings.yml": (DEEP, lambda path: read_settings(BATCHING, "carry-over", "ppo_mask", path)),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_nested_too_deeply_is_an_error_of_one_line_that_names_it(name: str, tmp_path: Path) -> None:
    content, read = READERS[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=name) as refused:
        read(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_so_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["bloom-3b", "w16a16", "rtx-4090", "--prompt", "8", "--output", "8", "--with", f"a = {DEEP}"]
    assert main(["predict", *given]) == 2
    assert capsys.readouterr().err.count("\n") == 1
