from __future__ import annotations

from edge_llm_env import load_scenario
from edge_llm_env.scenarios.settings import DEFAULT, in_words, settings


def test_every_setting_is_a_row_with_its_meaning_and_its_source():
    scenario = load_scenario("carry-over", **{"reward.energy": -0.001})
    rows = {f"{one.section}.{one.field}": one for one in settings(scenario.model_dump(exclude_none=True))}
    assert set(scenario.provenance) < set(rows)
    for field, said in scenario.provenance.items():
        assert (rows[field].source, rows[field].assumed) == (said.source, said.assumed)
    assert rows["epoch.epoch_s"].meaning == "T_E, length of an epoch"
    assert rows["epoch.split"].source == rows["reward.served"].source == DEFAULT
    assert (rows["reward.energy"].value, rows["reward.energy"].source) == ("-0.001", "")
    assert "node.perplexity_increase" not in rows


def test_values_are_written_as_a_reader_writes_them():
    assert in_words(2.0) == "2"
    assert in_words((128, 256)) == "128, 256"
    assert in_words({"kind": "poisson", "rate_per_s": 5.0}) == "kind poisson, rate_per_s 5"
    assert in_words([{"a": 1}, {"a": 2}]) == "a 1; a 2"
