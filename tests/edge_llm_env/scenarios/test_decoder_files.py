"""Scenarios whose decoder is a file, and what of a decoder a scenario has to respect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env import Scenario, load_scenario
from edge_llm_env.inference.work import kv_cache_bytes
from edge_llm_env.scenarios.loading import ScenarioError
from tests.edge_llm_env.inference.hf_config.small import GPT, MIXTURE, B

GPT2 = {"model_type": "gpt2", **GPT}
AT_16_BITS = {"node.precision": "w16a16"}
ROOFLINE = AT_16_BITS | {"node.cost_model": "roofline"}


def written(folder: Path, keys: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(keys), encoding="utf-8")
    return folder


def with_decoder(decoder: str | Path, **overrides: Any) -> Scenario:
    return load_scenario("carry-over", **(ROOFLINE | {"node.decoder": decoder} | overrides))


def test_a_folder_a_file_and_a_path_object_are_the_same_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = written(tmp_path / "mine", GPT2)
    by_file = with_decoder(str(folder / "config.json"))
    monkeypatch.chdir(tmp_path)
    for other in (str(folder), folder, "mine", "./mine", "mine/config.json"):
        assert with_decoder(other).decoder == by_file.decoder
        assert Path(with_decoder(other).node.decoder).is_absolute()
        assert with_decoder(other).fingerprint() == by_file.fingerprint()


@pytest.mark.parametrize("name", ["models/mine", "../models/mine/config.json", "mine"])
def test_a_path_in_a_toml_file_starts_at_its_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    inside = tmp_path / "scenarios"
    for folder in (inside / "models" / "mine", tmp_path / "models" / "mine", inside / "mine"):
        written(folder, GPT2)
    file = inside / "one.toml"
    file.write_text(
        f'extends = "carry-over"\n[node]\ndecoder = "{name}"\nprecision = "w16a16"\ncost_model = "roofline"\n'
        f'storage_bandwidth_bytes_per_s = 1e9\n[[node.variants]]\ndecoder = "{name}"\nprecision = "w16a16"\n',
        encoding="utf-8",
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    scenario = load_scenario(file)
    assert scenario.decoder.d_model == 512
    assert scenario.node.variants[0].decoder == scenario.node.decoder == str(inside / name)


def test_the_error_of_a_missing_file_says_what_was_tried(tmp_path: Path):
    file = tmp_path / "one.toml"
    file.write_text('extends = "carry-over"\n[node]\ndecoder = "models/mine"\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"node\.decoder: .*there is no such file \(tried ") as caught:
        load_scenario(file)
    assert f"{tmp_path / 'models' / 'mine'} and {tmp_path / 'models' / 'mine' / 'config.json'}" in str(caught.value)
    with pytest.raises(
        ScenarioError, match=r"must be one of .*; or the path of a Hugging Face config.json or of its f"
    ):
        load_scenario("carry-over", **{"node.decoder": "mine"})


def test_contexts_beyond_the_limit_are_refused_naming_both(tmp_path: Path):
    folder = written(tmp_path, GPT2)
    lengths = {"workload.prompt_tokens": [256, 3072], "workload.output_tokens": [64, 512]}
    with pytest.raises(
        ScenarioError, match=r"node\.decoder = .*: the longest prompt plus output, 3584 tokens, must be "
    ):
        with_decoder(folder, **lengths)
    with pytest.raises(ScenarioError, match=r"at most its context limit, 1024 tokens$"):
        with_decoder(folder, **lengths)
    fitting = {"workload.prompt_tokens": [512], "workload.output_tokens": [512]}
    assert with_decoder(folder, **fitting).context_tokens == (512, 1024)
    # a prompt computed at a fixed length holds that length
    with pytest.raises(ScenarioError, match="1025 tokens"):
        with_decoder(folder, **fitting, **{"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": 513})


def test_contexts_beyond_the_window_are_counted_and_said(tmp_path: Path):
    folder = written(tmp_path, {"model_type": "mistral", **B, "sliding_window": 128})
    with pytest.warns(
        UserWarning, match=r"4 of its 4 layers keep the latest 128 tokens of up to 1024; .* up to 0 tokens too m"
    ):
        full = with_decoder(folder)
    # 2048 bytes per token; each prompt fills the window
    assert kv_cache_bytes(full.decoder, full.quantization)(512, 512) == 2048 * 128
    with pytest.warns(UserWarning, match=r"counts up to 100 tokens too many in each of these layers"):
        mixed = with_decoder(folder, **{"workload.prompt_tokens": [16, 512]})
    # min(16, 128) = 16 and min(1024, 128) = 128 are counted as 16 + 112·896/1008 and as many more
    assert kv_cache_bytes(mixed.decoder, mixed.quantization)(16, 0) == pytest.approx(2048 * (16 + 112 * 896 / 1008))
    assert kv_cache_bytes(mixed.decoder, mixed.quantization)(512, 512) == pytest.approx(2048 * (128 + 112 * 896 / 1008))
    within = with_decoder(folder, **{"workload.prompt_tokens": [64], "workload.output_tokens": [64]})
    assert kv_cache_bytes(within.decoder, within.quantization)(64, 64) == 2048 * 128


def test_a_variant_s_contexts_count_too(tmp_path: Path):
    folder = written(tmp_path, GPT2 | {"n_positions": 100})
    with pytest.raises(ScenarioError, match=r"node\.variants: decoder = .*, 1024 tokens, .* limit, 100 tokens"):
        load_scenario("carry-over", **{"node.variants": [{"decoder": str(folder), "precision": "w16a16"}]})


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"model_type": "mixtral", **B, **MIXTURE}, "2 key/value heads for 8 heads, gated .* networks, 8 experts"),
        ({"model_type": "llama", **B, "num_key_value_heads": 8}, "has gated feed-forward networks;"),
        ({"model_type": "gpt_bigcode", **GPT}, "has 1 key/value heads for 8 heads;"),
        ({"model_type": "phi", **B, "num_key_value_heads": 8, "head_dim": 32}, "8 heads of width 32 and 32 in a width"),
    ],
)
def test_the_paper_s_cost_model_refuses_what_it_cannot_describe(keys: dict[str, Any], what: str, tmp_path: Path):
    folder = written(tmp_path, keys)
    with pytest.raises(ScenarioError, match=rf"node\.cost_model = 'paper': .*{what}"):
        with_decoder(folder, **{"node.cost_model": "paper"})
    assert with_decoder(folder, **{"node.memory_bytes_per_module": 4e9}).decoder.layers == 4


def test_the_paper_s_cost_model_refuses_a_variant_too():
    with pytest.raises(ScenarioError, match=r"node\.variants: cost_model = 'paper': .*8 key/value heads for 32 heads"):
        load_scenario("carry-over", **{"node.variants": [{"decoder": "llama-3.2-1b", "precision": "w8a16"}]})


def test_a_precision_must_be_the_checkpoint_s(tmp_path: Path):
    awq = {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}
    folder = written(tmp_path, {"model_type": "llama", **B, **awq})
    message = r"node\.precision = 'w16a16': the checkpoint .* of 4 bits .*quantization_config.* one of .*w4a16-awq, "
    with pytest.raises(ScenarioError, match=message):
        with_decoder(folder)
    with_decoder(folder, **{"node.precision": "w4a16-awq", "node.perplexity_increase": 0.1})


def test_a_checkpoint_of_bits_that_no_precision_has_says_so(tmp_path: Path):
    folder = written(tmp_path, {"model_type": "llama", **B, "quantization_config": {"quant_method": "gptq", "bits": 7}})
    with pytest.raises(ScenarioError, match=r"of 7 bits .* of as many bits, which none of the catalogue is"):
        with_decoder(folder)
