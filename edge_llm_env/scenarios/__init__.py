"""Scenarios: every setting of an environment in one frozen object, and the presets that come with the suite."""

from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.loading import describe_scenarios, list_scenarios, load_scenario
from edge_llm_env.scenarios.schema import Scenario

__all__ = ["Scenario", "ScenarioError", "describe_scenarios", "list_scenarios", "load_scenario"]
