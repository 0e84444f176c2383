"""What stays the same for all rows of a scenario whose modules are a rack."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS

MOST_IN_A_BATCH = 4096
"""Requests that a module serves in an epoch, at most: more are many small ones, which a scenario can make larger."""

ROUNDING = 1e-9
"""Relative; a batch may take so much more than the window or the memory, as `edge_llm_env.feasibility.rule` has it."""

LONGEST_COUNT_RATIO = 2.0
"""Counts of feeders are shown in parts of so many times the mean count of a crowd."""


class RackParams(NamedTuple):
    """A scenario's constants, as kernels read them."""

    epoch_s: float
    episode_epochs: int
    modules: int
    modules_at_start: int
    start_s: float
    """From when a module is powered until it has loaded and started; it reads all weights, even to keep a part."""
    group_sizes: NDArray[np.int64]
    """(S,) modules that work as one, 0 where all that have started do: the first when an episode begins."""
    largest: NDArray[np.int64]
    """(M + 1,) requests, all of the longest lengths, that a group of so many modules serves in an epoch at most."""
    base_s: NDArray[np.float64]
    """(M + 1,) compute time of such a group's batch but for its requests."""
    one_s: NDArray[np.float64]
    """(M + 1,) for each of these."""
    base_j: NDArray[np.float64]
    """(M + 1,) energy likewise, beside the idle power."""
    one_j: NDArray[np.float64]
    """(M + 1,)"""
    base_memory: NDArray[np.float64]
    """(M + 1,) part of the group's memory that weights take."""
    one_memory: NDArray[np.float64]
    """(M + 1,) part of it for each request."""
    capacity: int
    """Requests that the whole rack serves in an epoch, in groups of the best size."""
    window_s: float
    idle_j: float
    """Energy of a module that is on, in an epoch."""
    offered_accuracy: float
    longest_prompt_tokens: int
    longest_output_tokens: int
    reward_weights: NDArray[np.float64]
    """(terms,) the scenario's weights, in the order of REWARD_TERMS."""
    history_epochs: int
    day_s: float
    feeders: int
    """F"""
    count_scale: float
    """What counts of feeders are shown in parts of."""


