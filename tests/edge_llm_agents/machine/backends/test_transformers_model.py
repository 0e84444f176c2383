from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.machine.backends.transformers_model import TransformersModel
from edge_llm_agents.machine.calibration.folder import read_calibrated
from edge_llm_agents.machine.clocks import WallClock

OPTIONS = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--seconds", "0.01", "--backend", "transformers"]


@pytest.mark.skipif(find_spec("transformers") is None, reason="needs transformers: pip install -e '.[transformers]'")
def test_an_architecture_of_transformers_is_measured(tmp_path: Path) -> None:
    assert main(["calibrate", *OPTIONS, "--machine", str(tmp_path)]) == 0
    about = read_calibrated(tmp_path)
    assert (about.backend, about.precision) == ("transformers", "w32a32")


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"other\.json: must be named config\.json"):
        TransformersModel(tmp_path / "other.json", "cpu", WallClock())


def test_it_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert main(["calibrate", *OPTIONS, "--machine", str(tmp_path)]) == 2
    extra = 'pip install "edge-llm-env[transformers]"'
    assert f"transformers is not installed: {extra}" in capsys.readouterr().err
