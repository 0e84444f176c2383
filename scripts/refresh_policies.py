"""Bring saved policies up to date after a change of the environment: python scripts/refresh_policies.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import repository  # noqa: F401 (makes experiments importable)
import tyro

from edge_llm_agents.pretrained.saved_policies import shipped_policies
from edge_llm_env import ScenarioError
from experiments.learning.policy_refresh import refresh_policy


@dataclass(frozen=True)
class Options:
    """Evaluate policies again on their cards' workloads and rewrite the cards; the weights stay as they are."""

    policies: tuple[str, ...] = ()
    """Names of policies of the package, or paths of others without suffix; all of the package if none is given."""
    hindsight_episodes: int | None = None
    """Workloads that are also optimised in hindsight; as many as each card has if not given."""


def main(options: Options) -> int:
    """Refresh, and print what each reached before and reaches now; the exit status."""
    try:
        for name in options.policies or shipped_policies():
            before, after, changed = refresh_policy(name, options.hindsight_episodes)
            fell = ": IT FELL, train it again" if after < before else ""
            print(
                f"{name}: {before:.3f} -> {after:.3f} % of DFTSP{fell}; "
                f"its scenario {'changed' if changed else 'is as it was'}",
                flush=True,
            )
    except (ScenarioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
