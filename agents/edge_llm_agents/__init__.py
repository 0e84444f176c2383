"""Learned policies: training, evaluation and comparison with Stable-Baselines3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
    from edge_llm_agents.comparison.comparing import compare
    from edge_llm_agents.networks.actor_critics import SetPolicy
    from edge_llm_agents.pretrained.saved_policies import load_policy
    from edge_llm_agents.training.train import train

__all__ = ["EdgeVecEnv", "SetPolicy", "compare", "load_policy", "train"]

_HOMES = {
    "EdgeVecEnv": "edge_llm_agents.adapters.sb3_vec_env",
    "SetPolicy": "edge_llm_agents.networks.actor_critics",
    "compare": "edge_llm_agents.comparison.comparing",
    "load_policy": "edge_llm_agents.pretrained.saved_policies",
    "train": "edge_llm_agents.training.train",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
