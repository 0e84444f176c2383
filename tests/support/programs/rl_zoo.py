"""The hyperparameter files for RL Zoo, section by section, and the scenarios that their tests play."""

from __future__ import annotations

from typing import Any

import yaml

from edge_llm_agents.masked_ppo.hyperparameter_files import FOLDER

ALGORITHMS = ("ppo", "sac")
FILES = {algorithm: FOLDER / "rl_zoo" / f"{algorithm}.yml" for algorithm in ALGORITHMS}
SECTIONS: list[tuple[str, str, dict[str, Any]]] = [
    (algorithm, env_id, section)
    for algorithm, file in FILES.items()
    for env_id, section in yaml.safe_load(file.read_text(encoding="utf-8")).items()
]
"""Algorithm, environment and settings of each section."""

NAMES = [f"{algorithm}-{env_id}" for algorithm, env_id, _ in SECTIONS]
SCENARIOS = {
    "EdgeLLM/Bandwidth-v0": "embedding-uplink",
    "EdgeLLM/Joint-v0": "accuracy-tiers",
    "EdgeLLM/MultiNode-v0": "two-cells",
    "EdgeLLM/Scaling-v0": "diurnal-rack",
}
"""Presets by environment; `accuracy-tiers` for the others."""
