from __future__ import annotations

import pytest

from edge_llm_env import load_scenario


def compressed(**settings: object):
    return load_scenario("orin-llama-8b", **{"node.prompt_compression": {"ratio": 4.0} | settings})


@pytest.mark.parametrize("batch", [1, 7])
def test_a_batch_costs_what_its_shorter_prompts_cost_and_the_compressor(batch: int):
    plain = load_scenario("orin-llama-8b").batch_cost
    cost = compressed(s_per_token=1e-4, memory_bytes=2.1e9).batch_cost
    shorter, whole = (batch, 256, 100), (batch, 1024, 100)
    assert cost.compute_s.of_equals(*whole) == pytest.approx(
        plain.compute_s.of_equals(*shorter) + batch * 1024 * 1e-4, rel=1e-3
    )
    assert cost.memory_bytes.of_equals(*whole) == pytest.approx(plain.memory_bytes.of_equals(*shorter) + 2.1e9)
    assert cost.energy_j.of_equals(*whole) > plain.energy_j.of_equals(*shorter)


def test_who_compresses_before_the_upload_sends_less_and_takes_no_time_of_the_node():
    node, user = compressed(s_per_token=1e-4), compressed(s_per_token=1e-4, at="user")
    assert (node.uplink_bits_per_token, user.uplink_bits_per_token) == (32.0, 8.0)
    assert user.batch_cost.compute_s.of_equals(1, 1024, 100) == pytest.approx(
        node.batch_cost.compute_s.of_equals(1, 1024, 100) - 1024 * 1e-4
    )


def test_what_is_left_of_accuracy_is_what_is_offered():
    plain = load_scenario("orin-llama-8b")
    assert compressed(retained=0.9).accuracy == pytest.approx(0.9 * plain.accuracy)
    assert compressed().fingerprint() != plain.fingerprint() == load_scenario("orin-llama-8b").fingerprint()


def test_an_iteration_does_not_tell_prompts_from_outputs():
    with pytest.raises(ValueError, match=r"node.prompt_compression: must be left out"):
        _ = compressed().iteration_costs
