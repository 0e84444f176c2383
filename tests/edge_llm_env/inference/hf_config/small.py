"""Small configurations of every family, beyond the published ones: each switch that changes the count of parameters."""

from __future__ import annotations

from typing import Any

Keys = dict[str, Any]

B: Keys = {
    "num_hidden_layers": 4, "hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8,
    "num_key_value_heads": 2, "vocab_size": 1000,
}  # fmt: skip
GPT: Keys = {"n_embd": 512, "n_layer": 4, "n_head": 8, "vocab_size": 1000}
MIXTURE: Keys = {"num_local_experts": 8, "num_experts_per_tok": 2}
QWEN_MIXTURE: Keys = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 256}
LATENT: Keys = {
    "num_hidden_layers": 4, "hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8, "vocab_size": 1000,
    "num_key_value_heads": 8, "kv_lora_rank": 64, "q_lora_rank": 96, "qk_nope_head_dim": 32, "qk_rope_head_dim": 16,
    "v_head_dim": 48, "n_routed_experts": 8, "n_shared_experts": 2, "num_experts_per_tok": 2,
    "moe_intermediate_size": 256, "n_group": 1, "topk_group": 1,
}  # fmt: skip
LLAMA_4: Keys = B | MIXTURE | {"head_dim": 64, "intermediate_size_mlp": 2048}
OPT: Keys = {
    "num_hidden_layers": 4, "hidden_size": 512, "ffn_dim": 1024, "num_attention_heads": 8, "vocab_size": 1000,
    "word_embed_proj_dim": 512,
}  # fmt: skip
FALCON: Keys = {"num_hidden_layers": 4, "hidden_size": 512, "num_attention_heads": 8, "vocab_size": 1000}

ALIKE = (
    "llama", "mistral", "ministral", "phi3", "phi", "olmo", "olmo2", "olmo3", "granite", "smollm3", "stablelm",
    "starcoder2", "glm", "glm4", "cohere", "cohere2", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3",
    "qwen2_vl_text", "qwen2_5_vl_text", "qwen3_vl_text", "gpt_neox",
)  # fmt: skip
"""Families whose sizes have the names that llama gave them."""

