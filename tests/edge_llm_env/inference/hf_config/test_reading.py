from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_llm_env.inference.catalog import load_decoder, load_precision, load_quantization, table
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.hf_config.families import REFUSED, families
from edge_llm_env.inference.work import kv_bytes, kv_bytes_per_token, parameters, weight_bytes
from tests.edge_llm_env.inference.hf_config.published import CATALOGUED, LLAMA, PUBLISHED
from tests.edge_llm_env.inference.hf_config.small import FALCON, GPT, LATENT, LLAMA_4, MIXTURE, OPT, QWEN_MIXTURE, B

FP16 = load_precision("w16a16")


def written(path: Path, content: Any) -> Path:
    file = path / "config.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def read(path: Path, content: Any) -> DecoderConfig:
    return DecoderConfig.from_hf_config(written(path, content))


def test_every_model_of_the_catalogue_whose_configuration_was_seen_is_read():
    decoders = table("decoders")
    seen = {name for name, fields in decoders.items() if not fields["layers"].assumed}
    assert seen <= CATALOGUED.keys() <= decoders.keys()


@pytest.mark.parametrize("name", CATALOGUED)
def test_a_config_is_the_catalogue_s_decoder_with_its_norms_and_biases(name: str, tmp_path: Path):
    file = written(tmp_path, CATALOGUED[name] | {"torch_dtype": "bfloat16", "rope_theta": 1e4})
    decoder = DecoderConfig.from_hf_config(file)
    assert decoder.model_copy(update={"other_weights": 0}) == load_decoder(name)
    assert load_decoder(str(file)) == load_decoder(str(tmp_path)) == decoder


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"model_type": "gpt2", **GPT}, {"d_ff": 2048, "kv_heads": 8, "positions": 1024, "context_limit": 1024}),
        ({"model_type": "gpt2", **GPT, "n_inner": 1000, "n_positions": 64}, {"d_ff": 1000, "context_limit": 64}),
        ({"model_type": "gpt2", "num_hidden_layers": 3, "hidden_size": 64, "num_attention_heads": 2, "vocab_size": 9},
         {"layers": 3, "d_model": 64, "heads": 2}),
        ({"model_type": "gptj", **GPT}, {"tied_embeddings": False, "positions": 0, "context_limit": 2048}),
        ({"model_type": "gpt_bigcode", **GPT}, {"kv_heads": 1, "heads": 8}),
        ({"model_type": "gpt_bigcode", **GPT, "multi_query": False}, {"kv_heads": 8}),
        ({"model_type": "falcon", **FALCON}, {"kv_heads": 1, "head_dim": 64, "d_ff": 2048, "gated_ffn": False}),
        ({"model_type": "falcon", **FALCON, "multi_query": False}, {"kv_heads": 8}),
        ({"model_type": "falcon", **FALCON, "new_decoder_architecture": True, "num_kv_heads": 2}, {"kv_heads": 2}),
        ({"model_type": "falcon", **FALCON, "new_decoder_architecture": True}, {"kv_heads": 8}),
        ({"model_type": "falcon", **FALCON, "new_decoder_architecture": True, "n_head_kv": 4}, {"kv_heads": 4}),
        ({"model_type": "falcon", **FALCON, "alibi": True}, {"context_limit": None}),
        ({"model_type": "mpt", "d_model": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 1000},
         {"d_ff": 2048, "kv_heads": 8, "tied_embeddings": True}),
        ({"model_type": "mpt", "d_model": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 1000,
          "attn_config": {"attn_type": "grouped_query_attention", "kv_n_heads": 2}}, {"kv_heads": 2}),
        ({"model_type": "mpt", "d_model": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 1000,
          "attn_config": {"attn_type": "multiquery_attention"}}, {"kv_heads": 1}),
        ({"model_type": "llama", **B, "num_key_value_heads": None}, {"kv_heads": 8}),
        ({"model_type": "llama", **{key: B[key] for key in B if key != "num_key_value_heads"}}, {"kv_heads": 8}),
        ({"model_type": "mistral", **{key: B[key] for key in B if key != "num_key_value_heads"}}, {"kv_heads": 8}),
        ({"model_type": "gemma", **B}, {"head_dim": 256, "tied_embeddings": True}),
        ({"model_type": "gemma2", **B}, {"head_dim": 256, "window": 4096, "window_layers": 2}),
        ({"model_type": "gemma3_text", **B, "num_hidden_layers": 13}, {"window": 4096, "window_layers": 11}),
        ({"model_type": "gemma3_text", **B, "sliding_window_pattern": 2}, {"window_layers": 2}),
        ({"model_type": "gemma3_text", **B, "layer_types": ["sliding_attention"] * 3 + ["full_attention"]},
         {"window_layers": 3}),
        ({"model_type": "gemma3", "text_config": {"hidden_size": 2560, "num_hidden_layers": 34}},
         {"d_model": 2560, "layers": 34, "heads": 8, "kv_heads": 4, "vocabulary": 262208, "window_layers": 29}),
        ({"model_type": "mistral", **B}, {"window": 4096, "window_layers": 4}),
        ({"model_type": "mistral", **B, "sliding_window": None}, {"window": None, "window_layers": 0}),
        ({"model_type": "qwen2", **B, "sliding_window": 64}, {"window": None, "window_layers": 0}),
        ({"model_type": "qwen2", **B, "sliding_window": 64, "use_sliding_window": True, "max_window_layers": 3},
         {"window": 64, "window_layers": 1}),
        ({"model_type": "gpt_oss", **B, **MIXTURE}, {"window": 128, "window_layers": 2, "experts": 8, "head_dim": 64}),
        ({"model_type": "qwen3_moe", **B, **MIXTURE, "moe_intermediate_size": 256}, {"experts": 8, "d_ff": 256}),
        ({"model_type": "mixtral", **B, "num_experts": 8, "num_experts_per_tok": 2}, {"experts": 8}),
        ({"model_type": "qwen2_moe", **B, **QWEN_MIXTURE, "mlp_only_layers": [0, 2]},
         {"shared_d_ff": 5632, "dense_layers": 2, "dense_d_ff": 1024, "d_ff": 256}),
        ({"model_type": "deepseek_v3", **LATENT, "first_k_dense_replace": 1},
         {"head_dim": 48, "value_head_dim": 48, "latent_kv": 64, "latent_query": 96, "latent_key_dim": 16,
          "dense_layers": 1, "shared_d_ff": 512}),
        ({"model_type": "llama4_text", **LLAMA_4, "interleave_moe_layer_step": 2},
         {"dense_layers": 2, "dense_d_ff": 2048, "shared_d_ff": 1024, "window": 8192, "window_layers": 3}),
        ({"model_type": "opt", **OPT}, {"positions": 2050, "context_limit": 2048}),
        ({"model_type": "llava", "tie_word_embeddings": True, "text_config": {"model_type": "qwen2", **B}},
         {"layers": 4, "tied_embeddings": True}),
        ({"model_type": "starcoder2", **B}, {"gated_ffn": False, "tied_embeddings": True}),
    ],
)  # fmt: skip
def test_keys_and_what_the_family_assumes_of_those_left_out(
    keys: dict[str, Any], expected: dict[str, Any], tmp_path: Path
):
    decoder = read(tmp_path, keys)
    assert {field: getattr(decoder, field) for field in expected} == expected


