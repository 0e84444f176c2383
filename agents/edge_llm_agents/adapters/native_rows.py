"""What rows of native vector environments do as a Stable-Baselines3 `VecEnv`, whatever a row is."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from edge_llm_env.envs.restoring import checked_arrays
from edge_llm_env.support.checking.arguments import checked, checked_options
from edge_llm_env.support.naming import shown

_ALL = np.ones(0, dtype=np.bool_)
"""In place of a mask where every row has an entry."""


class NativeRows(VecEnv):
    """Rows with their episodes so far, their options and state; a subclass says what a row is and steps them."""

    env: Any
    """The native vector environment of all rows, which may be wrapped."""

    def __init__(self, num_envs: int, observation_space: gym.Space, action_space: gym.Space) -> None:
        self.render_mode = None
        super().__init__(num_envs, observation_space, action_space)
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, dtype=np.int64)
        self._started_s = time.monotonic()

    @abstractmethod
    def _parts(self) -> Sequence[tuple[Any, int]]:
        """Native vector environments, and how many rows are of each, in order."""

    def _begun(self, infos: list[dict[str, Any]]) -> None:
        """All rows have begun an episode, with these infos."""
        self.reset_infos = infos
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0.0, 0

    def _earned(self, rewards: NDArray[np.floating]) -> None:
        """All rows have made a step, with these rewards before scaling."""
        self._returns += rewards
        self._lengths += 1

    def _ended(self, row: int) -> dict[str, Any]:
        """`episode` of a row that has finished one, as SB3's `Monitor` writes it; the next one counts anew."""
        episode = {
            "r": float(self._returns[row]),
            "l": int(self._lengths[row]),
            "t": round(time.monotonic() - self._started_s, 6),
        }
        self._returns[row], self._lengths[row] = 0.0, 0
        return episode

    def _asked_workloads(self) -> list[Any]:
        """The workload that `set_options` gives each row, or None; raises ValueError for another option."""
        return [checked_options(options, "workload").get("workload") for options in self._options]

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

    def close(self) -> None:
        """Close the vector environment, which holds nothing open: `step` and `reset` go on all the same."""
        self.env.close()

    @checked
    def has_attr(self, attr_name: str) -> bool:
        """Whether the vector environments have an attribute."""
        return all(hasattr(env.unwrapped, attr_name) for env, _ in self._parts())

    @checked
    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of the vector environment that a row belongs to, for each row asked for."""
        values = [value for env, rows in self._parts() for value in [getattr(env.unwrapped, attr_name)] * rows]
        return [values[row] for row in self._rows(indices)]

    @checked
    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the vector environments; rows share it, so `indices` must be None."""
        if indices is not None:
            raise ValueError(f"indices = {shown(indices)}: must be None, the rows share {attr_name}")
        for env, _ in self._parts():
            setattr(env.unwrapped, attr_name, value)

    @checked
    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:
        """Whether rows do what a wrapper does: SB3's `Monitor`, and no other, since none is around single rows."""
        return [issubclass(wrapper_class, Monitor)] * len(self._rows(indices))

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


def info_of(infos: Mapping[str, Any], row: int) -> dict[str, Any]:
    """A row's info of those of all rows, as the single environment has it."""
    found: dict[str, Any] = {}
    for name, values in infos.items():
        if name.startswith("_") or not np.all(infos.get(f"_{name}", _ALL)[row : row + 1]):
            continue
        if isinstance(values, Mapping):
            found[name] = info_of(values, row)
        else:
            found[name] = values[row].copy() if np.ndim(values) > 1 else values[row].item()
    return found


def scale_of_rewards(reward_scale: float) -> float:
    """What rewards are multiplied by; raises ValueError unless it is finite."""
    if not np.isfinite(reward_scale):
        raise ValueError(f"reward_scale = {reward_scale}: must be finite")
    return reward_scale