SMALL: dict[str, Keys] = {family: {"model_type": family, **B} for family in ALIKE}
SMALL |= {
    "ministral": SMALL["ministral"] | {"head_dim": 32},
    "llama, biases, tied": SMALL["llama"]
    | {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "head_dim": 32},
    "qwen3, biases": SMALL["qwen3"] | {"attention_bias": True, "head_dim": 64},
    "qwen2, no grouping": SMALL["qwen2"] | {"num_key_value_heads": 8},
    "stablelm, everything": SMALL["stablelm"] | {"use_qkv_bias": True, "qk_layernorm": True},
    "stablelm, parallel": SMALL["stablelm"] | {"use_parallel_residual": True},
    "phi, normed heads": SMALL["phi"] | {"qk_layernorm": True},
    "starcoder2, no biases": SMALL["starcoder2"] | {"use_bias": False},
    "cohere, normed heads": SMALL["cohere"] | {"use_qk_norm": True},
    "gpt_neox, no biases": SMALL["gpt_neox"] | {"attention_bias": False},
    "glm, no biases": SMALL["glm"] | {"attention_bias": False, "head_dim": 64},
    "mixtral": {"model_type": "mixtral", **B, **MIXTURE},
    "phimoe": {"model_type": "phimoe", **B, **MIXTURE},
    "phimoe, biases": {"model_type": "phimoe", **B, **MIXTURE, "attention_bias": True, "lm_head_bias": True},
    "olmoe": {"model_type": "olmoe", **B, "num_experts": 8, "num_experts_per_tok": 2},
    "gpt_oss": {"model_type": "gpt_oss", **B, **MIXTURE, "head_dim": 64},
    "qwen2_moe": {"model_type": "qwen2_moe", **B, **QWEN_MIXTURE, "shared_expert_intermediate_size": 384},
    "qwen2_moe, some dense": {"model_type": "qwen2_moe", **B, **QWEN_MIXTURE, "mlp_only_layers": [0]},
    "qwen3_moe": {"model_type": "qwen3_moe", **B, **QWEN_MIXTURE},
    "qwen3_moe, every second": {"model_type": "qwen3_moe", **B, **QWEN_MIXTURE, "decoder_sparse_step": 2},
    "qwen3_moe, as transformers 5 writes it": {
        "model_type": "qwen3_moe", **B, **MIXTURE, "moe_intermediate_size": 256,
    },
    "deepseek_v2": {"model_type": "deepseek_v2", **LATENT},
    "deepseek_v2, whole queries": {"model_type": "deepseek_v2", **LATENT, "q_lora_rank": None},
    "deepseek_v2, one dense": {"model_type": "deepseek_v2", **LATENT, "first_k_dense_replace": 1},
    "deepseek_v3": {"model_type": "deepseek_v3", **LATENT, "first_k_dense_replace": 2, "attention_bias": True},
    "llama4_text": {"model_type": "llama4_text", **LLAMA_4},
    "llama4_text, every second": {"model_type": "llama4_text", **LLAMA_4, "interleave_moe_layer_step": 2},
    "llama4_text, listed": {"model_type": "llama4_text", **LLAMA_4, "moe_layers": [1]},
    "gpt2": {"model_type": "gpt2", **GPT},
    "gpt2, narrow": {"model_type": "gpt2", **GPT, "n_inner": 1000, "n_positions": 3000},
    "gpt_bigcode": {"model_type": "gpt_bigcode", **GPT, "n_positions": 8192},
    "gpt_bigcode, all heads": {"model_type": "gpt_bigcode", **GPT, "multi_query": False},
    "gptj": {"model_type": "gptj", **GPT},
    "codegen": {"model_type": "codegen", **GPT},
    "bloom": {"model_type": "bloom", "hidden_size": 512, "n_layer": 4, "n_head": 8, "vocab_size": 1000},
    "opt": {"model_type": "opt", **OPT},
    "opt, no biases": {"model_type": "opt", **OPT, "enable_bias": False, "do_layer_norm_before": False},
    "opt, plain norms": {"model_type": "opt", **OPT, "layer_norm_elementwise_affine": False},
    "falcon": {"model_type": "falcon", **FALCON},
    "falcon, all heads": {"model_type": "falcon", **FALCON, "multi_query": False, "bias": True},
    "falcon, in turn": {"model_type": "falcon", **FALCON, "parallel_attn": False},
    "falcon, new": {"model_type": "falcon", **FALCON, "new_decoder_architecture": True, "num_kv_heads": 2},
    "falcon, new, one norm": {
        "model_type": "falcon", **FALCON, "new_decoder_architecture": True, "num_kv_heads": 2,
        "num_ln_in_parallel_attn": 1, "ffn_hidden_size": 1500,
    },
    "mpt": {"model_type": "mpt", "d_model": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 1000},
    "gemma3, nested": {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", **B}},
    "gemma3, by default": {
        "model_type": "gemma3",
        "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34},
    },
    "llava, by default": {"model_type": "llava", "text_config": {"model_type": "llama", "vocab_size": 32064}},
    "llava, qwen2": {"model_type": "llava", "text_config": {"model_type": "qwen2", **B}},
    "llava_next": {"model_type": "llava_next", "text_config": {"model_type": "mistral", **B}},
    "mistral3": {"model_type": "mistral3", "text_config": {"model_type": "mistral", **B}},
    "llama4": {"model_type": "llama4", "text_config": {"model_type": "llama4_text", **LLAMA_4}},
    "qwen2_vl": {"model_type": "qwen2_vl", "text_config": {"model_type": "qwen2_vl_text", **B}},
    "qwen2_vl, flat": {"model_type": "qwen2_vl", **B},
    "qwen2_5_vl, flat, tied": {"model_type": "qwen2_5_vl", **B, "tie_word_embeddings": True},
    "qwen2_5_vl": {"model_type": "qwen2_5_vl", "text_config": {"model_type": "qwen2_5_vl_text", **B}},
    "qwen3_vl": {"model_type": "qwen3_vl", "text_config": {"model_type": "qwen3_vl_text", **B}},
}  # fmt: skip
"""Configurations by name."""