def test_values_from_reports_of_users(tmp_path: Path):
    mixtral = read(tmp_path, {"model_type": "mixtral", **B, "num_local_experts": 8, "num_experts_per_tok": 2})
    assert kv_bytes_per_token(mixtral, FP16) == 2048
    assert weight_bytes(mixtral, FP16) == pytest.approx(107.95e6, rel=1e-3)
    mistral = read(tmp_path, {"model_type": "mistral", **B, "sliding_window": 128})
    assert kv_bytes(mistral, FP16, 1024) == 2048 * 128 == 262_144
    bigcode = read(tmp_path, {"model_type": "gpt_bigcode", **GPT, "n_positions": 8192})
    assert parameters(bigcode) == pytest.approx(15.48e6, rel=1e-3)
    assert parameters(read(tmp_path, {"model_type": "gemma2", **B})) == pytest.approx(17.3e6, rel=1e-3)
    assert parameters(read(tmp_path, PUBLISHED["gpt-oss-20b"])) == pytest.approx(20.9e9, rel=1e-3)
    # DeepSeek-V3, arXiv 2412.19437: 671e9 parameters; 61 layers keep 512 + 64 entries per token
    deepseek = read(tmp_path, PUBLISHED["deepseek-v3"])
    assert parameters(deepseek) == pytest.approx(671e9, rel=1e-3)
    assert kv_bytes_per_token(deepseek, FP16) == 61 * 576 * 2


