"""What calls add to a batch's compute time, were their context kept as far as the scenario keeps any."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.feasibility.rule import quadratic
from edge_llm_env.support.calling import direct
from edge_llm_env.support.compilation.compiling import compiled
from edge_llm_env.task_dynamics.calls import time_at_kept_s
from edge_llm_env.task_dynamics.params import DROP, TaskParams
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.workload.workload import Workload


@compiled
def work_of_call_s(params: TaskParams, prompt: float, output: float, context: float) -> float:
    """What a call adds (s), its context kept unless the scenario drops all."""
    if params.kv_cache == DROP:
        prompt, context = prompt + context, 0.0
    marginal = rule_of(params).compute_s.marginal
    alone_s = quadratic(marginal, 1.0, prompt, prompt * prompt, output, output * output, prompt * output)
    return alone_s + time_at_kept_s(params, context, prompt, output)


def calls_work_s(simulation: TaskSimulation, workload: Workload) -> NDArray[np.float64]:
    """(N,) what each call of a workload adds (s)."""
    context = np.zeros(workload.requests) if workload.context_tokens is None else workload.context_tokens.astype(float)
    columns = workload.prompt_tokens.astype(float), workload.output_tokens.astype(float), context
    of_call = direct(work_of_call_s)
    calls = zip(*(column.tolist() for column in columns), strict=True)
    return np.array([of_call(simulation.params, *call) for call in calls])
