"""What tests share: scenarios that are small and quick, workloads written by hand, actions for any environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from edge_llm_env import Scenario, ScenarioError, Workload, load_scenario
from edge_llm_env.envs.observation.features import OBSERVATION
from edge_llm_env.envs.observation.layout import length
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.registration import ENVIRONMENTS

ENVIRONMENT_IDS = tuple(ENVIRONMENTS)

OTHER_FORMS = ("Shares/Bandwidth-v0", "Shares/Joint-v0")
"""Ids of the tests' own, of environments with `action="shares"`."""

for _form in OTHER_FORMS:
    _entry = ENVIRONMENTS[_form.replace("Shares", "EdgeLLM")]
    gym.register(
        _form,
        entry_point=_entry.entry_point,
        vector_entry_point=_entry.vector_entry_point,
        kwargs={"scenario": _entry.default_scenario, "action": "shares"},
    )

CARRIED_FORMS = {"Carried/Bandwidth-v0": "values", "CarriedShares/Bandwidth-v0": "shares"}
"""Ids of the tests' own, of an environment whose uploads carry over, and the form of its action."""

for _id, _form in CARRIED_FORMS.items():
    gym.register(
        _id,
        entry_point="tests.support.carried:CarriedBandwidthEnv",
        vector_entry_point="tests.support.carried:CarriedBandwidthVectorEnv",
        kwargs={"scenario": ENVIRONMENTS["EdgeLLM/Bandwidth-v0"].default_scenario, "action": _form},
    )

ALL_FORMS = (*ENVIRONMENT_IDS, *OTHER_FORMS, *CARRIED_FORMS)
"""Every environment in every form of its action, and with uploads that carry over."""

EPOCH_IDS = tuple(env_id for env_id, entry in ENVIRONMENTS.items() if entry.counts_epochs)
"""Environments whose step decides on an epoch, or on a part of one."""

ONE_NODE_IDS = tuple(env_id for env_id in EPOCH_IDS if env_id != MULTI_NODE)
"""Those of one node, which the wrappers of several objectives are for."""

EPOCH_FORMS = (*EPOCH_IDS, *OTHER_FORMS)
"""These in every form of their action."""

ALL_WEIGHTS = {"reward.served": 1.0, "reward.tokens": 0.01, "reward.energy": -0.003, "reward.expired": -0.7}
"""Reward weights that make every term of the reward count."""

ROOFLINE = {
    "node.cost_model": "roofline",
    "node.device": "jetson-agx-orin-64gb",
    "node.modules": 1,
    "node.memory_bytes_per_module": 64e9,
    "node.decoder": "llama-3.1-8b",
    "node.precision": "w4a16-awq",
    "epoch.epoch_s": 20.0,
    "workload.arrivals.rate_per_s": 0.8,
    "workload.output_tokens": [32, 64, 128],
    "workload.latency_requirement_s.low": 20.0,
    "workload.latency_requirement_s.high": 60.0,
}
"""Turns `carry-over` into a Jetson AGX Orin that serves Llama-3.1-8B in 4 bits, under the roofline cost model."""


def small_scenario(preset: str = "carry-over", **overrides: Any) -> Scenario:
    """A preset with few slots and short episodes; dots of the overridden fields are written as `__`."""
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return load_scenario(preset, **({"epoch.visible_slots": 6, "epoch.episode_epochs": 4} | dotted))


def steps_for(env_id: str, of_epochs: int) -> int:
    """Steps that take about as much simulated time as so many of an environment that counts epochs."""
    return 20 * of_epochs if env_id in ENVIRONMENTS and not ENVIRONMENTS[env_id].counts_epochs else of_epochs


def observation_length(slots: int) -> int:
    """Entries of an observation of that many slots, where modules are not divided."""
    return length(OBSERVATION, small_scenario(epoch__visible_slots=slots))


AZURE_TRACE = "\n".join(
    ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    + [
        f"2023-11-16 {18 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}.{7919 * second % 10**7:07},"
        f"{100 + 37 * second % 1500},{10 + 23 * second % 400}"
        for second in range(4 * 3600)
    ]
)
"""A made-up trace in Azure's format: one request in each second of four hours."""


def load_preset(name: str, folder: Path, **overrides: Any) -> Scenario:
    """Any preset; those that replay a trace of the user's get a made-up one, written to the folder."""
    try:
        return load_scenario(name, **overrides)
    except ScenarioError as error:
        if "workload.arrivals.path: is required" not in str(error):
            raise
        path = folder / "trace.csv"
        path.write_text(AZURE_TRACE, encoding="utf-8")
        return load_scenario(name, **({"workload.arrivals.path": str(path)} | overrides))


def workload_at(
    arrival_s: ArrayLike,
    *,
    prompt_tokens: ArrayLike = 128,
    output_tokens: ArrayLike = 128,
    latency_requirement_s: ArrayLike = 100.0,
    accuracy_requirement: ArrayLike = 0.0,
    request_class: ArrayLike = 0,
    uplink_gain: ArrayLike = 1e-9,
    downlink_gain: ArrayLike = 1e-9,
) -> Workload:
    """A workload of requests that arrive at those times; what is one value holds for every request.

    Gains are one value, one per request, or of shape (requests, blocks). Without further ado the requests are easy to
    serve: short, patient, content with any accuracy and near the base station.
    """
    arrival = np.array(arrival_s, dtype=np.float64)
    requests = len(arrival)

    def per_request(values: ArrayLike, dtype: type) -> NDArray:
        return np.array(np.broadcast_to(np.asarray(values, dtype=dtype), requests))

    def gains(values: ArrayLike) -> NDArray[np.float64]:
        given = np.asarray(values, dtype=np.float64)
        return np.array(given if given.ndim == 2 else np.broadcast_to(given, requests)[:, None])

    return Workload(
        arrival_s=arrival,
        prompt_tokens=per_request(prompt_tokens, np.int64),
        output_tokens=per_request(output_tokens, np.int64),
        latency_requirement_s=per_request(latency_requirement_s, np.float64),
        accuracy_requirement=per_request(accuracy_requirement, np.float64),
        request_class=per_request(request_class, np.int64),
        distance_m=per_request(100.0, np.float64),
        uplink_gain=gains(uplink_gain),
        downlink_gain=gains(downlink_gain),
    ).validate()


def some_action(env: gym.Env, info: dict[str, Any], rng: np.random.Generator) -> Any:
    """A random action of the space; where actions are masked, mostly one that admits a request."""
    space = env.action_space
    if isinstance(space, spaces.Discrete):
        admissible = np.flatnonzero(info["action_mask"][:-1])
        if admissible.size and rng.random() < 0.7:
            return rng.choice(admissible)
    space.seed(int(rng.integers(2**31)))
    return space.sample()


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """That two observations, infos or other nested results are equal to the last bit."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}[{key!r}]")
    elif isinstance(one, tuple | list):
        assert len(one) == len(other), where
        for at, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert_same(mine, theirs, f"{where}[{at}]")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        if one.dtype == object:  # an observation a row, None for rows that go on
            assert_same(one.tolist(), other.tolist(), where)
            return
        np.testing.assert_array_equal(one, other, err_msg=where, strict=True)
    elif isinstance(one, float) and np.isnan(one):  # a percentile of nobody
        assert np.isnan(other), where
    else:
        assert one == other, where
