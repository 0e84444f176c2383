"""The keys that matter of published configurations, by the catalogue's name of the model or, beyond it, its own."""

from __future__ import annotations

from typing import Any

Keys = dict[str, Any]

LLAMA: Keys = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}  # fmt: skip
LLAMA_2: Keys = LLAMA | {
    "intermediate_size": 11008, "num_key_value_heads": 32, "vocab_size": 32000, "max_position_embeddings": 4096,
}  # fmt: skip
QWEN_2: Keys = {
    "model_type": "qwen2", "num_hidden_layers": 28, "hidden_size": 3584, "intermediate_size": 18944,
    "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False,
    "max_position_embeddings": 131072, "max_window_layers": 28, "sliding_window": 131072, "use_sliding_window": False,
}  # fmt: skip
QWEN_2_SMALL: Keys = QWEN_2 | {
    "tie_word_embeddings": True, "vocab_size": 151936, "num_key_value_heads": 2, "max_position_embeddings": 32768,
}  # fmt: skip
QWEN_3: Keys = {
    "model_type": "qwen3", "num_hidden_layers": 36, "hidden_size": 4096, "intermediate_size": 12288, "head_dim": 128,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 151936, "tie_word_embeddings": False,
    "max_position_embeddings": 40960, "max_window_layers": 36, "sliding_window": None, "use_sliding_window": False,
}  # fmt: skip
PHI_3: Keys = LLAMA_2 | {
    "model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192, "vocab_size": 32064, "sliding_window": 2047,
}  # fmt: skip
GEMMA_2: Keys = {
    "model_type": "gemma2", "num_hidden_layers": 26, "hidden_size": 2304, "intermediate_size": 9216,
    "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256000,
    "max_position_embeddings": 8192, "sliding_window": 4096,
}  # fmt: skip
OPT: Keys = {
    "model_type": "opt", "num_hidden_layers": 32, "hidden_size": 4096, "ffn_dim": 16384, "num_attention_heads": 32,
    "vocab_size": 50272, "word_embed_proj_dim": 4096, "max_position_embeddings": 2048, "do_layer_norm_before": True,
}  # fmt: skip
BLOOM: Keys = {"model_type": "bloom", "n_layer": 30, "hidden_size": 2560, "n_head": 32, "vocab_size": 250880}

