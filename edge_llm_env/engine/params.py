"""What stays the same for all rows of a scenario whose engine schedules iterations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.radio.rate import reference_snr
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS, REWARD_TERMS
from edge_llm_env.task_dynamics.params import calls_told, tasks_of
from edge_llm_env.tasks.settings import KV_CACHE_RULES

KNOWN, PREDICTED, UNKNOWN = range(3)
"""What the agent is told of output lengths."""


class EngineParams(NamedTuple):
    """A scenario's constants, as kernels read them."""

    time: IterationCost
    """Seconds of an iteration."""
    energy: IterationCost
    """Joules of an iteration."""
    block_tokens: int
    blocks: int
    """Of the KV cache, in what weights, runtime and the largest chunk's activations leave of memory."""
    watermark_blocks: int
    """That admission leaves free, unless nothing runs."""
    budgets: NDArray[np.int64]
    """(C,) prompt tokens per iteration that an action can choose, 0 first."""
    most_iterations: int
    lengths: int
    """KNOWN, PREDICTED or UNKNOWN."""
    epoch_s: float
    episode_epochs: int
    end_s: float
    """Simulated time of an episode: that of the epochs that it would have."""
    waiting_slots: int
    """Q"""
    running_slots: int
    """B"""
    class_ttft_s: NDArray[np.float64]
    """(classes,)"""
    class_tpot_s: NDArray[np.float64]
    """(classes,)"""
    longest_ttft_s: float
    """Scale of waiting and of what is left of it in observations."""
    longest_tpot_s: float
    """Scale of paces and of iterations' times in observations."""
    longest_prompt_tokens: float
    """Scale of prompt lengths in observations."""
    longest_output_tokens: float
    """Scale of output lengths in observations."""
    reward_weights: NDArray[np.float64]
    """(terms,) the scenario's weights, in the order of REWARD_TERMS."""
    uplink_symbols_per_s: float
    """Of the share of the band that one upload has; its signal-to-noise ratio is that of the whole band."""
    downlink_symbols_per_s: float
    """Likewise."""
    uplink_snr: float
    """At channel gain 1, linear."""
    downlink_snr: float
    """At channel gain 1, linear."""
    max_bits_per_symbol: float
    """Infinite without a cap."""
    step_snr: NDArray[np.float64]
    """(K,) as of `edge_llm_env.radio.rate.rate_bits_per_s`."""
    step_efficiency: NDArray[np.float64]
    """(K,) likewise."""
    share: float
    """Of the bands, that an upload and a stream of tokens each has."""
    uplink_bits_per_token: float
    downlink_bits_per_token: float
    prediction_error: float
    """Octaves."""
    host_blocks: int
    """That host memory holds of preempted requests, and of tasks between calls."""
    block_transfer_s: float
    """To move a block there or back."""
    soft_misses: float
    """Of an objective, the miss at which nothing is paid any more; 0 where nothing is paid for any miss."""
    tasks: None = None
    """In `TaskEngineParams` there is something."""


class EngineTasks(NamedTuple):
    """What an engine that serves the calls of tasks needs to know of these."""

    kv_cache: int
    """DROP, KEEP, KEEP_WHILE_SLACK or KEEP_OR_SWAP."""
    kept_limit_blocks: float
    """Most that caches may take on the node which are kept while there is slack."""
    calls_left: int
    """TELLS_NOTHING, TELLS_MEAN or TELLS_TRUTH, as of `TaskParams`."""
    expected_calls_left: NDArray[np.float64]
    """(kinds, most calls + 1) of a task of which so many calls are done."""


if TYPE_CHECKING:

    class TaskEngineParams(EngineParams):
        """`EngineParams`, and what tasks need: another class, so that kernels compile for it apart."""

        tasks: EngineTasks  # type: ignore[assignment]

else:
    TaskEngineParams = NamedTuple("TaskEngineParams", [(name, object) for name in EngineParams._fields])


def task_engine_params(scenario: Scenario) -> TaskEngineParams:
    """A scenario with tasks as kernels read it: every token is due when its task is, at no pace."""
    plain, tasks = engine_params(scenario), tasks_of(scenario)
    longest_s = scenario.workload.latency_requirement_s.high
    of_tasks = EngineTasks(
        kv_cache=KV_CACHE_RULES.index(tasks.kv_cache),
        kept_limit_blocks=tasks.cache_share * plain.blocks,
        calls_left=calls_told(tasks),
        expected_calls_left=tasks.expected_calls_left(),
    )
    whole = plain._replace(
        class_ttft_s=np.array([longest_s]), longest_ttft_s=longest_s, reward_weights=scenario.reward.of(ALL_TERMS)
    )
    return TaskEngineParams._make((*whole[:-1], of_tasks))