def rack_params(scenario: Scenario) -> RackParams:
    """A scenario as kernels read it; raises `ScenarioError` for one that is no rack."""
    _check(scenario)
    epoch, node, asked, rack = scenario.epoch, scenario.node, scenario.workload, scenario.rack
    groups = [group_of(scenario, modules) for modules in range(node.modules + 1)]
    largest = np.array([group.largest for group in groups])
    sizes = rack.group_sizes or (rack.modules_per_group or 0,)
    together = [size or node.modules for size in sizes]
    for size in together:
        if largest[size] < 1:
            field = "group_sizes" if rack.group_sizes else "modules_per_group"
            raise ScenarioError(
                f"scenario {scenario.name}: rack.{field}: a group of {size} modules must serve a request of the "
                f"longest lengths in {epoch.compute_window_s:g} s and {node.memory_bytes_per_module:g} bytes a module"
            )
    return RackParams(
        epoch_s=epoch.epoch_s,
        episode_epochs=epoch.episode_epochs,
        modules=node.modules,
        modules_at_start=node.modules if rack.modules_at_start is None else rack.modules_at_start,
        start_s=scenario.own_variant.load_s,
        group_sizes=np.array(sizes, dtype=np.int64),
        largest=largest,
        base_s=np.array([group.base_s for group in groups]),
        one_s=np.array([group.one_s for group in groups]),
        base_j=np.array([group.base_j for group in groups]),
        one_j=np.array([group.one_j for group in groups]),
        base_memory=np.array([group.base_memory for group in groups]),
        one_memory=np.array([group.one_memory for group in groups]),
        capacity=max(int(largest[size]) * (node.modules // size) for size in together),
        window_s=epoch.compute_window_s,
        idle_j=rack.idle_power_w * epoch.epoch_s,
        offered_accuracy=scenario.quantization.accuracy,
        longest_prompt_tokens=asked.longest_prompt_tokens,
        longest_output_tokens=asked.longest_output_tokens,
        reward_weights=scenario.reward.of(REWARD_TERMS),
        history_epochs=rack.history_epochs,
        day_s=rack.day_s,
        feeders=asked.arrivals.counted.feeders,
        count_scale=LONGEST_COUNT_RATIO * asked.arrivals.counted.of_crowd,
    )


class Group(NamedTuple):
    """What modules that work as one can do in an epoch, each request at the longest lengths."""

    largest: int
    base_s: float
    one_s: float
    base_j: float
    one_j: float
    base_memory: float
    one_memory: float


def group_of(scenario: Scenario, modules: int) -> Group:
    """A group of so many modules.

    Every request is computed at the longest lengths, so that the largest batch is a count. Modules that share every
    matrix hold the weights once among them; others each hold a copy, as where modules are divided among variants
    (`edge_llm_env.dynamics.modules.variant_rule`).
    """
    if modules == 0:
        return Group(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    variant, epoch, node = scenario.own_variant, scenario.epoch, scenario.node
    cost = variant.batch_cost[modules - 1]
    prompt = max(float(node.fixed_prompt_tokens or 0), float(scenario.workload.longest_prompt_tokens))
    lengths = prompt, float(scenario.workload.longest_output_tokens)
    base_s, one_s = cost.compute_s.base(*lengths), cost.compute_s.marginal(*lengths)
    base_bytes, one_bytes = cost.memory_bytes.base(*lengths), cost.memory_bytes.marginal(*lengths)
    held = modules * node.memory_bytes_per_module
    shared = node.parallelism is not None and node.parallelism.is_of_tensors
    copies_bytes = 0.0 if shared else (modules - 1) * variant.weight_bytes  # beside the weights in base_bytes
    room_s = epoch.compute_window_s * (1.0 + ROUNDING) - base_s
    room_bytes = (held - copies_bytes) * (1.0 + ROUNDING) - base_bytes
    largest = min(
        MOST_IN_A_BATCH if one_s <= 0.0 else room_s / one_s,
        MOST_IN_A_BATCH if one_bytes <= 0.0 else room_bytes / one_bytes,
        MOST_IN_A_BATCH,
    )
    return Group(
        max(0, math.floor(largest)),
        base_s,
        one_s,
        cost.energy_j.base(*lengths),
        cost.energy_j.marginal(*lengths),
        (base_bytes + copies_bytes) / held,
        one_bytes / held,
    )


def _check(scenario: Scenario) -> None:
    """Raise `ScenarioError` for what a rack does not have."""
    rack, modules, every_s = scenario.rack, scenario.node.modules, scenario.workload.arrivals.counted.every_s
    wrong = ""
    if scenario.counts_images:
        wrong = "node.images: must be in every request, and of upload_bytes = 0, here, where requests are a count"
    elif not scenario.beliefs.are_true:
        wrong = "beliefs: must be without errors here, where requests are a count"
    elif rack.modules_at_start is not None and rack.modules_at_start > modules:
        wrong = f"rack.modules_at_start = {rack.modules_at_start}: must be at most node.modules = {modules}"
    elif rack.modules_per_group is not None and rack.modules_per_group > modules:
        wrong = f"rack.modules_per_group = {rack.modules_per_group}: must be at most node.modules = {modules}"
    elif every_s is not None and every_s != scenario.epoch.epoch_s:
        wrong = f"workload.arrivals.count_every_s = {every_s:g}: must be epoch.epoch_s = {scenario.epoch.epoch_s:g}"
    elif rack.group_sizes is not None:
        wrong = _wrong_with_sizes(scenario, rack.group_sizes)
    if wrong:
        raise ScenarioError(f"scenario {scenario.name}: {wrong}")


def _wrong_with_sizes(scenario: Scenario, sizes: tuple[int, ...]) -> str:
    """What is wrong with sizes of groups that an agent chooses among; empty if nothing is."""
    node = scenario.node
    if scenario.rack.modules_per_group is not None:
        return f"rack.modules_per_group = {scenario.rack.modules_per_group}: must be left out with rack.group_sizes"
    if list(sizes) != sorted(set(sizes)) or sizes[-1] > node.modules:
        return f"rack.group_sizes = {list(sizes)}: must ascend, to node.modules = {node.modules} at most"
    if node.parallelism is None or not node.parallelism.is_of_tensors:
        return f"node.parallelism = {node.parallelism}: must be given, and share tensors alone, with rack.group_sizes"
    return ""
