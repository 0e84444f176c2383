"""Native vector environments as a Stable-Baselines3 `VecEnv`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_agents.adapters.joined_rows import JoinedRows
from edge_llm_agents.adapters.native_rows import NativeRows, info_of, scale_of_rewards
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.checking.arguments import checked
from edge_llm_env.support.naming import shown


class EdgeVecEnv(NativeRows):
    """All rows of a native vector environment, with no Python loop over them.

    `scenario` is a preset's name, a TOML file's path or a `Scenario`, or several of them, which share the rows evenly,
    one after the other; their observation and action spaces must be equal.

    `set_options({"workload": workload})`, or one for each row, holds for the next reset, whose infos are in
    `reset_infos`. Rewards are multiplied by `reward_scale`, so that values can be brought to order one;
    `infos[i]["episode"]` of a finished row tells its unscaled return `r`, length `l` and time `t`, as SB3's `Monitor`
    does, so that `env_is_wrapped(Monitor)` is true, beside the info of its last step. Infos of other rows are empty,
    since filling a thousand of them would cost more than the step. The row of `seed(s)` number i is the single
    environment of `reset(seed=s + i)`. `wrapper` goes around the vector environment, for
    instance `edge_llm_baselines.allocation.oracle_decoding.VectorOracleDecoding`. With `rows_per_workload` above 1 that
    many consecutive rows have the same seed, which is drawn where `seed` was not called, so that they play the same
    workloads, one after the other. `options` are
    further arguments of the environment, `{"action": "shares"}`.

    Raises ValueError for an id that is not of this suite, for fewer rows than scenarios, for scenarios whose spaces
    differ (with their names), and for `rows_per_workload` that does not divide the rows of each scenario.
    """

    @checked
    def __init__(
        self,
        env_id: str,
        num_envs: int,
        scenario: str | Path | Scenario | Sequence[str | Path | Scenario],
        *,
        reward_scale: float = 1.0,
        wrapper: Callable[[VectorEnv], VectorEnv] | None = None,
        rows_per_workload: int = 1,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        environment(env_id)
        scenarios = [scenario] if isinstance(scenario, str | Path | Scenario) else list(scenario)
        if not 1 <= len(scenarios) <= num_envs:
            raise ValueError(f"num_envs = {num_envs}: must be at least one row for each of {len(scenarios)} scenarios")
        shares = [len(share) for share in np.array_split(np.arange(num_envs), len(scenarios))]
        if rows_per_workload < 1 or any(share % rows_per_workload for share in shares):
            raise ValueError(
                f"rows_per_workload = {rows_per_workload}: must be at least 1 and divide the rows of each scenario, "
                f"{' and '.join(map(str, shares))}"
            )
        for taken in ("id", "num_envs", "vectorization_mode", "scenario", "autoreset_mode"):
            if taken in (options or {}):
                raise ValueError(f"options = {shown(options)}: {taken} must be left out, which is set otherwise")
        self.envs: list[Any] = [
            gym.make_vec(
                env_id,
                num_envs=share,
                vectorization_mode="vector_entry_point",
                scenario=one,
                autoreset_mode=AutoresetMode.SAME_STEP,
                **(options or {}),
            )
            for one, share in zip(scenarios, shares, strict=True)
        ]
        if wrapper is not None:
            self.envs = [_wrapped(env, wrapper) for env in self.envs]
        self.env: Any = self.envs[0] if len(self.envs) == 1 else JoinedRows(self.envs)
        super().__init__(num_envs, self.env.single_observation_space, self.env.single_action_space)
        self.reward_scale = scale_of_rewards(reward_scale)
        self.rows_per_workload = rows_per_workload
        if rows_per_workload > 1:  # rows without seeds would each draw their own
            self.seed()
        self._actions: NDArray | None = None

    @property
    def simulation(self) -> Simulation:
        """The simulated rows of a single scenario, for policies that look past the observation.

        Raises AttributeError where there are several: each of `envs` has its own.
        """
        return self.env.unwrapped.simulation

    @checked
    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seeds of the rows at the next reset: consecutive from `seed`, or drawn, one per `rows_per_workload` rows."""
        self._seeds = [
            one
            for one in super().seed(seed)[: self.num_envs // self.rows_per_workload]
            for _ in range(self.rows_per_workload)
        ]
        return self._seeds

    def reset(self) -> NDArray[np.float32]:
        """Begin an episode on every row, seeded if `seed` was called since the last reset, with the options set."""
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, infos = self.env.reset(seed=seeds, options=self._native_options())
        self._begun([info_of(infos, row) for row in range(self.num_envs)])
        return observations

    def step_async(self, actions: NDArray) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Step all rows; finished ones begin anew, with `terminal_observation` and `TimeLimit.truncated` in info."""
        observations, rewards, terminated, truncated, vector_infos = self.env.step(self._actions)
        done = terminated | truncated
        self._earned(rewards)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(done).tolist():
            infos[row] = info_of(vector_infos["final_info"], row) | {
                "terminal_observation": vector_infos["final_obs"][row],
                "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                "episode": self._ended(row),
            }
        return observations, (self.reward_scale * rewards).astype(np.float32), done, infos

    def _parts(self) -> Sequence[tuple[Any, int]]:
        return [(env, env.num_envs) for env in self.envs]

    def action_masks(self) -> NDArray[np.bool_]:
        """Valid actions of each row, bool of shape (rows, actions)."""
        return self.env.unwrapped.action_masks()

    @checked
    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Call a method of the vector environments that answers for all rows; its answer for the rows asked for."""
        methods = [getattr(env.unwrapped, method_name) for env in self.envs]
        answers = [answer for method in methods for answer in method(*method_args, **method_kwargs)]
        return [answers[row] for row in self._rows(indices)]

    def _native_options(self) -> dict[str, Any] | None:
        """The options of all rows as the vector environment takes them."""
        workloads = self._asked_workloads()
        return None if all(one is None for one in workloads) else {"workloads": workloads}


def _wrapped(env: VectorEnv, wrapper: Callable[[VectorEnv], VectorEnv]) -> VectorEnv:
    """An environment in what a user's wrapper makes of it; raises TypeError, one line, where that is none."""
    try:
        made = wrapper(env)
    except TypeError as error:
        raise TypeError(f"wrapper = {shown(wrapper)}: must make a VectorEnv of one: {error}") from error
    if not isinstance(made, VectorEnv):
        raise TypeError(f"wrapper = {shown(wrapper)}: must make a VectorEnv of one, made {shown(made)}")
    return made