CATALOGUED: dict[str, Keys] = {
    "llama-7b": LLAMA_2 | {"max_position_embeddings": 2048},
    "llama-2-7b": LLAMA_2,
    "llama-2-13b": LLAMA_2
    | {"num_hidden_layers": 40, "hidden_size": 5120, "intermediate_size": 13824, "num_attention_heads": 40}
    | {"num_key_value_heads": 40},
    "llama-3-8b": LLAMA | {"max_position_embeddings": 8192},
    "llama-3.1-8b": LLAMA,
    "llama-3.2-1b": LLAMA
    | {"num_hidden_layers": 16, "hidden_size": 2048, "intermediate_size": 8192, "head_dim": 64}
    | {"tie_word_embeddings": True},
    "llama-3.2-3b": LLAMA
    | {"num_hidden_layers": 28, "hidden_size": 3072, "intermediate_size": 8192, "head_dim": 128}
    | {"num_attention_heads": 24, "tie_word_embeddings": True},
    "llama-3.3-70b": LLAMA
    | {"num_hidden_layers": 80, "hidden_size": 8192, "intermediate_size": 28672, "num_attention_heads": 64},
    "codellama-34b": LLAMA
    | {"num_hidden_layers": 48, "hidden_size": 8192, "intermediate_size": 22016, "num_attention_heads": 64}
    | {"vocab_size": 32000, "max_position_embeddings": 16384},
    "tinyllama-1.1b": LLAMA_2
    | {"num_hidden_layers": 22, "hidden_size": 2048, "intermediate_size": 5632, "num_key_value_heads": 4}
    | {"max_position_embeddings": 2048},
    "smollm2-1.7b": LLAMA_2
    | {"num_hidden_layers": 24, "hidden_size": 2048, "intermediate_size": 8192, "vocab_size": 49152}
    | {"max_position_embeddings": 8192, "tie_word_embeddings": True},
    "mistral-7b": LLAMA
    | {"model_type": "mistral", "vocab_size": 32000, "max_position_embeddings": 32768, "sliding_window": 4096},
    "mixtral-8x7b": LLAMA
    | {"model_type": "mixtral", "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2}
    | {"max_position_embeddings": 32768, "sliding_window": None},
    "qwen2.5-0.5b": QWEN_2_SMALL
    | {"num_hidden_layers": 24, "hidden_size": 896, "intermediate_size": 4864, "num_attention_heads": 14},
    "qwen2.5-1.5b": QWEN_2_SMALL
    | {"hidden_size": 1536, "intermediate_size": 8960, "num_attention_heads": 12, "max_position_embeddings": 131072},
    "qwen2.5-3b": QWEN_2_SMALL
    | {"num_hidden_layers": 36, "hidden_size": 2048, "intermediate_size": 11008, "num_attention_heads": 16},
    "qwen2.5-7b": QWEN_2,
    "qwen3-0.6b": QWEN_3
    | {"num_hidden_layers": 28, "hidden_size": 1024, "intermediate_size": 3072, "num_attention_heads": 16}
    | {"tie_word_embeddings": True},
    "qwen3-1.7b": QWEN_3
    | {"num_hidden_layers": 28, "hidden_size": 2048, "intermediate_size": 6144, "num_attention_heads": 16}
    | {"tie_word_embeddings": True},
    "qwen3-4b": QWEN_3 | {"hidden_size": 2560, "intermediate_size": 9728, "tie_word_embeddings": True},
    "qwen3-8b": QWEN_3,
    "qwen3-32b": QWEN_3
    | {"num_hidden_layers": 64, "hidden_size": 5120, "intermediate_size": 25600, "num_attention_heads": 64},
    "qwen3-30b-a3b": QWEN_3
    | {"model_type": "qwen3_moe", "num_hidden_layers": 48, "hidden_size": 2048, "intermediate_size": 6144}
    | {"moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8, "decoder_sparse_step": 1}
    | {"mlp_only_layers": [], "num_key_value_heads": 4},
    "phi-2": {
        "model_type": "phi", "num_hidden_layers": 32, "hidden_size": 2560, "intermediate_size": 10240,
        "num_attention_heads": 32, "num_key_value_heads": None, "vocab_size": 51200, "tie_word_embeddings": False,
        "max_position_embeddings": 2048,
    },
    "phi-3-mini": PHI_3,
    "phi-3.5-mini": PHI_3 | {"max_position_embeddings": 131072, "sliding_window": 262144},
    "gemma-2-2b": GEMMA_2,
    "gemma-2-9b": GEMMA_2
    | {"num_hidden_layers": 42, "hidden_size": 3584, "intermediate_size": 14336, "num_attention_heads": 16}
    | {"num_key_value_heads": 8},
    "opt-6.7b": OPT,
    "opt-13b": OPT
    | {"num_hidden_layers": 40, "hidden_size": 5120, "ffn_dim": 20480, "num_attention_heads": 40}
    | {"word_embed_proj_dim": 5120},
    "bloom-3b": BLOOM,
    "bloom-7b1": {
        "model_type": "bloom", "n_layer": 30, "n_embed": 4096, "num_attention_heads": 32, "vocab_size": 250880,
    },
    "falcon-7b": {
        "model_type": "falcon", "num_hidden_layers": 32, "hidden_size": 4544, "num_attention_heads": 71,
        "multi_query": True, "new_decoder_architecture": False, "parallel_attn": True, "bias": False, "alibi": False,
        "vocab_size": 65024,
    },
    "mpt-7b": {
        "model_type": "mpt", "d_model": 4096, "n_layers": 32, "n_heads": 32, "vocab_size": 50432, "max_seq_len": 2048,
        "expansion_ratio": 4, "no_bias": True, "learned_pos_emb": True,
        "attn_config": {"attn_type": "multihead_attention", "alibi": True},
    },
}  # fmt: skip
"""Of every model of the catalogue."""

PUBLISHED: dict[str, Keys] = CATALOGUED | {
    "gpt-oss-20b": {
        "model_type": "gpt_oss", "num_hidden_layers": 24, "hidden_size": 2880, "intermediate_size": 2880,
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201088,
        "num_local_experts": 32, "num_experts_per_tok": 4, "experts_per_token": 4, "sliding_window": 128,
        "tie_word_embeddings": False, "max_position_embeddings": 131072,
        "layer_types": ["sliding_attention", "full_attention"] * 12,
    },
    "gemma-3-1b": {
        "model_type": "gemma3_text", "num_hidden_layers": 26, "hidden_size": 1152, "intermediate_size": 6912,
        "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144,
        "sliding_window": 512, "sliding_window_pattern": 6, "max_position_embeddings": 32768,
    },
    "gemma-3-4b": {
        "model_type": "gemma3",
        "text_config": {
            "model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34,
            "sliding_window": 1024,
        },
    },
    "qwen1.5-moe-a2.7b": {
        "model_type": "qwen2_moe", "num_hidden_layers": 24, "hidden_size": 2048, "intermediate_size": 5632,
        "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632, "num_experts": 60,
        "num_experts_per_tok": 4, "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 151936,
        "decoder_sparse_step": 1, "max_position_embeddings": 8192, "tie_word_embeddings": False,
    },
    "deepseek-v2-lite": {
        "model_type": "deepseek_v2", "num_hidden_layers": 27, "hidden_size": 2048, "intermediate_size": 10944,
        "moe_intermediate_size": 1408, "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6,
        "first_k_dense_replace": 1, "num_attention_heads": 16, "num_key_value_heads": 16, "kv_lora_rank": 512,
        "q_lora_rank": None, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 102400,
        "max_position_embeddings": 163840,
    },
    "deepseek-v3": {
        "model_type": "deepseek_v3", "num_hidden_layers": 61, "hidden_size": 7168, "intermediate_size": 18432,
        "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
        "first_k_dense_replace": 3, "num_attention_heads": 128, "num_key_value_heads": 128, "kv_lora_rank": 512,
        "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 129280,
        "max_position_embeddings": 163840, "n_group": 8, "topk_group": 4,
    },
    "phi-3.5-moe": {
        "model_type": "phimoe", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 6400,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32064, "num_local_experts": 16,
        "num_experts_per_tok": 2, "attention_bias": True, "lm_head_bias": True, "sliding_window": 131072,
        "max_position_embeddings": 131072, "tie_word_embeddings": False,
    },
    "llama-4-scout": {
        "model_type": "llama4",
        "text_config": {
            "model_type": "llama4_text", "num_hidden_layers": 48, "hidden_size": 5120, "intermediate_size": 8192,
            "intermediate_size_mlp": 16384, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
            "vocab_size": 202048, "num_local_experts": 16, "num_experts_per_tok": 1, "interleave_moe_layer_step": 1,
            "attention_chunk_size": 8192, "no_rope_layers": [], "max_position_embeddings": 10485760,
        },
    },
    "llama-4-maverick": {
        "model_type": "llama4",
        "text_config": {
            "model_type": "llama4_text", "num_hidden_layers": 48, "hidden_size": 5120, "intermediate_size": 8192,
            "intermediate_size_mlp": 16384, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
            "vocab_size": 202048, "num_local_experts": 128, "num_experts_per_tok": 1, "interleave_moe_layer_step": 2,
            "attention_chunk_size": 8192, "no_rope_layers": [1, 1, 1, 0] * 12, "max_position_embeddings": 1048576,
        },
    },
    "qwen2-vl-7b": QWEN_2 | {"model_type": "qwen2_vl", "vision_config": {"depth": 32}},
    "llava-1.5-7b": {
        "model_type": "llava", "tie_word_embeddings": False,
        "text_config": {"model_type": "llama", "max_position_embeddings": 4096, "vocab_size": 32064},
    },
    "starcoderbase": {
        "model_type": "gpt_bigcode", "n_layer": 40, "n_embd": 6144, "n_head": 48, "n_inner": 24576,
        "n_positions": 8192, "vocab_size": 49152, "multi_query": True,
    },
    "starcoder2-7b": {
        "model_type": "starcoder2", "num_hidden_layers": 32, "hidden_size": 4608, "intermediate_size": 18432,
        "num_attention_heads": 36, "num_key_value_heads": 4, "vocab_size": 49152, "max_position_embeddings": 16384,
        "sliding_window": 4096, "use_bias": True,
    },
    "falcon-40b": {
        "model_type": "falcon", "num_hidden_layers": 60, "hidden_size": 8192, "num_attention_heads": 128,
        "num_kv_heads": 8, "new_decoder_architecture": True, "vocab_size": 65024,
    },
    "gpt2": {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "vocab_size": 50257},
    "gpt-j-6b": {"model_type": "gptj", "n_layer": 28, "n_embd": 4096, "n_head": 16, "vocab_size": 50400},
    "gpt-neox-20b": {
        "model_type": "gpt_neox", "num_hidden_layers": 44, "hidden_size": 6144, "intermediate_size": 24576,
        "num_attention_heads": 64, "vocab_size": 50432, "max_position_embeddings": 2048,
    },
}  # fmt: skip
"""And of a model of every family beyond the catalogue that has come up."""
