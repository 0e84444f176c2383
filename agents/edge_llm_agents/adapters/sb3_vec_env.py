"""Native vector environments as a Stable-Baselines3 `VecEnv`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_agents.adapters.joined_rows import JoinedRows
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.envs.restoring import checked_arrays
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.checking.arguments import checked, checked_options
from edge_llm_env.support.naming import shown

_ALL = np.ones(0, dtype=np.bool_)
"""In place of a mask where every row has an entry."""


class EdgeVecEnv(VecEnv):
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
    many consecutive rows have the same seed, so that they play the same workloads, one after the other. `options` are
    further arguments of the environment, `{"action": "shares"}`.

    Raises ValueError for fewer rows than scenarios, for scenarios whose spaces differ (with their names), and for
    `rows_per_workload` that does not divide the rows of each scenario.
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
        scenarios = [scenario] if isinstance(scenario, str | Path | Scenario) else list(scenario)
        if not 1 <= len(scenarios) <= num_envs:
            raise ValueError(f"num_envs = {num_envs}: must be at least one row for each of {len(scenarios)} scenarios")
        shares = [len(share) for share in np.array_split(np.arange(num_envs), len(scenarios))]
        if rows_per_workload < 1 or any(share % rows_per_workload for share in shares):
            raise ValueError(
                f"rows_per_workload = {rows_per_workload}: must be at least 1 and divide the rows of each scenario, "
                f"{' and '.join(map(str, shares))}"
            )
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
            self.envs = [wrapper(env) for env in self.envs]
        self.env: Any = self.envs[0] if len(self.envs) == 1 else JoinedRows(self.envs)
        self.render_mode = None
        super().__init__(num_envs, self.env.single_observation_space, self.env.single_action_space)
        self.reward_scale = reward_scale
        self.rows_per_workload = rows_per_workload
        self._actions: NDArray | None = None
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, dtype=np.int64)
        self._started_s = time.monotonic()

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
        self.reset_infos = [_info_of(infos, row) for row in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        self._returns[:] = 0.0
        self._lengths[:] = 0
        return observations

    def step_async(self, actions: NDArray) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Step all rows; finished ones begin anew, with `terminal_observation` and `TimeLimit.truncated` in info."""
        observations, rewards, terminated, truncated, vector_infos = self.env.step(self._actions)
        done = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(done).tolist():
            infos[row] = _info_of(vector_infos["final_info"], row) | {
                "terminal_observation": vector_infos["final_obs"][row],
                "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                "episode": {
                    "r": float(self._returns[row]),
                    "l": int(self._lengths[row]),
                    "t": round(time.monotonic() - self._started_s, 6),
                },
            }
        self._returns[done] = 0.0
        self._lengths[done] = 0
        return observations, (self.reward_scale * rewards).astype(np.float32), done, infos

    def state(self) -> dict[str, NDArray]:
        """All that later steps depend on, as arrays by name: the rows, their generators, the episodes so far."""
        return self.env.state() | {"returns": self._returns.copy(), "lengths": self._lengths.copy()}

    def restore(self, state: dict[str, NDArray]) -> None:
        """Go on from what `state` returned, in place of a reset.

        Raises TypeError or ValueError, naming the array, for what no `state` of such rows returned.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"state = {shown(state)}: must be what state() returned, arrays by name")
        own = {"returns": self._returns, "lengths": self._lengths}
        sums = checked_arrays(
            {name: state[name] for name in own if name in state},
            {name: (array.dtype, array.shape) for name, array in own.items()},
        )
        self.env.restore({name: array for name, array in state.items() if name not in own})
        self._returns, self._lengths = sums["returns"], sums["lengths"]
        self._reset_seeds()

    def action_masks(self) -> NDArray[np.bool_]:
        """Valid actions of each row, bool of shape (rows, actions)."""
        return self.env.unwrapped.action_masks()

    def close(self) -> None:
        """Close the vector environment."""
        self.env.close()

    @checked
    def has_attr(self, attr_name: str) -> bool:
        """Whether the vector environments have an attribute."""
        return all(hasattr(env.unwrapped, attr_name) for env in self.envs)

    @checked
    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of the vector environment that a row belongs to, for each row asked for."""
        values = [value for env in self.envs for value in [getattr(env.unwrapped, attr_name)] * env.num_envs]
        return [values[row] for row in self._rows(indices)]

    @checked
    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the vector environments; rows share it, so `indices` must be None."""
        if indices is not None:
            raise ValueError(f"indices = {shown(indices)}: must be None, the rows share {attr_name}")
        for env in self.envs:
            setattr(env.unwrapped, attr_name, value)

    @checked
    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Call a method of the vector environments that answers for all rows; its answer for the rows asked for."""
        methods = [getattr(env.unwrapped, method_name) for env in self.envs]
        answers = [answer for method in methods for answer in method(*method_args, **method_kwargs)]
        return [answers[row] for row in self._rows(indices)]

    def _rows(self, indices: Any) -> list[int]:
        """The rows that SB3 calls `indices`: None for all, one, or several."""
        several: Any = range(self.num_envs) if indices is None else indices
        if isinstance(several, np.ndarray):
            several = several.tolist()
        rows: list[Any] = list(several) if isinstance(several, Sequence) else [several]
        for row in rows:
            whole = isinstance(row, int | np.integer) and not isinstance(row, bool)
            if not whole or not -self.num_envs <= row < self.num_envs:
                raise ValueError(f"indices = {shown(indices)}: must be None or rows in 0..{self.num_envs - 1}")
        return [int(row) for row in rows]

    @checked
    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:
        """Whether rows do what a wrapper does: SB3's `Monitor`, and no other, since none is around single rows."""
        return [issubclass(wrapper_class, Monitor)] * len(self._rows(indices))

    def _native_options(self) -> dict[str, Any] | None:
        """The options of all rows as the vector environment takes them."""
        workloads = [checked_options(options, "workload").get("workload") for options in self._options]
        return None if all(one is None for one in workloads) else {"workloads": workloads}


def _info_of(infos: Mapping[str, Any], row: int) -> dict[str, Any]:
    """A row's info of those of all rows, as the single environment has it."""
    found: dict[str, Any] = {}
    for name, values in infos.items():
        if name.startswith("_") or not np.all(infos.get(f"_{name}", _ALL)[row : row + 1]):
            continue
        if isinstance(values, Mapping):
            found[name] = _info_of(values, row)
        else:
            found[name] = values[row].copy() if np.ndim(values) > 1 else values[row].item()
    return found
