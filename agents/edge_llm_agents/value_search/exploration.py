"""Other ways to find a value function than the cross-entropy method: SB3's algorithms, exploring in its parameters."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Literal

from sb3_contrib import ARS
from stable_baselines3 import PPO, SAC

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.adapters.threads import set_thread_counts
from edge_llm_agents.evaluation.judging import Judge
from edge_llm_agents.evaluation.playing import DecodedPolicy
from edge_llm_agents.value_search.parameter_actions import ParameterActions, ParameterPolicy
from edge_llm_agents.value_search.price_regression import price_policy
from edge_llm_baselines.allocation.oracle_decoding import VectorOracleDecoding
from edge_llm_baselines.playing.play import Policy
from edge_llm_env.envs.suite import BATCH_SELECTION

Algorithm = Literal["ars", "ppo-gsde", "ppo-per-episode", "sac-gsde", "ppo-slot-values", "hindsight-prices"]
"""`ars`: random directions of a linear map from the queue to the parameters. `ppo-gsde` and `sac-gsde`: state-dependent
exploration, drawn anew every 10 and every step; `ppo-per-episode`: drawn once per episode. `ppo-slot-values`: PPO on
oracle decoding itself, with independent noise on each slot's value: what the others are better than, if they are.
`hindsight-prices` does not explore: a value function is fitted to hindsight's multipliers (`price_regression`)."""

PRICED_EPISODES = 20
"""Workloads whose multipliers are fitted, some seconds of hindsight each."""


def explore(algorithm: Algorithm, judge: Judge[Any, Any], *, steps: int, rows: int, seed: int) -> dict[str, Any]:
    """Train for that many epoch steps from the tuned look-ahead rule on, and judge on the judge's workloads.

    All but `ppo-slot-values`, which has no rule to start from, begin as the rule (actions of about zero).
    """
    started_s = time.perf_counter()
    if algorithm == "hindsight-prices":
        scenario = judge.scenario
        policy: Policy = price_policy(scenario, judge.rivals.tuned["discount"], PRICED_EPISODES, seed)
        taken = PRICED_EPISODES * scenario.epoch.episode_epochs
    else:
        policy, taken = _trained(algorithm, judge, steps, rows, seed)
    seconds = time.perf_counter() - started_s
    record = {"algorithm": algorithm, "seed": seed, "epoch_steps": taken, "seconds": seconds}
    return record | judge.judge(partial(DecodedPolicy, policy))


def _trained(algorithm: Algorithm, judge: Judge[Any, Any], steps: int, rows: int, seed: int) -> tuple[Policy, int]:
    """The policy, and the epoch steps that its training took."""
    set_thread_counts()
    scenario, discount = judge.scenario, judge.rivals.tuned["discount"]
    by_slot = algorithm == "ppo-slot-values"
    env = EdgeVecEnv(
        BATCH_SELECTION,
        rows,
        scenario,
        reward_scale=1.0 if algorithm == "ars" else 0.1,
        wrapper=VectorOracleDecoding if by_slot else lambda env: ParameterActions(env, scenario, discount),
    )
    env.seed(seed)
    # ARS counts every step of every row as a step of all rows.
    counted = rows if algorithm == "ars" else 1
    model = _model(algorithm, env, scenario.epoch.episode_epochs, seed).learn(steps * counted)
    return (model if by_slot else ParameterPolicy(model, scenario, discount)), model.num_timesteps // counted


def _model(algorithm: Algorithm, env: EdgeVecEnv, epochs: int, seed: int) -> Any:
    if algorithm == "ars":
        return ARS(
            "LinearPolicy", env, n_delta=8, n_top=4, delta_std=0.1, learning_rate=0.05, n_eval_episodes=env.num_envs,
            seed=seed, device="cpu",
        )  # fmt: skip
    if algorithm == "sac-gsde":
        return SAC(
            "MlpPolicy", env, use_sde=True, gamma=0.9, learning_starts=10 * epochs, train_freq=1, gradient_steps=4,
            policy_kwargs={"net_arch": [64, 64]}, seed=seed, device="cpu",
        )  # fmt: skip
    exploration = {"ppo-gsde": 10, "ppo-per-episode": epochs}
    return PPO(
        "MlpPolicy", env, n_steps=epochs, batch_size=max(2, epochs * env.num_envs // 8), n_epochs=4, gamma=0.9,
        gae_lambda=0.9, learning_rate=1e-3, use_sde=algorithm in exploration,
        sde_sample_freq=exploration.get(algorithm, -1), policy_kwargs={"log_std_init": -1.0}, seed=seed, device="cpu",
    )  # fmt: skip
