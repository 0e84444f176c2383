"""A device and an engine as entries that scenarios use by their paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_llm_agents.machine.calibration.peaks import Peaks
from edge_llm_agents.machine.devices import KINDS
from edge_llm_env.support.system.files import write_text

OPERATIONS_PER_LAYER = 30
"""Of `edge_llm_agents.machine.decoder`, at one sequence."""

POWER_W = {"cpu": 65.0, "cuda": 350.0, "mps": 40.0}
"""Assumed: nobody measured it, and it decides on energy alone."""


def write_device(file: Path, name: str, torch_device: str, peaks: Peaks, how: str) -> None:
    """Write a device entry. Raises OSError."""
    kind = torch_device.partition(":")[0]
    power = {"value": POWER_W[kind], "source": "not measured: decides on energy alone", "assumed": True}
    fields = {
        "kind": KINDS[kind],
        "fp16_flops_per_s": peaks.flops_per_s,
        "memory_bytes": peaks.memory_bytes,
        "memory_bandwidth_bytes_per_s": peaks.bandwidth_bytes_per_s,
        "power_w": power,
    }
    write_text(file, _entry(name, f"edge-llm calibrate: {how}; the best product and copy", fields))


def write_engine(file: Path, name: str, factors: dict[str, float], how: str) -> None:
    """Write an engine entry with its factors. Raises OSError."""
    counted = {
        "value": OPERATIONS_PER_LAYER,
        "source": "operators of one layer of the decoder of this suite, counted by hand",
        "assumed": True,
    }
    fields: dict[str, Any] = {"kind": "python", "operations_per_layer": counted, "paged_cache": True}
    fields["factors"] = {"value": factors, "source": "fitted to what was measured", "assumed": False}
    write_text(file, _entry(name, f"edge-llm calibrate: {how}", fields))


def _entry(name: str, source: str, fields: dict[str, Any]) -> str:
    lines = [f"[{_toml(name)}]", f"source = {_toml(source)}", "assumed = false"]
    return "\n".join([*lines, *(f"{field} = {_toml(value)}" for field, value in fields.items())]) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, float):
        return f"{value:.6g}"
    # JSON's escapes are TOML's, but for pairs of surrogates, and DEL, which JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