@pytest.mark.parametrize("model_type", [*" ".join(REFUSED.values()).split(), "lama", "gptoss", "", 7, None, ["llama"]])
def test_what_is_not_supported_is_refused_by_name_without_a_neighbour(model_type: Any, tmp_path: Path):
    with pytest.raises(ValueError, match="model_type") as caught:
        read(tmp_path, LLAMA | {"model_type": model_type})
    message = str(caught.value)
    assert "did you mean" not in message
    assert "\n" not in message
    if model_type is not None:
        assert f"model_type = {model_type!r}: is not supported" in message
        assert message.endswith(f"supported are {', '.join(sorted(families()))}")


def without(keys: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in keys.items() if name != key}


GEMMA_3 = {"model_type": "gemma3_text", **B}
DEEPSEEK = {"model_type": "deepseek_v2", **LATENT}


def test_heads_that_share_keys_in_gpt_2(tmp_path: Path):
    """Of SantaCoder's shape: a layer has matrices of d·(d + 2·128) + d·d + 2·d·4·d, keys and values of one head."""
    shape = {
        "model_type": "gpt2",
        "n_embd": 2048,
        "n_head": 16,
        "n_layer": 24,
        "n_positions": 2048,
        "vocab_size": 49280,
    }
    many, one = read(tmp_path, shape), read(tmp_path, shape | {"attention_head_type": "multiquery"})
    assert (many.kv_heads, one.kv_heads) == (16, 1)
    d, tables = 2048, (49280 + 2048) * 2048
    assert parameters(one) - one.other_weights == 24 * (d * (d + 2 * 128) + d * d + 8 * d * d) + tables
    assert kv_bytes_per_token(one, FP16) == 24 * 2 * 128 * 2


