"""What can be set of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from edge_llm_agents.imitation.demonstrations import OF_TASKS, TEACHERS
from edge_llm_agents.networks.set_networks import ENCODERS
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.support.naming import one_of

ENV_ID = BATCHING

LARGEST_SEED = 2**32 - 1
"""As NumPy's and SB3's generators take it."""


@dataclass(frozen=True)
class TrainingSettings:
    """How a policy is trained; the defaults reach DFTSP on `carry-over` in about three minutes on two cores."""

    scenario: str = "carry-over"
    """A preset's name or the path of a TOML file."""
    steps: int = 450_000
    """Environment steps (admissions and dispatches) in all."""
    seed: int = 0
    """Seeds the network, the exploration and the training workloads."""
    rows: int = 64
    """Environments stepped together."""
    rollout_steps: int = 128
    """Steps of each row between updates."""
    minibatch: int = 256
    """Steps per gradient step."""
    update_epochs: int = 4
    """Passes over a rollout."""
    learning_rate: float = 1e-3
    """At the start; it falls linearly, with the last rollout's the least."""
    discount: float = 0.95
    """Per step, so about 0.6 per epoch: an admission's cost shows mostly before the next arrivals add their noise."""
    gae_lambda: float = 0.9
    """Bias against variance of the advantages."""
    entropy_coefficient: float = 0.0
    """Weight of the entropy bonus."""
    reward_scale: float = 0.05
    """Brings values to order one."""
    width: int = 64
    """Hidden width of the policy."""
    encoder: str = "deep-set"
    """What it looks at the requests with: deep-set or attention."""
    discount_by_epoch: bool = False
    """Apply the discount once per epoch instead of per step."""
    rows_per_workload: int = 1
    """Rows that play the same workloads; above 1, what the others gain in an epoch is taken off a row's advantages."""
    against_dftsp: bool = False
    """Take off the rewards what DFTSP would have earned in the same epoch of the same workload."""
    imitate: str = ""
    """What to clone before: dftsp, look-ahead, hindsight, of tasks task-admission or learned-calls, or demonstrations
    (.npz); nothing if empty."""
    imitation_episodes: int = 30
    """Workloads that each round of imitation plays."""
    anchor_weight: float = 0.02
    """After imitation, weight of the divergence from the cloned policy; it falls linearly to 0."""
    checkpoint_every: int = 50_000
    """Steps between checkpoints, and between validations."""
    validation_episodes: int = 40
    """Workloads that each validation runs, apart from training's and from evaluation's."""
    hindsight_episodes: int = 5
    """Of these, the first ones, that are also optimised in hindsight, for the gap closed; 0 for none, as of tasks."""

    def __post_init__(self) -> None:
        counts = (
            "steps",
            "rows",
            "rollout_steps",
            "minibatch",
            "update_epochs",
            "imitation_episodes",
            "checkpoint_every",
            "width",
        )
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: must be at least 1")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed = {self.seed}: must be in 0..{LARGEST_SEED}")
        one_of("encoder", self.encoder, ENCODERS)
        if self.rows_per_workload < 1 or self.rows % self.rows_per_workload:
            raise ValueError(
                f"rows_per_workload = {self.rows_per_workload}: must be at least 1 and divide rows = {self.rows}"
            )
        if not 0 <= self.hindsight_episodes <= self.validation_episodes:
            raise ValueError(
                f"hindsight_episodes = {self.hindsight_episodes}: must be in 0..{self.validation_episodes}"
            )
        if self.imitate and not self.imitate.endswith(".npz"):
            one_of("imitate", self.imitate, (*TEACHERS, *OF_TASKS))
