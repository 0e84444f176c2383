"""How many blocks the KV cache has, and where blocks would not say what a cache holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env import Scenario, load_scenario
from edge_llm_env.engine.params import block_bytes, engine_params, kv_blocks
from edge_llm_env.scenarios import ScenarioError

PRESET = "chat-4090"

pytestmark = pytest.mark.filterwarnings("ignore:.*a batch's cost is affine in lengths:UserWarning")


def chat(**overrides: Any) -> Scenario:
    """The preset with other settings."""
    return load_scenario(PRESET, **overrides)


def with_memory(scenario: Scenario, total_bytes: float) -> Scenario:
    """The scenario whose modules have so much memory together."""
    return load_scenario(scenario, **{"node.memory_bytes_per_module": total_bytes / scenario.node.modules})


@pytest.mark.parametrize("kept", [64, 512])
def test_evicted_tokens_leave_no_whole_contexts_to_count_blocks_of(kept: int) -> None:
    scenario = chat(**{"node.kv_cache": {"kept_tokens": kept}})
    longest = scenario.context_tokens[1]
    assert kept < longest
    message = rf"node\.kv_cache\.kept_tokens = {kept}: must hold the longest context, {longest} tokens"
    with pytest.raises(ValueError, match=message):
        engine_params(scenario)


def test_caches_that_keep_every_context_have_the_blocks_of_whole_ones() -> None:
    kept = chat().context_tokens[1]
    assert engine_params(chat(**{"node.kv_cache": {"kept_tokens": kept}})).blocks == engine_params(chat()).blocks


def test_windows_shorter_than_contexts_are_refused(tmp_path: Path) -> None:
    config = {"model_type": "mistral", "num_hidden_layers": 4, "hidden_size": 512, "intermediate_size": 1024}
    config |= {"num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 1000, "sliding_window": 64}
    (tmp_path / "config.json").write_text(json.dumps(config))
    scenario = chat(**{"node.decoder": str(tmp_path / "config.json"), "node.precision": "w16a16"})
    with pytest.raises(ValueError, match=r"node\.decoder = .*: has windows of 64 tokens: must hold"):
        engine_params(scenario)


def test_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"node\.images: must be left out where an engine is scheduled"):
        engine_params(chat(**{"node.images": {"tokens": 576}}))


def test_a_node_without_room_for_a_block_is_refused() -> None:
    scenario = chat()
    held = scenario.batch_cost.memory_bytes
    chunk = scenario.iterations.prefill_budgets[-1]
    least = held.base.constant + (held.marginal.s - held.marginal.n) * chunk + block_bytes(scenario)
    assert kv_blocks(with_memory(scenario, least * (1 + 1e-9))) == 1
    block = re.escape(f"{block_bytes(scenario):.4g}")
    message = rf"chat-4090: node\.memory_bytes_per_module: .* must hold a block of the KV cache, {block} bytes"
    with pytest.raises(ScenarioError, match=message):
        engine_params(with_memory(scenario, least * (1 - 1e-6)))


def test_scores_of_the_largest_chunk_take_room_where_the_attention_holds_them() -> None:
    fused, unfused = chat(), chat(**{"node.attention": "unfused"})
    scores = unfused.batch_cost.memory_bytes.marginal.s_squared
    longest, chunk = unfused.workload.longest_prompt_tokens, unfused.iterations.prefill_budgets[-1]
    assert scores == 4 * unfused.decoder.heads
    fewer = scores * longest * chunk / block_bytes(unfused)
    assert fewer > 10
    assert kv_blocks(fused) - kv_blocks(unfused) == pytest.approx(fewer, abs=1)
