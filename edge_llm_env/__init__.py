"""Serving large language models at the wireless edge as Markov decision processes; importing registers the ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge_llm_env.envs.suite import register_suite
from edge_llm_env.registration import register_environment

if TYPE_CHECKING:
    from edge_llm_env.envs.multi_node.parallel import parallel_env
    from edge_llm_env.inference.prediction.predicting import predict
    from edge_llm_env.scenarios import Scenario, ScenarioError, list_scenarios, load_scenario
    from edge_llm_env.traces.parsing.errors import TraceWarning
    from edge_llm_env.workload.generator import draw_workload
    from edge_llm_env.workload.streams import draw_workloads
    from edge_llm_env.workload.workload import Workload

__version__ = "0.2.0"
__all__ = [
    "Scenario",
    "ScenarioError",
    "TraceWarning",
    "Workload",
    "draw_workload",
    "draw_workloads",
    "list_scenarios",
    "load_scenario",
    "parallel_env",
    "predict",
    "register_environment",
]

_HOMES = {
    "Scenario": "edge_llm_env.scenarios",
    "ScenarioError": "edge_llm_env.scenarios",
    "TraceWarning": "edge_llm_env.traces.parsing.errors",
    "list_scenarios": "edge_llm_env.scenarios",
    "load_scenario": "edge_llm_env.scenarios",
    "parallel_env": "edge_llm_env.envs.multi_node.parallel",
    "predict": "edge_llm_env.inference.prediction.predicting",
    "draw_workload": "edge_llm_env.workload.generator",
    "draw_workloads": "edge_llm_env.workload.streams",
    "Workload": "edge_llm_env.workload.workload",
}

register_suite()


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