def test_gates_and_learned_positions_in_mpt(tmp_path: Path):
    plain = {"model_type": "mpt", "d_model": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 1000, "max_seq_len": 256}
    gated = read(tmp_path, plain | {"ffn_config": {"ffn_type": "mptglu", "ffn_hidden_size": 1000}})
    assert (gated.gated_ffn, gated.d_ff, gated.positions) == (True, 1000, 0)
    assert parameters(gated) - gated.other_weights == 4 * (4 * 512**2 + 3 * 512 * 1000) + 1000 * 512
    for attention, positions in (({"alibi": True}, 0), ({"alibi": False, "rope": True}, 0), ({"alibi": False}, 256)):
        assert read(tmp_path, plain | {"attn_config": attention}).positions == positions
    assert read(tmp_path, plain | {"attn_config": {"alibi": False}, "learned_pos_emb": False}).positions == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *[(without(LLAMA, key), f"{key} is missing, model_type llama needs it") for key in (
            "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size"
        )],
        (without(DEEPSEEK, "num_experts_per_tok"), "num_experts_per_tok is missing, model_type deepseek_v2"),
        ({"hidden_size": 3}, "model_type is missing"),
        ("[1, 2]", "model_type is missing"),
        ("{", "not a JSON file"),
        ('{"model_type": "llama", "vocab_size": 5, "vocab_size": 6}', "'vocab_size' is given twice: must be once"),
        *[({"model_type": "mixtral", **B, **MIXTURE, key: value}, f"{key} = {said}: must be a whole number of at le")
          for key in ("num_local_experts", "num_experts_per_tok") for value, said in ((0, "0"), (None, "null"))],
        (LLAMA | {"rope_scaling": 4}, "rope_scaling = 4: must be a table of keys"),
        (LLAMA | {"rope_scaling": {"type": "linear", "factor": "4"}}, "rope_scaling.factor = '4': must be a number of"),
        (LLAMA | {"rope_scaling": {"type": "dynamic", "factor": 0.5}}, "rope_scaling.factor = 0.5: must be a number"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        *[(LLAMA | {key: 0}, rf"{key} = 0: must be a whole number of at least 1") for key in (
            "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size",
            "num_key_value_heads", "head_dim",
        )],
        (LLAMA | {"num_hidden_layers": -1}, r"num_hidden_layers = -1: must be at least 0"),
        (LLAMA | {"num_hidden_layers": 10**9}, "num_hidden_layers = 1000000000: must be at most 10000"),
        (LLAMA | {"hidden_size": 10**400}, "hidden_size = a number of 401 digits: must be at least 0 and less than"),
        (LLAMA | {"hidden_size": -(10**15)}, "hidden_size = -1000000000000000: must be at least 0"),
        (LLAMA | {"hidden_size": "w" * 10_000}, "hidden_size = 'w+...: must be a whole number"),
        (LLAMA | {"hidden_size": "wide"}, "hidden_size = 'wide': must be a whole number"),
        (LLAMA | {"hidden_size": 4096.5}, "hidden_size = 4096.5: must be a whole number"),
        (LLAMA | {"hidden_size": True}, "hidden_size = True: must be a whole number"),
        (LLAMA | {"hidden_size": [4096]}, r"hidden_size = \[4096\]: must be a whole number"),
        (LLAMA | {"hidden_size": None}, "hidden_size = null: must be a whole number of at least 1"),
        (LLAMA | {"tie_word_embeddings": "no"}, "tie_word_embeddings = 'no': must be true or false"),
        (LLAMA | {"num_attention_heads": 7}, "num_attention_heads = 7: must divide hidden_size = 4096"),
        (LLAMA | {"num_key_value_heads": 64}, "kv_heads = 64: must be at most heads = 32"),
        (LLAMA | {"num_key_value_heads": 5}, "kv_heads = 5: must divide heads = 32"),
        (CATALOGUED["mixtral-8x7b"] | {"num_local_experts": 4, "num_experts_per_tok": 9},
         "experts_per_token = 9: must be at most experts = 4"),
        ({"model_type": "mixtral", **B, **MIXTURE, "num_experts": 4},
         "num_local_experts = 8, num_experts = 4: must be the same"),
        (CATALOGUED["opt-13b"] | {"word_embed_proj_dim": 512}, "word_embed_proj_dim = 512: must equal hidden_size = 5"),
        (CATALOGUED["qwen3-30b-a3b"] | {"mlp_only_layers": [99]}, "mlp_only_layers has 99: must be of the layers 0 to"),
        (CATALOGUED["qwen3-30b-a3b"] | {"decoder_sparse_step": 0}, "decoder_sparse_step = 0: must be at least 1"),
        (GEMMA_3 | {"layer_types": ["full_attention"]}, "layer_types has 1 entries: must have one for each of 4"),
        (GEMMA_3 | {"layer_types": ["linear_attention"] * 4}, "layer_types has 'linear_attention': must be of full_"),
        (GEMMA_3 | {"layer_types": "full"}, "layer_types = 'full': must be a list"),
        (CATALOGUED["mpt-7b"] | {"attn_config": {"attn_type": "other"}}, "attn_config.attn_type = 'other': is not"),
        (CATALOGUED["mpt-7b"] | {"attn_config": 3}, "attn_config = 3: must be a table"),
        (CATALOGUED["mpt-7b"] | {"ffn_config": {"ffn_type": "torch_dmoe"}}, "ffn_config.ffn_type = 'torch_dmoe': is"),
        ({"model_type": "gpt2", **GPT, "attention_head_type": "grouped"}, "attention_head_type = 'grouped': is not"),
        ({"model_type": "gemma3", "text_config": 3}, "text_config = 3: must be a table"),
        ({"model_type": "gemma3", "text_config": {"model_type": "mamba"}}, "model_type = 'mamba': is not supported"),
        ({"model_type": "gemma3", "hidden_size": 3}, "num_hidden_layers is missing, model_type gemma3_text needs it"),
        (DEEPSEEK | {"qk_nope_head_dim": 0, "v_head_dim": 0, "kv_lora_rank": 0}, "latent_key_dim = 16, latent_kv = N"),
        (FALCON | {"model_type": "falcon", "multi_query": 3}, "multi_query = 3: must be true or false"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_of_one_line_that_names_the_key(content: Any, message: str, tmp_path: Path):
    file = written(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        DecoderConfig.from_hf_config(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("quantization", "bits"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 4),
        ({"quant_method": "gptq", "bits": 8}, 8),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 4),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True, "load_in_4bit": False}, 8),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 8),
        ({"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn"]}, 4),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4}}}}, 4),
        (None, None),
    ],
)
def test_the_bits_that_a_checkpoint_stores_its_weights_in(quantization: Any, bits: int | None, tmp_path: Path):
    assert read(tmp_path, LLAMA | {"quantization_config": quantization}).stored_weight_bits == bits


@pytest.mark.parametrize(
    "keys",
    [
        {"quantization": {"group_size": 64, "bits": 4}},
        {"quantization": {"group_size": 64, "bits": 4}, "quantization_config": {"group_size": 64, "bits": 4}},
        {
            "compression_config": {
                "quant_method": "sparseml",
                "config_groups": {"group_0": {"weights": {"num_bits": 4}}},
            }
        },
    ],
)
def test_the_bits_are_found_where_other_tools_write_them(keys: dict[str, Any], tmp_path: Path):
    assert read(tmp_path, LLAMA | keys).stored_weight_bits == 4
    in_text = {"model_type": "llava", "text_config": LLAMA | keys}
    assert read(tmp_path, in_text).stored_weight_bits == 4


