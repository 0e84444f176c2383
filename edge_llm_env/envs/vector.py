"""The native vector environment: many rows of one scenario, stepped by one compiled loop."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import COUNTERS, RESOURCES, NodeState
from edge_llm_env.envs.base import Mechanism, begin_rows, checked_options, checked_workload, finished
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.scenarios.reward_settings import REWARD_TERMS
from edge_llm_env.support.calling import direct
from edge_llm_env.support.sharing import share_rows
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.workload import Workload

Infos = dict[str, Any]


class EpochVectorEnv(VectorEnv[NDArray[np.float32], NDArray, NDArray]):
    """Rows of one scenario behind Gymnasium's vector interface; a subclass adds the mechanism.

    Row i of `reset(seed=s)` is the single environment of `reset(seed=s + i)`; a list of seeds names them one by one.
    `reset(options={"workloads": [...]})` replays given workloads, one per row; `options={"reset_mask": mask}` resets
    some rows only. Autoreset is `AutoresetMode.NEXT_STEP` (default), `SAME_STEP` (`final_obs` and `final_info` in
    infos) or `DISABLED`, in which a finished row stands still, at reward 0, until it is reset.

    Every entry of infos is an array over rows, with its `_key` mask as Gymnasium's own vector environments have it.

    Memory grows with the rows times (requests of an episode × (33 + 8 × fading blocks) + visible slots × 113) bytes,
    where both directions have one gain; with two, fading blocks count twice. Beside the 184 MB of Python, NumPy and
    Numba, 1,024 rows of `carry-over` take 49 MB, of `paper-bloom-3b` 253 MB.

    Raises `ScenarioError` for a scenario that is not valid, ValueError for `num_envs` below 1.
    """

    mechanism: ClassVar[Mechanism]

    def __init__(
        self,
        num_envs: int,
        scenario: str | Path | Scenario,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs = {num_envs}: must be at least 1")
        if render_mode is not None:
            raise ValueError(f"render_mode = {render_mode!r}: must be None, a vector environment does not render")
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"autoreset_mode": self.autoreset_mode, "render_modes": []}
        self.scenario = load_scenario(scenario)
        self.simulation = self.mechanism.simulation(self.scenario, rows=num_envs)
        self.single_observation_space = self.mechanism.observation_space(self.scenario)
        self.single_action_space = self.mechanism.action_space(self.scenario)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._observations = np.zeros((num_envs, self.mechanism.observation_length(self.scenario)), dtype=np.float32)
        self._finished = np.zeros(num_envs, dtype=np.bool_)
        self._generators: list[np.random.Generator] = []

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Infos]:
        """Begin an episode on every row, or on those of `options["reset_mask"]`."""
        options = checked_options(options, "workloads", "reset_mask")
        mask = options.get("reset_mask", np.ones(self.num_envs, dtype=np.bool_))
        if not isinstance(mask, np.ndarray) or mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ValueError(f"options['reset_mask'] = {mask!r}: must be a bool array of shape ({self.num_envs},)")
        workloads = options.get("workloads", [None] * self.num_envs)
        if len(workloads) != self.num_envs:
            raise ValueError(f"options['workloads'] has {len(workloads)} workloads: must have {self.num_envs}")
        for at, workload in enumerate(workloads):
            if workload is not None:
                checked_workload(workload, f"options['workloads'][{at}]")
        self._seed(seed, mask)
        rows = np.flatnonzero(mask)
        for row in rows.tolist():
            self.simulation.load(row, workloads[row] or self._draw(row))
        self._begin(rows)
        self._finished[mask] = False
        return self._observations.copy(), self._infos()

    def step(
        self, actions: NDArray
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Infos]:
        """Step every row with its action; see the single environment for what an action does."""
        if not self._generators:
            raise ResetNeeded("step was called before reset: call reset first")
        actions = self._checked(actions)
        simulation, resting = self.simulation, np.flatnonzero(self._finished)
        beginning = resting if self.autoreset_mode is AutoresetMode.NEXT_STEP else resting[:0]
        late: list[tuple[int, Workload]] = []
        seen = np.empty_like(self._observations)
        share_rows(
            direct(self.mechanism.step_rows),
            self.num_envs,
            self.mechanism.rows_per_thread,
            simulation.params,
            simulation.state,
            actions,
            ~self._finished,
            self._observations,
            seen,
            meanwhile=lambda: late.extend(self._draw_within_room(beginning)),
        )
        if len(resting):
            simulation.state.reward_terms[resting] = 0.0
        if len(beginning):
            for row, workload in late:
                simulation.load(row, workload)
            self._begin(beginning)
            seen[beginning] = self._observations[beginning]
        truncated = finished(simulation.params, simulation.state)
        rewards = sum(simulation.state.reward_terms.T, start=np.zeros(self.num_envs))
        infos = self._infos()
        self._finished = truncated
        if self.autoreset_mode is AutoresetMode.SAME_STEP and truncated.any():
            seen, infos = self._reset_within_step(truncated, seen, infos)
        return seen, rewards, np.zeros(self.num_envs, dtype=np.bool_), truncated.copy(), infos

    def state(self) -> dict[str, NDArray]:
        """All that later steps depend on beside the scenario, copied: arrays by name, none of them of objects.

        Raises `ResetNeeded` before the first reset.
        """
        if not self._generators:
            raise ResetNeeded("state was called before reset: call reset first")
        states = [json.dumps(generator.bit_generator.state) for generator in self._generators]
        return {f"rows.{name}": array.copy() for name, array in self.simulation.state._asdict().items()} | {
            "observations": self._observations.copy(),
            "finished": self._finished.copy(),
            "generators": np.array(states),
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Go on from what `state` returned, of an environment with the same scenario and number of rows.

        Raises ValueError for the state of another number of rows, or of observations of another length.
        """
        observations = state["observations"]
        if observations.shape != self._observations.shape:
            raise ValueError(
                f"state: has observations of shape {observations.shape}, must be {self._observations.shape}"
            )
        self.simulation.state = NodeState(**{name: state[f"rows.{name}"].copy() for name in NodeState._fields})
        self._observations, self._finished = observations.copy(), state["finished"].copy()
        self._generators = [seeding.np_random(0)[0] for _ in range(self.num_envs)]
        for generator, text in zip(self._generators, state["generators"], strict=True):
            generator.bit_generator.state = json.loads(str(text))

    def _reset_within_step(
        self, truncated: NDArray[np.bool_], seen: NDArray[np.float32], infos: Infos
    ) -> tuple[NDArray[np.float32], Infos]:
        """Begin new episodes on the truncated rows; what they saw last moves to `final_obs` and `final_info`."""
        final_observations, final_infos = seen, infos
        seen = seen.copy()
        beginning = np.flatnonzero(truncated)
        for row in beginning.tolist():
            self.simulation.load(row, self._draw(row))
        self._begin(beginning)
        seen[beginning] = self._observations[beginning]
        self._finished = np.zeros(self.num_envs, dtype=np.bool_)
        infos = self._infos() | {
            "reward_terms": final_infos["reward_terms"],
            "final_obs": final_observations,
            "final_info": final_infos,
        }
        infos["_final_obs"] = infos["_final_info"] = truncated.copy()
        return seen, infos

    @abstractmethod
    def _checked(self, actions: Any) -> NDArray:
        """The actions as the kernel takes them; raises ValueError when they are not in the action space."""

    def _seed(self, seed: int | list[int | None] | None, mask: NDArray[np.bool_]) -> None:
        """One generator per row, those of `mask` seeded as `gymnasium.Env.reset` seeds its own."""
        seeds = (
            [None if seed is None else seed + row for row in range(self.num_envs)]
            if not isinstance(seed, list)
            else seed
        )
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed has {len(seeds)} entries: must have {self.num_envs}")
        if not self._generators:
            self._generators = [seeding.np_random(value)[0] for value in seeds]
            return
        for row in np.flatnonzero(mask):
            if seeds[row] is not None:
                self._generators[row] = seeding.np_random(seeds[row])[0]

    def _draw(self, row: int) -> Workload:
        """The next workload of a row's generator."""
        return draw_workload(self.scenario, self._generators[row])

    def _draw_within_room(self, rows: NDArray[np.intp]) -> Iterator[tuple[int, Workload]]:
        """Put the next workloads on rows, one after the other, so that none is there twice.

        Those that the arrays have no room for are left over: while other threads step rows, arrays must not grow.
        """
        for row in rows.tolist():
            workload = self._draw(row)
            if self.simulation.has_room_for(workload):
                self.simulation.load(row, workload)
            else:
                yield row, workload

    def _begin(self, rows: NDArray[np.intp]) -> None:
        """Begin an episode on rows, with the workloads that they hold."""
        direct(begin_rows)(self.simulation.params, self.simulation.state, rows, self._observations)

    def _infos(self) -> Infos:
        """Copies, each array of the state in one piece; a column of it is a view of the copy."""
        state = self.simulation.state
        everywhere = np.ones(self.num_envs, dtype=np.bool_)
        infos = _columns(COUNTERS, state.counters, everywhere)
        for name, entries in (
            ("energy_j", state.energy_j.copy()),
            ("utilisation", _columns(RESOURCES, state.utilisation, everywhere)),
            ("reward_terms", _columns(REWARD_TERMS, state.reward_terms, everywhere)),
            ("action_mask", state.action_mask.copy()),
        ):
            infos[name], infos[f"_{name}"] = entries, everywhere
        return infos


def _columns(names: tuple[str, ...], array: NDArray, everywhere: NDArray[np.bool_]) -> Infos:
    """The columns of an array by name, copied, each with its mask."""
    infos: Infos = {}
    for name, values in zip(names, array.copy().T, strict=True):
        infos[name], infos[f"_{name}"] = values, everywhere
    return infos
