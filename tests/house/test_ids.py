"""An environment's id is written down once; everything else asks the registry, or imports it from there."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.imports import sources

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge_llm_env", "edge_llm_baselines", "edge_llm_agents")
HOME = "edge_llm_env.envs.suite"

WRITTEN_AGAIN = {"edge_llm_agents.commands.plan": "runs before anything is installed, so it can import nothing"}
"""Other modules that write an id, and why."""


def ids_in(tree: ast.Module) -> list[str]:
    """Strings of a module that are an id of the suite; those within longer texts explain something."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("EdgeLLM/")
    ]


def test_an_id_of_the_suite_is_written_down_once() -> None:
    found = {
        module: ids
        for module, path in sources(ROOT).items()
        if module.startswith(PACKAGES) and (ids := ids_in(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found.keys() == {HOME, *WRITTEN_AGAIN}
    assert len(found[HOME]) == len(set(found[HOME])) == 9
