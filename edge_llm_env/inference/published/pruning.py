"""Pruning and distillation: published speed-ups of products and of decoding."""

from __future__ import annotations

from edge_llm_env.inference.catalog import load_decoder
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.pruning import SPARSE_SPEED_UP, Pruning
from edge_llm_env.inference.published.comparison import Comparison, case_of, decode_s
from edge_llm_env.inference.work import layer_weights

SLICEGPT = "SliceGPT, arXiv 2401.15024, table 12 (A100, 2048 tokens)"
SHORTENED = "Shortened LLaMA, arXiv 2402.02834, as quoted by others"
MODEL_OPTIMIZER = "NVIDIA/TensorRT-Model-Optimizer: examples/nemo_run/prune_distill/README.md; device and batch assumed"

PRODUCTS: dict[str, dict[str | float, float]] = {
    "llama-2-7b": {"2:4": 1.48, 0.25: 1.33, 0.5: 1.94},
    "llama-2-13b": {"2:4": 1.50, 0.25: 1.30, 0.5: 1.91},
    "llama-2-70b": {"2:4": 1.32, 0.25: 1.32, 0.5: 1.87},
}
"""Speed-up of a layer's products with 2:4, and with a part of the width sliced off (its joints apart)."""

DEPTH = (
    ("llama-7b", "h100-sxm", 0.20, 66.0 / 53.7),
    ("llama-7b", "h100-sxm", 0.35, 80.1 / 53.7),
    ("llama-7b", "rtx-3090", 0.20, 28.4 / 25.0),
    ("llama-7b", "rtx-3090", 0.35, 37.8 / 25.0),
    ("llama-13b", "h100-sxm", 0.21, 55.7 / 45.5),
    ("llama-13b", "h100-sxm", 0.37, 69.7 / 45.5),
)
"""Decoder, device, part of its layers that is removed, and gain in tokens/s at batch 1, 12 tokens in and 128 out."""

DISTILLED = {"24 of its layers": 6950 / 4420, "qwen3-4b": 5210 / 4420}
"""What takes the place of Qwen3-8B, and gain in throughput; it keeps 72.5 and 70.0 of its MMLU of 74.9 %."""


def comparisons() -> list[Comparison]:
    """Every row."""
    return [*_products(), *_depth(), *_distilled()]


def _products() -> list[Comparison]:
    rows = []
    for name, speed_ups in PRODUCTS.items():
        dense = load_decoder(name)
        for what, said in speed_ups.items():
            counted = SPARSE_SPEED_UP if isinstance(what, str) else _sliced_products(dense, what)
            words = f"{name}, products with {what if isinstance(what, str) else f'{what:.0%} sliced off'}"
            rows.append(Comparison(words, said, counted, "x, products", SLICEGPT))
    return rows


def _sliced_products(dense: DecoderConfig, share: float) -> float:
    sliced = Pruning(kind="slice", share=share).decoder_of(dense)
    joints = 2 * sliced.d_model**2
    return layer_weights(dense, 1) / (layer_weights(sliced, 1) - joints)


def _depth() -> list[Comparison]:
    rows = []
    for name, device, share, said in DEPTH:
        case = case_of(name, "w16a16", device, "transformers")
        shallow = case._replace(decoder=Pruning(kind="depth", share=share).decoder_of(case.decoder))
        gain = decode_s(case, NONE, (1, 12, 128)) / decode_s(shallow, NONE, (1, 12, 128))
        rows.append(Comparison(f"{name} on {device}, {share:.0%} of layers", said, gain, "x, decode", SHORTENED))
    sparse = Mechanisms(pruning=Pruning(kind="2:4"))
    case = case_of("llama-3.1-8b", "w4a16-gptq-g128", "a100-80gb-sxm", "vllm")
    gain = decode_s(case, NONE, (1, 64, 64)) / decode_s(case, sparse, (1, 64, 64))
    source = "Sparse-Llama-3.1-8B, 1.1 to 1.2 on A5000, A6000 and A100, as quoted by a survey"
    return [*rows, Comparison("llama-3.1-8b at 4 bits, 2:4 (single stream)", 1.15, gain, "x, decode", source)]


def _distilled() -> list[Comparison]:
    lengths = (64, 512, 128)
    dense = case_of("qwen3-8b", "w16a16", "h100-sxm", "tensorrt-llm")
    others = {
        "24 of its layers": Pruning(kind="depth", share=1 / 3).decoder_of(dense.decoder),
        "qwen3-4b": load_decoder("qwen3-4b"),
    }
    return [
        Comparison(
            f"qwen3-8b, {what}",
            said,
            decode_s(dense, NONE, lengths) / decode_s(dense._replace(decoder=others[what]), NONE, lengths),
            "x, distilled",
            MODEL_OPTIMIZER,
        )
        for what, said in DISTILLED.items()
    ]
