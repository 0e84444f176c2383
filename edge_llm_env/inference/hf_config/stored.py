"""In how many bits a checkpoint stores its weights, as a `config.json` says."""

from __future__ import annotations

from typing import Any

from edge_llm_env.inference.hf_config.keys import shown

KEYS = ("quantization_config", "compression_config", "quantization")
"""Where it stands: of transformers, of compressed-tensors before it was part of them, and of MLX."""


def stored_weight_bits(content: dict[str, Any]) -> float | None:
    """Bits of one stored weight; None without any of `KEYS`.

    Raises ValueError when it says in a way that is not known here, to read such a file as 16 bits would be wrong, or
    when two keys say different bits.
    """
    found = {key: _read(key, content[key]) for key in KEYS if content.get(key) is not None}
    if len(set(found.values())) > 1:
        raise ValueError(f"{', '.join(f'{key}: {bits:g} bits' for key, bits in found.items())}: must be the same")
    return next(iter(found.values()), None)


def _read(key: str, quantization: Any) -> float:
    method = quantization.get("quant_method") if isinstance(quantization, dict) else None
    bits = _bits(method, quantization) if isinstance(quantization, dict) else None
    if isinstance(bits, bool) or not isinstance(bits, int | float) or not 0 < bits <= 16:
        raise ValueError(
            f"{key} of quant_method {shown(method)}: its bits per weight are not known (read are awq, "
            "gptq, bitsandbytes, fp8, mxfp4, compressed-tensors and whatever else has `bits`); take the file without "
            "it and choose a precision"
        )
    return bits


def _bits(method: Any, quantization: dict[str, Any]) -> Any:
    if method in FIXED:
        return FIXED[method]
    if method == "bitsandbytes" or "load_in_4bit" in quantization or "load_in_8bit" in quantization:
        return 4 if quantization.get("load_in_4bit") else 8 if quantization.get("load_in_8bit") else None
    if method in ("compressed-tensors", "sparseml"):
        groups = quantization.get("config_groups")
        weights = [group.get("weights") for group in groups.values()] if isinstance(groups, dict) else []
        bits = {weight.get("num_bits") for weight in weights if isinstance(weight, dict)}
        return bits.pop() if len(bits) == 1 else None
    return quantization.get("bits", quantization.get("w_bit"))


FIXED = {"fp8": 8, "fbgemm_fp8": 8, "finegrained_fp8": 8, "mxfp4": 4}
"""Methods whose name says it."""
