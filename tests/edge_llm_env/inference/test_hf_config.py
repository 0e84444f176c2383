from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_quantization
from edge_llm_env.inference.decoder import DecoderConfig

LLAMA = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False,
}  # fmt: skip

CATALOGUED: dict[str, dict[str, Any]] = {
    "llama-3.1-8b": LLAMA,
    "llama-2-7b": LLAMA | {"intermediate_size": 11008, "num_key_value_heads": 32, "vocab_size": 32000},
    "llama-3.2-1b": LLAMA
    | {"num_hidden_layers": 16, "hidden_size": 2048, "intermediate_size": 8192, "head_dim": 64}
    | {"tie_word_embeddings": True},
    "mistral-7b": LLAMA | {"model_type": "mistral", "vocab_size": 32000},
    "qwen2.5-7b": {
        "model_type": "qwen2", "num_hidden_layers": 28, "hidden_size": 3584, "intermediate_size": 18944,
        "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False,
    },
    "qwen3-0.6b": {
        "model_type": "qwen3", "num_hidden_layers": 28, "hidden_size": 1024, "intermediate_size": 3072, "head_dim": 128,
        "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 151936, "tie_word_embeddings": True,
    },
    "qwen3-30b-a3b": {
        "model_type": "qwen3_moe", "num_hidden_layers": 48, "hidden_size": 2048, "intermediate_size": 6144,
        "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8, "decoder_sparse_step": 1,
        "mlp_only_layers": [], "head_dim": 128, "num_attention_heads": 32, "num_key_value_heads": 4,
        "vocab_size": 151936, "tie_word_embeddings": False,
    },
    "mixtral-8x7b": LLAMA
    | {"model_type": "mixtral", "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2},
    "phi-3-mini": {
        "model_type": "phi3", "num_hidden_layers": 32, "hidden_size": 3072, "intermediate_size": 8192,
        "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064, "tie_word_embeddings": False,
    },
    "phi-2": {
        "model_type": "phi", "num_hidden_layers": 32, "hidden_size": 2560, "intermediate_size": 10240,
        "num_attention_heads": 32, "num_key_value_heads": None, "vocab_size": 51200, "tie_word_embeddings": False,
    },
    "gemma-2-2b": {
        "model_type": "gemma2", "num_hidden_layers": 26, "hidden_size": 2304, "intermediate_size": 9216,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256000,
    },
    "opt-13b": {
        "model_type": "opt", "num_hidden_layers": 40, "hidden_size": 5120, "ffn_dim": 20480,
        "num_attention_heads": 40, "vocab_size": 50272, "word_embed_proj_dim": 5120,
    },
    "bloom-3b": {"model_type": "bloom", "n_layer": 30, "hidden_size": 2560, "n_head": 32, "vocab_size": 250880},
    "bloom-7b1": {
        "model_type": "bloom", "n_layer": 30, "n_embed": 4096, "num_attention_heads": 32, "vocab_size": 250880,
    },
}  # fmt: skip
"""The keys that matter of published configurations, by the catalogue's name of the model."""


def written(path: Path, content: Any) -> Path:
    file = path / "config.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", CATALOGUED)
def test_a_config_is_the_catalogue_s_decoder(name: str, tmp_path: Path):
    file = written(tmp_path, CATALOGUED[name] | {"torch_dtype": "bfloat16", "rope_theta": 1e4})
    assert DecoderConfig.from_hf_config(file) == load_decoder(name)
    assert load_decoder(str(file)) == load_decoder(name)


GPT2 = {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "vocab_size": 50257}
FALCON = {
    "model_type": "falcon", "num_hidden_layers": 32, "hidden_size": 4544, "num_attention_heads": 71,
    "multi_query": True, "new_decoder_architecture": False, "vocab_size": 65024,
}  # fmt: skip
NEOX = {
    "model_type": "gpt_neox", "num_hidden_layers": 32, "hidden_size": 2560, "intermediate_size": 10240,
    "num_attention_heads": 32, "vocab_size": 50304, "tie_word_embeddings": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (GPT2, {"layers": 12, "d_ff": 3072, "kv_heads": 12, "head_dim": 64, "tied_embeddings": True}),
        (GPT2 | {"n_inner": 1000}, {"d_ff": 1000}),
        (GPT2 | {"model_type": "gptj"}, {"tied_embeddings": False}),
        (GPT2 | {"model_type": "gpt_bigcode", "multi_query": True}, {"kv_heads": 1, "heads": 12}),
        (FALCON, {"kv_heads": 1, "head_dim": 64, "d_ff": 4 * 4544, "gated_ffn": False}),
        (FALCON | {"multi_query": False}, {"kv_heads": 71}),
        (
            FALCON
            | {"num_attention_heads": 64, "hidden_size": 4096, "new_decoder_architecture": True}
            | {"num_kv_heads": 8},
            {"kv_heads": 8},
        ),
        (NEOX, {"d_ff": 10240, "gated_ffn": False, "tied_embeddings": False, "kv_heads": 32}),
        (
            {"model_type": "mpt", "d_model": 4096, "n_layers": 32, "n_heads": 32, "vocab_size": 50432},
            {"d_ff": 16384, "head_dim": 128, "tied_embeddings": True},
        ),
        (LLAMA | {"model_type": "starcoder2"}, {"gated_ffn": False}),
    ],
)
def test_families_beyond_the_catalogue(keys: dict[str, Any], expected: dict[str, Any], tmp_path: Path):
    decoder = DecoderConfig.from_hf_config(written(tmp_path, keys))
    assert {field: getattr(decoder, field) for field in expected} == expected


def test_a_config_that_does_not_say_has_its_family_s_embeddings(tmp_path: Path):
    silent = {key: value for key, value in LLAMA.items() if key != "tie_word_embeddings"}
    assert not DecoderConfig.from_hf_config(written(tmp_path, silent)).tied_embeddings
    assert DecoderConfig.from_hf_config(written(tmp_path, silent | {"model_type": "gemma"})).tied_embeddings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model_type": "llama", "num_attention_heads": 8, "num_hidden_layers": 2}, "hidden_size is missing, .* llama"),
        (LLAMA | {"model_type": "mamba"}, r"model_type = 'mamba': must be one of bloom, .*, starcoder2"),
        (LLAMA | {"model_type": "lama"}, r"did you mean 'llama'\?"),
        ({"hidden_size": 3}, "model_type is missing"),
        ("[1, 2]", "model_type is missing"),
        ("{", "not a JSON file"),
        (LLAMA | {"num_hidden_layers": 0}, "layers = 0: Input should be greater than 0"),
        (LLAMA | {"hidden_size": "wide"}, "a size is not a number"),
        (CATALOGUED["opt-13b"] | {"word_embed_proj_dim": 512}, "word_embed_proj_dim = 512: must equal hidden_size"),
        (CATALOGUED["qwen3-30b-a3b"] | {"mlp_only_layers": [0]}, "every layer must be a mixture of experts"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_of_one_line(content: Any, message: str, tmp_path: Path):
    file = written(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        DecoderConfig.from_hf_config(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_does_not_exist_is_named(tmp_path: Path):
    with pytest.raises(ValueError, match=r"none\.json: No such file"):
        load_decoder(str(tmp_path / "none.json"))


def test_a_loaded_decoder_has_a_perplexity_at_16_bits_only(tmp_path: Path):
    file = str(written(tmp_path, LLAMA))
    assert load_quantization(file, "w16a16").accuracy == 1
    with pytest.raises(ValueError, match=r"no perplexity increase of .*config\.json is known, .* one of w16a16$"):
        load_quantization(file, "w8a16")
