"""Parameters of every family, as transformers counts them."""

from __future__ import annotations

import importlib.util
import json

import pytest

from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.hf_config.families import families
from edge_llm_env.inference.hf_config.reading import fields_of
from edge_llm_env.inference.work import parameters
from tests.edge_llm_env.inference.hf_config.counting import CONFIGS, COUNTS, parameters_of
from tests.edge_llm_env.inference.hf_config.published import CATALOGUED
from tests.edge_llm_env.inference.hf_config.small import SMALL

TRANSFORMERS = json.loads(COUNTS.read_text(encoding="utf-8"))
STORED = TRANSFORMERS["parameters"]


def test_every_family_is_counted():
    assert {keys["model_type"] for keys in SMALL.values()} == set(families())
    assert STORED.keys() == CONFIGS.keys()


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_exactly_those_that_transformers_counts(name: str):
    assert parameters(DecoderConfig(**fields_of(CONFIGS[name]))) == STORED[name]


@pytest.mark.parametrize("model_type", TRANSFORMERS["defaults"])
def test_what_a_family_assumes_of_keys_left_out_is_what_transformers_assumes(model_type: str):
    assumed = families()[model_type].defaults
    known = {key: value for key, value in TRANSFORMERS["defaults"][model_type].items() if key in assumed}
    assert {key: assumed[key] for key in known} == known
    # `like` brings switches that some families do not have, and that are off
    assert not any(assumed[key] for key in assumed.keys() - known)


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="needs transformers: pip install -e '.[transformers]'"
)
def test_stored_counts_are_what_transformers_builds():
    assert {name: parameters_of(keys) for name, keys in CONFIGS.items()} == STORED


@pytest.mark.parametrize("name", CATALOGUED)
def test_the_catalogue_leaves_out_under_a_quarter_of_a_percent(name: str):
    # norms, biases and routers: most in qwen2.5 with 16 million of biases, least in mpt-7b
    assert 0.9975 * STORED[name] < parameters(load_decoder(name)) <= STORED[name]
