"""Files that a scenario names: the same ones wherever it is loaded from, and wherever in it they are named."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env import Scenario, ScenarioError, load_scenario
from edge_llm_env.inference.prediction.predicting import predict
from edge_llm_env.scenarios.file_paths import overrides_without_folders, paths_of, without_folders
from edge_llm_env.scenarios.loading import contained_scenario, preset_content
from tests.edge_llm_env.inference.hf_config.small import B
from tests.support.helpers import AZURE_TRACE

FIRST_CROWD = preset_content("hotspot")["network"]["crowds"][0]
TRACE = {"kind": "trace", "format": "azure", "path": "files/trace.csv"}


def draft(**changes: Any) -> dict[str, Any]:
    return {"draft": "files/config.json", "draft_tokens": 3, "acceptance": 0.6} | changes


ROOFLINE = {"cost_model": "roofline", "speculation": draft()}
PLACES = {
    "a crowd's trace": ("hotspot", "network", "crowds", [FIRST_CROWD | {"arrivals": TRACE}]),
    "a draft's decoder": ("orin-llama-8b", "node", "speculation", draft()),
    "a cell's trace": ("two-cells", "network", "cells", {"one": {"workload": {"arrivals": TRACE}}, "other": {}}),
    "a cell's draft": ("two-cells", "network", "cells", {"one": {"node": ROOFLINE}, "other": {}}),
}
"""What they are, the preset that they lie over, and section, field and value, with a path that a file may write."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    (files / "trace.csv").write_text(AZURE_TRACE)
    config = {"model_type": "llama", **B, "max_position_embeddings": 1 << 17}
    (files / "config.json").write_text(json.dumps(config))
    return tmp_path


def at(folder: Path, value: Any) -> Any:
    """A value whose paths are those of a folder."""
    if isinstance(value, dict):
        return {key: at(folder, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [at(folder, one) for one in value]
    return str(folder / value) if isinstance(value, str) and value.startswith("files/") else value


def loaded(place: str, folder: Path) -> Scenario:
    preset, section, field, value = PLACES[place]
    return load_scenario(preset, **{f"{section}.{field}": at(folder, value)})


@pytest.mark.parametrize("place", PLACES)
def test_files_count_by_content_and_not_by_where_they_are(place: str, folder: Path, tmp_path: Path):
    first = loaded(place, folder)
    shutil.copytree(folder / "files", tmp_path / "elsewhere" / "files")
    assert loaded(place, tmp_path / "elsewhere").fingerprint() == first.fingerprint()
    for file in (tmp_path / "elsewhere" / "files").iterdir():
        file.write_text(file.read_text().replace("2023-11-16 18:17:03", "2023-11-16 18:17:04").replace("512", "1024"))
    assert loaded(place, tmp_path / "elsewhere").fingerprint() != first.fingerprint()


@pytest.mark.parametrize("place", PLACES)
def test_what_is_saved_names_files_without_folders_and_reads_none_outside_its_own(
    place: str, folder: Path, tmp_path: Path
):
    content = loaded(place, folder).model_dump(mode="json", exclude_none=True)
    assert len(paths_of(content)) == 1
    assert str(tmp_path) not in json.dumps(without_folders(content))
    preset, section, field, value = PLACES[place]
    overrides = overrides_without_folders({f"{section}.{field}": at(folder, value)})
    assert str(tmp_path) not in json.dumps(overrides)
    assert contained_scenario(without_folders(content), {}, folder / "files").fingerprint()
    assert contained_scenario(preset, overrides, folder / "files").fingerprint()
    (tmp_path / "own").mkdir()
    with pytest.raises(ScenarioError, match="must be a file in"):
        contained_scenario(content, {}, tmp_path / "own")


@pytest.mark.parametrize("place", ["a crowd's trace", "a draft's decoder"])
def test_a_path_in_a_toml_file_starts_at_its_folder(place: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    preset, section, field, value = PLACES[place]
    file = folder / "mine.toml"
    if field == "crowds":
        stays = list(FIRST_CROWD["mean_stays_s"])
        trace = '{kind = "trace", format = "azure", path = "files/trace.csv"}'
        written = f"[{{arrivals = {trace}, mean_stays_s = {stays}}}]"
    else:
        written = '{draft = "files/config.json", draft_tokens = 3, acceptance = 0.6}'
    file.write_text(f'extends = "{preset}"\n[{section}]\n{field} = {written}\n')
    monkeypatch.chdir("/")
    assert paths_of(load_scenario(file).model_dump()) == paths_of(at(folder, {section: {field: value}}))


def test_a_crowd_s_trace_lasts_an_episode(folder: Path):
    short = {**TRACE, "path": str(folder / "files" / "trace.csv"), "duration_s": 60.0}
    with pytest.raises(ScenarioError, match=r"network\.crowds\[0\]\.arrivals: the part of the trace lasts 60 s"):
        load_scenario("hotspot", **{"network.crowds": [FIRST_CROWD | {"arrivals": short}]})


def test_what_is_wrong_with_a_draft_names_the_draft(folder: Path):
    def drafted(**changes: Any) -> Scenario:
        return load_scenario("orin-llama-8b", **{"node.speculation": at(folder, draft(**changes))})

    file = folder / "files" / "config.json"
    with pytest.raises(ScenarioError, match=r": node\.speculation\.draft: .* there is no such file"):
        drafted(draft="files/none/config.json")
    with pytest.raises(ScenarioError, match=r": node\.speculation\.draft = 'no-such-model': must be one of"):
        drafted(draft="no-such-model")
    with pytest.raises(ScenarioError, match=r": node\.speculation\.draft_precision = 'w3': must be one of"):
        drafted(draft_precision="w3")
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"max_position_embeddings": 100}))
    with pytest.raises(ScenarioError, match=r": node\.speculation\.draft = .* must be at most its context limit, 100"):
        drafted()
    asked = {"draft": str(file), "draft_tokens": 3, "acceptance": 0.6}
    with pytest.raises(ValueError, match=r"^speculation\.draft = .* must be at most its context limit, 100 tokens"):
        predict(
            "llama-3.1-8b", "w16a16", "a100-80gb-sxm", prompt_tokens=80, output_tokens=50,
            mechanisms={"speculation": asked},
        )  # fmt: skip
    file.write_text(
        json.dumps(config | {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}})
    )
    with pytest.raises(ScenarioError, match=r": node\.speculation\.draft_precision = 'w16a16': the checkpoint"):
        drafted()
    assert drafted(draft_precision="w4a16-gptq")


@pytest.mark.parametrize("changes", [{"path": "files/trace.csv.gz"}, {"time_unit": "date"}])
def test_the_requests_of_a_trace_decide_and_not_how_they_are_written(changes: dict[str, str], folder: Path):
    file = folder / "files" / "trace.csv"
    (folder / "files" / "trace.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    one, other = (
        load_scenario("carry-over", **{"workload.arrivals": at(folder, TRACE | changed)}).fingerprint()
        for changed in ({}, changes)
    )
    assert one == other


@pytest.mark.parametrize("place", PLACES)
def test_a_relative_path_starts_where_the_scenario_is_made(place: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    preset, section, field, value = PLACES[place]
    scenario = load_scenario(preset, **{f"{section}.{field}": value})
    monkeypatch.chdir("/")
    assert paths_of(scenario.model_dump()) == paths_of(loaded(place, folder).model_dump())