def test_two_statements_of_different_bits_are_refused(tmp_path: Path):
    keys = {"quantization_config": {"quant_method": "fp8"}, "quantization": {"bits": 4}}
    with pytest.raises(ValueError, match="quantization_config: 8 bits, quantization: 4 bits: must be the same"):
        read(tmp_path, LLAMA | keys)


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}


@pytest.mark.parametrize(
    ("keys", "limit"),
    [
        ({"rope_scaling": None}, 4096),
        ({"rope_scaling": {"type": "linear", "factor": 4.0}}, 16384),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2}}, 8192),
        ({"rope_scaling": {"type": "dynamic"}}, 4096),
        ({"rope_scaling": {"rope_type": "default"}}, 4096),
        # config.json of Qwen2.5 and of Qwen3 with the key that their pages say to add, of Llama 3.1 and of Phi-3
        ({"max_position_embeddings": 32768, "rope_scaling": {"type": "yarn"} | YARN}, 131_072),
        ({"max_position_embeddings": 40960, "rope_scaling": YARN}, 131_072),
        ({"max_position_embeddings": 40960, "rope_parameters": YARN | {"rope_theta": 1e6}}, 131_072),
        ({"max_position_embeddings": 131_072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
          "original_max_position_embeddings": 8192}}, 131_072),
        ({"max_position_embeddings": 131_072, "rope_scaling": {"type": "longrope", "short_factor": [1.0],
          "long_factor": [1.5]}}, 131_072),
        ({"model_type": "gemma3_text", "max_position_embeddings": 131_072, "num_attention_heads": 8,
          "num_key_value_heads": 4, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}, 131_072),
    ],
)  # fmt: skip
def test_contexts_reach_as_far_as_scaled_positions_do(keys: dict[str, Any], limit: int, tmp_path: Path):
    given = {"max_position_embeddings": 4096} | keys
    assert read(tmp_path, LLAMA | given).context_limit == limit


def test_deepseek_v3_reaches_what_its_authors_say(tmp_path: Path):
    keys = {"max_position_embeddings": 163_840, "rope_scaling": {"type": "yarn", "factor": 40,
            "original_max_position_embeddings": 4096, "mscale": 1.0}}  # fmt: skip
    assert read(tmp_path, PUBLISHED["deepseek-v3"] | keys).context_limit == 163_840


def test_a_byte_order_mark_makes_no_difference(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8-sig")
    assert load_decoder(str(tmp_path)).d_model == 4096


@pytest.mark.parametrize("quantization", [{}, {"quant_method": "new"}, "awq", {"quant_method": "awq", "bits": "four"}])
def test_a_quantization_that_does_not_say_its_bits_is_refused(quantization: Any, tmp_path: Path):
    with pytest.raises(ValueError, match=r"quantization_config of quant_method .*: its bits per weight are not known"):
        read(tmp_path, LLAMA | {"quantization_config": quantization})


def test_a_file_that_does_not_exist_is_named_with_what_was_tried(tmp_path: Path):
    with pytest.raises(ValueError, match=r"none\.json: there is no such file \(tried .*none\.json"):
        load_decoder(str(tmp_path / "none.json"))
    with pytest.raises(ValueError, match=r"is a folder without config\.json, must have one \(tried "):
        load_decoder(str(tmp_path))


def test_a_loaded_decoder_has_a_perplexity_at_16_bits_only(tmp_path: Path):
    file = str(written(tmp_path, LLAMA))
    assert load_quantization(file, "w16a16").accuracy == 1
    with pytest.raises(
        ValueError, match=r"no perplexity increase of .*config\.json is known, .* one of w16a16, w32a32$"
    ):
        load_quantization(file, "w8a16")


def test_a_content_is_read_as_its_file_is(tmp_path: Path):
    content = {"model_type": "llama", **B}
    assert DecoderConfig.from_hf_config(content) == read(tmp_path, content)
    with pytest.raises(ValueError, match=r"^config: model_type is missing"):
        DecoderConfig.from_hf_config({})
    with pytest.raises(TypeError, match=r"^path = 3: must be a path, or the content of a config\.json"):
        DecoderConfig.from_hf_config(3)  # type: ignore[arg-type]
