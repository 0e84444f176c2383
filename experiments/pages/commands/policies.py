"""`pages.py policies`: saved policies evaluated again after a change of the environment."""

from __future__ import annotations

from dataclasses import dataclass

from edge_llm_agents.pretrained.shipped import shipped_policies
from experiments.learning.policy_refresh import refresh_policy


@dataclass(frozen=True)
class Policies:
    """Evaluate policies again on their cards' workloads and rewrite the cards; the weights stay as they are."""

    policies: tuple[str, ...] = ()
    """Names of policies of the package, or paths of others without suffix; all of the package if none is given."""
    hindsight_episodes: int | None = None
    """Workloads that are also optimised in hindsight; as many as each card has if not given."""

    episodes: int | None = None
    """Held-out workloads; as many as each card has if not given."""

    def run(self) -> None:
        """Refresh, and print what each reached before and reaches now."""
        for name in self.policies or shipped_policies():
            before, after, changed = refresh_policy(name, self.hindsight_episodes, self.episodes)
            fell = ": IT FELL, train it again" if after < before and self.episodes is None else ""
            as_it_was = "changed" if changed else "is as it was"
            print(f"{name}: {before:.3f} -> {after:.3f} % of the oracle{fell}; its scenario {as_it_was}", flush=True)
