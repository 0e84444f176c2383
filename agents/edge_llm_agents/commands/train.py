"""`edge-llm train`: a policy for any environment, and what else trains some."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from edge_llm_agents.commands.running import Command
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.registration import environment
from edge_llm_env.support.outputs import OutputFile

_HERE = "edge_llm_agents.commands.training"

COMMANDS = {
    "policy": Command(f"{__name__}:Policy", "any environment, any algorithm, to a file"),
    "run": Command(f"{_HERE}.runs:Run", "MaskablePPO with checkpoints, TensorBoard and --resume"),
    "admission": Command(f"{_HERE}.runs:Admission", "MaskablePPO with several seeds, judged"),
    "values": Command(f"{_HERE}.runs:Values", "value functions with several seeds, judged"),
    "structured": Command(f"{_HERE}.structured:Structured", "networks over the requests of an epoch, decoded, judged"),
    "schedulers": Command(f"{_HERE}.schedulers:Schedulers", "schedulers of an engine with several seeds, judged"),
    "placements": Command(f"{_HERE}.placements:Placements", "placement of models on nodes with several seeds, judged"),
    "placement-searches": Command(
        f"{_HERE}.placement_searches:PlacementSearches", "the same by the cross-entropy method, judged"
    ),
    "tasks": Command(f"{_HERE}.tasks:Tasks", "agent tasks whose calls have signals with several seeds, judged"),
    "calls": Command(f"{_HERE}.tasks:Calls", "values of the calls of agent tasks with several seeds, judged"),
    "racks": Command(f"{_HERE}.racks:Racks", "modules of a rack with several seeds, judged by reward"),
    "allocations": Command(f"{_HERE}.allocations:Allocations", "bands and modules with several seeds, judged"),
    "uploads": Command(f"{_HERE}.uploads:Uploads", "who sends along a road, with several seeds, judged"),
    "levels": Command(f"{_HERE}.levels:Levels", "modules that serve by levels with several seeds, judged by reward"),
}


@dataclass(frozen=True)
class Policy:
    """Train a policy from scratch and save it; Ctrl-C ends it and saves nothing."""

    env: Annotated[str, tyro.conf.arg(aliases=("--env-id",))] = BATCHING
    """The environment's id."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; if not given, carry-over where batches are chosen, and elsewhere the
    environment's own."""
    algorithm: str | None = None
    """ppo_mask_imitation, ppo_mask or dqn (Batching-v0, ContinuousBatching-v0), values or tasks (BatchSelection-v0),
    allocation (Bandwidth-v0, Compute-v0, Joint-v0), scheduler (ContinuousBatching-v0), placement (MultiNode-v0),
    forecast (Scaling-v0), levels (ServiceLevel-v0), ppo, sac or td3 (continuous actions, and values to be decoded); the
    environment's default if not given. The other commands train these with several seeds and judge them."""
    seed: int = 0
    """Seeds the network, the exploration and the training workloads."""
    steps: int | None = None
    """Environment steps; those of the algorithm if not given."""
    network: str | None = None
    """set or mlp, where the algorithm is one of SB3's; the environment's default if not given."""
    out: OutputFile = Path("results/policy.zip")
    """File to write, for edge-llm compare --policy: a zip of Stable-Baselines3, or weights and a card, with suffixes of
    their own."""

    def run(self) -> None:
        """Train, save, say where."""
        from edge_llm_agents.commands.bars import Bars
        from edge_llm_agents.pretrained.saved_policies import Card, save_policy
        from edge_llm_agents.training.train import algorithms_for, train
        from edge_llm_agents.training.trained import TrainedModel

        scenario = self.scenario or environment(self.env).main_scenario
        with Bars() as bars:
            trained = train(
                self.env,
                scenario,
                self.algorithm,
                seed=self.seed,
                steps=self.steps,
                network=self.network,
                report=bars,
            )
        if isinstance(trained, TrainedModel):
            print(f"written: {trained.save(self.out)}")
            return
        name = self.algorithm or algorithms_for(self.env)[0]
        card = Card(scenario, {}, name, {}, self.seed, training_steps=0, evaluation={}, check={})
        print(f"written: {', '.join(map(str, save_policy(trained, card, self.out.with_suffix(''))))}")
