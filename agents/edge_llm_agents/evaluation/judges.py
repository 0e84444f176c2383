"""Who judges which environment's policies."""

from __future__ import annotations

from typing import Any

from edge_llm_agents.evaluation.earned import BesideBestRule
from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.evaluation.rivals import Tell, dftsp_and_look_ahead, every_baseline, tell_nobody
from edge_llm_agents.evaluation.served import BesideDFTSP, BesideOracle
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream


def judge_of(
    env_id: str,
    scenario: Scenario,
    episodes: int,
    hindsight_episodes: int = 0,
    seed: int = 0,
    *,
    stream: Stream = Stream.EVALUATION,
    tell: Tell = tell_nobody,
) -> Judge[Any, Any]:
    """Who judges by reward where rewards count, beside DFTSP where requests of no task are batched, else by all rules.

    `hindsight_episodes`, the first of `episodes`, are optimised in hindsight too where requests served count. Raises
    ValueError as `Judge` does.
    """
    given = (env_id, scenario, episodes, hindsight_episodes, seed)
    earning = baselines_of(env_id).earning
    if earning is not None:
        return Judge(every_baseline, BesideBestRule(earning), *given, stream=stream, tell=tell)
    if environment(env_id).chooses_batches and scenario.workload.tasks is None:
        return Judge(dftsp_and_look_ahead, BesideDFTSP(), *given, stream=stream, tell=tell)
    return Judge(every_baseline, BesideOracle(), *given, stream=stream, tell=tell)