def engine_params(scenario: Scenario) -> EngineParams:
    """A scenario as kernels read it."""
    epoch, radio, asked, settings = scenario.epoch, scenario.radio, scenario.workload, scenario.iterations
    cost, steps = scenario.iteration_costs, radio.rate_model.steps()
    blocks = kv_blocks(scenario)
    return EngineParams(
        time=cost.compute_s,
        energy=cost.energy_j,
        block_tokens=settings.block_tokens,
        blocks=blocks,
        watermark_blocks=math.ceil(settings.watermark * blocks),
        budgets=np.array((0, *settings.prefill_budgets), dtype=np.int64),
        most_iterations=settings.most_iterations,
        lengths=("known", "predicted", "unknown").index(settings.output_lengths),
        epoch_s=epoch.epoch_s,
        episode_epochs=epoch.episode_epochs,
        end_s=epoch.episode_epochs * epoch.epoch_s,
        waiting_slots=epoch.visible_slots,
        running_slots=settings.running_slots,
        class_ttft_s=np.array([one.ttft_s for one in settings.classes]),
        class_tpot_s=np.array([one.tpot_s for one in settings.classes]),
        longest_ttft_s=max(one.ttft_s for one in settings.classes),
        longest_tpot_s=max(one.tpot_s for one in settings.classes),
        longest_prompt_tokens=float(asked.longest_prompt_tokens),
        longest_output_tokens=float(asked.longest_output_tokens),
        reward_weights=scenario.reward.of(REWARD_TERMS),
        uplink_symbols_per_s=radio.uplink_bandwidth_hz * settings.uplink_share,
        downlink_symbols_per_s=radio.downlink_bandwidth_hz * settings.uplink_share,
        uplink_snr=reference_snr(radio.device_power_dbm, radio.noise_dbm_per_hz, radio.uplink_bandwidth_hz),
        downlink_snr=reference_snr(radio.node_power_dbm, radio.noise_dbm_per_hz, radio.downlink_bandwidth_hz),
        max_bits_per_symbol=radio.max_spectral_efficiency_bits_per_s_per_hz or math.inf,
        step_snr=steps.snr,
        step_efficiency=steps.bits_per_s_per_hz,
        share=settings.uplink_share,
        uplink_bits_per_token=scenario.uplink_bits_per_token,
        downlink_bits_per_token=radio.downlink_bits_per_token,
        prediction_error=settings.prediction_error,
        host_blocks=int(settings.host_memory_bytes / block_bytes(scenario)),
        block_transfer_s=block_bytes(scenario) / settings.host_link_bytes_per_s,
        soft_misses=settings.soft_misses,
    )


def kv_blocks(scenario: Scenario) -> int:
    """Blocks of the KV cache in what weights, runtime and activations of the largest chunk leave of memory.

    A token's bytes are those of an output token; what a prompt's token holds beyond them are activations, held while
    its chunk is computed, and so are scores, of each of its tokens with each of the longest prompt.

    Raises ScenarioError where that is not one block.
    """
    held, chunk = scenario.batch_cost.memory_bytes, scenario.iterations.prefill_budgets[-1]
    scores = held.marginal.s_squared * scenario.workload.longest_prompt_tokens * chunk
    activations = (held.marginal.s - held.marginal.n) * chunk + scores
    left = scenario.memory_limit_bytes - held.base.constant - activations
    block = block_bytes(scenario)
    if left < block:
        raise ScenarioError(
            f"scenario {scenario.name}: node.memory_bytes_per_module: the node's {scenario.memory_limit_bytes:.4g} "
            f"bytes less {held.base.constant:.4g} of weights and runtime and {activations:.4g} of the activations of "
            f"the largest of iterations.prefill_budgets must hold a block of the KV cache, {block:.4g} bytes"
        )
    return int(left / block)


def block_bytes(scenario: Scenario) -> float:
    """Bytes of a block of the KV cache."""
    return scenario.batch_cost.memory_bytes.marginal.n * scenario.iterations.block_tokens
