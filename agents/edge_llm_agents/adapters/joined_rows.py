"""Vector environments of several scenarios as one: their rows stand one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_env.support.checking.arguments import checked_seeds
from edge_llm_env.support.naming import shown

Infos = dict[str, Any]


class JoinedRows(VectorEnv):
    """The rows of several native vector environments, which may be wrapped, behind one vector interface.

    Rows are those of the first part, then those of the second, and so on. Raises ValueError, with their names, for
    parts whose observation or action spaces differ.
    """

    def __init__(self, envs: Sequence[Any]) -> None:
        self.envs = list(envs)
        first = self.envs[0]
        for other in self.envs[1:]:
            for space in ("single_observation_space", "single_action_space"):
                one, another = getattr(first, space), getattr(other, space)
                if one != another:
                    names = " and ".join(repr(env.unwrapped.scenario.name) for env in (first, other))
                    what = space.removeprefix("single_").replace("_", " ")
                    raise ValueError(f"scenarios {names}: have another {what} each, {one} and {another}; must be equal")
        self.num_envs = sum(env.num_envs for env in self.envs)
        self.ends = np.cumsum([env.num_envs for env in self.envs])[:-1]
        self.single_observation_space = first.single_observation_space
        self.single_action_space = first.single_action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.metadata = first.metadata
        self.render_mode = None

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each row."""
        return tuple(one for env in self.envs for one in env.unwrapped.np_random)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """What the generator of each row was seeded with."""
        return tuple(one for env in self.envs for one in env.unwrapped.np_random_seed)

    @property
    def autoreset_mode(self) -> AutoresetMode:
        """Of every part."""
        return self.envs[0].unwrapped.autoreset_mode

    @autoreset_mode.setter
    def autoreset_mode(self, mode: AutoresetMode) -> None:
        for env in self.envs:
            env.unwrapped.autoreset_mode = mode

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Infos]:
        """Begin an episode on every row; seeds and the options' entries count over all rows.

        A `reset_mask` has to be True for a row of each part, as each is asked on its own.
        """
        seeds = checked_seeds(seed, self.num_envs)
        observations, infos = [], []
        for env, rows in zip(self.envs, np.split(np.arange(self.num_envs), self.ends), strict=True):
            its = None if options is None else {name: _rows_of(value, rows) for name, value in options.items()}
            seen, info = env.reset(seed=[seeds[row] for row in rows], options=its)
            observations.append(seen)
            infos.append(info)
        return np.concatenate(observations), self._joined(infos)

    def step(
        self, actions: NDArray
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Infos]:
        """Step every row with its action."""
        *results, infos = zip(
            *(env.step(its) for env, its in zip(self.envs, np.split(actions, self.ends), strict=True)), strict=True
        )
        observations, rewards, terminated, truncated = (np.concatenate(arrays) for arrays in results)
        return observations, rewards, terminated, truncated, self._joined(infos)

    def action_masks(self) -> NDArray[np.bool_]:
        """Valid actions of each row, where the parts have such."""
        return np.concatenate([env.unwrapped.action_masks() for env in self.envs])

    def state(self) -> dict[str, NDArray]:
        """What the parts' `state` return, by the part's number."""
        return {f"{at}.{name}": array for at, env in enumerate(self.envs) for name, array in env.state().items()}

    def restore(self, state: dict[str, NDArray]) -> None:
        """Go on from what `state` returned; raises TypeError or ValueError as the parts do."""
        if not isinstance(state, Mapping):
            raise TypeError(f"state = {shown(state)}: must be what state() returned, arrays by name")
        known = tuple(f"{at}." for at in range(len(self.envs)))
        for name in state:
            if not str(name).startswith(known):
                raise ValueError(f"state[{shown(name)}]: must begin with one of {', '.join(known)}")
        for at, env in enumerate(self.envs):
            env.restore({name.removeprefix(f"{at}."): one for name, one in state.items() if name.startswith(f"{at}.")})

    def close_extras(self, **kwargs: Any) -> None:
        """Close the parts."""
        for env in self.envs:
            env.close(**kwargs)

    def _joined(self, infos: Sequence[Infos]) -> Infos:
        """Infos over all rows; what only some parts have is empty, with its mask false, on the others' rows."""
        names = dict.fromkeys(name for info in infos for name in info)
        return {name: self._joined_entry([info.get(name) for info in infos]) for name in names}

    def _joined_entry(self, entries: Sequence[Any]) -> Any:
        given = next(entry for entry in entries if entry is not None)
        if isinstance(given, dict):
            return self._joined([entry if entry is not None else {} for entry in entries])
        nothing = None if given.dtype == object else 0
        return np.concatenate(
            [
                entry if entry is not None else np.full((env.num_envs, *given.shape[1:]), nothing, dtype=given.dtype)
                for entry, env in zip(entries, self.envs, strict=True)
            ]
        )


def _rows_of(value: Any, rows: NDArray[np.intp]) -> Any:
    """An option's entries of some rows."""
    return value[rows] if isinstance(value, np.ndarray) else [value[row] for row in rows]
