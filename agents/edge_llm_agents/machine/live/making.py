"""A scheduler on a calibrated machine, and what its decoder has room for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from edge_llm_agents.machine.calibration.folder import read_calibrated
from edge_llm_agents.machine.decoder import TorchDecoder
from edge_llm_agents.machine.live.epochs import Epochs
from edge_llm_agents.machine.live.iterations import Iterations
from edge_llm_agents.machine.live.jobs import Scheduler
from edge_llm_agents.machine.planning.epochs import planned_on
from edge_llm_agents.machine.planning.iterations import iterations_on
from edge_llm_env.engine.params import kv_blocks
from edge_llm_env.scenarios import Scenario

EPISODE_S, LOAD = 30.0, 1.5
"""Of scenarios that are scaled to the machine: what is tuned of a policy is tuned on such episodes."""


class Made(NamedTuple):
    """A scheduler, the scenario that its policy takes the machine for, and most tokens of a prompt and its output."""

    scheduler: Scheduler
    scenario: Scenario
    positions: int


def scheduler_on(
    machine: Path, by: str, policy: str, scenario: str | None, margin: float, queue: int, seed: int
) -> Made:
    """A scheduler by `epochs` or by `iterations` over a new decoder.

    Raises ValueError for a machine, a policy or a scenario that there is not.
    """
    about = read_calibrated(machine)
    about.check_torch()
    planned = (planned_on if by == "epochs" else iterations_on)(
        machine, machine / "serving", margin, scenario, EPISODE_S, LOAD
    )
    slots = planned.epoch.visible_slots if by == "epochs" else planned.iterations.running_slots
    positions = max(planned.context_tokens[1], about.tokens)
    decoder = TorchDecoder(planned.decoder, slots=slots, positions=positions, device=about.torch_device, seed=seed)
    if by == "epochs":
        return Made(Epochs(planned, policy, decoder, seed), planned, positions)
    held = kv_blocks(planned) * planned.iterations.block_tokens
    return Made(Iterations(planned, policy, decoder, seed, queue), planned, min(positions, held))
