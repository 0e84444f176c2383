"""The native vector environment: many rows of one scenario, stepped by one compiled loop."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from edge_llm_env.dynamics.state import N_EPOCHS
from edge_llm_env.envs.mechanism import Mechanism
from edge_llm_env.envs.restoring import checked_arrays, checked_generators, expected_arrays, named_arrays
from edge_llm_env.envs.returned import Infos, Returned, Room, spread_over
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.support.calling import direct
from edge_llm_env.support.checking.arguments import checked, checked_options, checked_seeds
from edge_llm_env.support.naming import shown
from edge_llm_env.support.sharing import share_rows
from edge_llm_env.workload.generator import Drawn, draw_together, episodes_at_once
from edge_llm_env.workload.workload import checked_workload

MOST_ROWS = 2**24
"""Of an environment; what memory holds of a scenario with many requests is less."""


class EpochVectorEnv(VectorEnv[NDArray[np.float32], NDArray, NDArray]):
    """Rows of one scenario behind Gymnasium's vector interface; a subclass adds the mechanism.

    Row i of `reset(seed=s)` is the single environment of `reset(seed=s + i)`; a sequence of seeds names them one by
    one. `reset(options={"workloads": [...]})` replays given workloads, one per row; `options={"reset_mask": mask}`
    resets some rows only, at least one, once all have begun. Autoreset is `AutoresetMode.NEXT_STEP` (default),
    `SAME_STEP` (`final_obs` and `final_info` in infos) or `DISABLED`, in which a finished row stands still, at reward
    0, until it is reset.

    Nothing is held open: after `close`, `step` and `reset` go on, as those of `SyncVectorEnv` do.

    Every entry of infos is an array over rows, with its `_key` mask as Gymnasium's own vector environments have it.

    Memory grows with the rows times (requests of an episode × (33 + 8 × fading blocks) + visible slots × 113) bytes,
    where both directions have one gain; with two, fading blocks count twice.

    Raises `ScenarioError` for a scenario that is not valid, ValueError for `num_envs` below 1.
    """

    mechanism: Mechanism

    @checked
    def __init__(
        self,
        num_envs: int,
        scenario: str | Path | Scenario,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        if not 1 <= num_envs <= MOST_ROWS:
            raise ValueError(f"num_envs = {num_envs}: must be in 1..{MOST_ROWS}")
        if render_mode is not None:
            raise ValueError(f"render_mode = {shown(render_mode)}: must be None, a vector environment does not render")
        self.num_envs = num_envs
        self.render_mode = render_mode
        if autoreset_mode not in tuple(AutoresetMode) + tuple(mode.value for mode in AutoresetMode):
            modes = ", ".join(repr(mode.value) for mode in AutoresetMode)
            raise ValueError(f"autoreset_mode = {shown(autoreset_mode)}: must be an AutoresetMode, or one of {modes}")
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"autoreset_mode": self.autoreset_mode, "render_modes": []}
        self.scenario = load_scenario(scenario)
        try:
            self.simulation = self.mechanism.simulation(self.scenario, rows=num_envs)
        except MemoryError as error:
            raise ValueError(f"num_envs = {num_envs}: must be so many that memory holds them ({error})") from None
        self.single_observation_space = self.mechanism.observation_space(self.scenario)
        self.single_action_space = self.mechanism.action_space(self.scenario)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._observations = np.zeros((num_envs, self.mechanism.observation_length(self.scenario)), dtype=np.float32)
        self._room = Room()
        self._finished = np.zeros(num_envs, dtype=np.bool_)
        self._generators: list[np.random.Generator] = []
        self._seeds: list[int] = []
        self._drawn_together = episodes_at_once(self.scenario)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Infos]:
        """Begin an episode on every row, or on those of `options["reset_mask"]`: the first time on every row."""
        options = checked_options(options, "workloads", "reset_mask")
        mask = options.get("reset_mask", np.ones(self.num_envs, dtype=np.bool_))
        if not isinstance(mask, np.ndarray) or mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ValueError(f"options['reset_mask'] = {shown(mask)}: must be a bool array of shape ({self.num_envs},)")
        if not mask.any():
            raise ValueError("options['reset_mask']: must be True for one row at least")
        if not self._generators and not mask.all():
            raise ValueError("options['reset_mask']: must be True for every row at the first reset, or be left out")
        workloads = options.get("workloads", [None] * self.num_envs)
        if not isinstance(workloads, list | tuple):
            raise TypeError(f"options['workloads'] = {shown(workloads)}: must be a list of {self.num_envs} workloads")
        if len(workloads) != self.num_envs:
            raise ValueError(f"options['workloads'] has {len(workloads)} workloads: must have {self.num_envs}")
        for at, workload in enumerate(workloads):
            if workload is not None:
                checked_workload(workload, f"options['workloads'][{at}]")
        self._seed(checked_seeds(seed, self.num_envs), mask)
        rows = np.flatnonzero(mask)
        for row in rows.tolist():
            if workloads[row] is not None:
                self.simulation.load(row, workloads[row])
        self._load(self._drawn(np.array([row for row in rows.tolist() if workloads[row] is None], dtype=np.intp)))
        self._begin(rows)
        self._finished[mask] = False
        returned = self._room.to_return(self.simulation.state, self._observations)
        self._hand_out(np.arange(self.num_envs), returned)
        return returned.observations, returned.infos(self.simulation.counter_names, self.mechanism.reward_terms)

    def step(
        self, actions: NDArray
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Infos]:
        """Step every row with its action; see the single environment for what an action does."""
        if not self._generators:
            raise ResetNeeded("step was called before reset: call reset first")
        actions = self._checked(actions)
        simulation, resting = self.simulation, self._finished.nonzero()[0]
        beginning = resting if self.autoreset_mode is AutoresetMode.NEXT_STEP else resting[:0]
        returned = self._room.to_return(simulation.state, self._observations)
        if len(resting) > len(beginning):  # those that begin have none either
            simulation.state.reward_terms[resting] = 0.0
        late: list[tuple[NDArray[np.intp], Drawn]] = []
        infos: Infos = {}

        def meanwhile() -> None:
            if len(beginning):
                late.extend(self._begin_within_room(self._drawn(beginning)))
            infos.update(
                returned.infos(simulation.counter_names, self.mechanism.reward_terms)
            )  # views of arrays that are being written

        share_rows(
            direct(self.mechanism.step_rows),
            self.num_envs,
            self.mechanism.rows_per_thread,
            simulation.params,
            simulation.state,
            actions,
            ~self._finished,
            self._observations,
            returned,
            meanwhile=meanwhile,
        )
        if len(beginning):
            for rows, drawn in late:
                simulation.load_rows(rows, drawn)
                self._begin(rows)
            self._hand_out(beginning, returned)
        if self.mechanism.at_the_end is not None:
            ended = np.flatnonzero(returned.truncated & ~self._finished)
            if len(ended):
                infos |= spread_over(self.mechanism.at_the_end(simulation, ended), ended, self.num_envs)
        observations = returned.observations
        self._finished = returned.truncated.copy()
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._finished.any():
            observations, infos = self._reset_within_step(returned, infos)
        return observations, returned.rewards, np.zeros(self.num_envs, dtype=np.bool_), returned.truncated, infos

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each row, as `SyncVectorEnv` has it; none before the first reset."""
        return tuple(self._generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """What the generator of each row was seeded with; -1 where `restore` put it, which does not know."""
        return tuple(self._seeds)

    def state(self) -> dict[str, NDArray]:
        """All that later steps depend on beside the scenario, copied: arrays by name, none of them of objects.

        Raises `ResetNeeded` before the first reset.
        """
        if not self._generators:
            raise ResetNeeded("state was called before reset: call reset first")
        states = [json.dumps(generator.bit_generator.state) for generator in self._generators]
        return {f"rows.{name}": array.copy() for name, array in named_arrays(self.simulation.state).items()} | {
            "observations": self._observations.copy(),
            "finished": self._finished.copy(),
            "generators": np.array(states),
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Go on from what `state` returned, of an environment with the same scenario and number of rows.

        Raises TypeError or ValueError, naming the array, for a state of other rows or of another scenario's shape, and
        for one that no `state` returned; the environment is then as it was.
        """
        arrays = checked_arrays(
            state,
            expected_arrays(self.simulation.state, self.simulation.per_request)
            | {
                "observations": (self._observations.dtype, self._observations.shape),
                "finished": (self._finished.dtype, self._finished.shape),
                "generators": (np.dtype(str), (self.num_envs,)),
            },
        )
        rows = self.mechanism.checked_state(arrays, self.simulation)
        generators = checked_generators(arrays["generators"])
        if not ((arrays["observations"] >= 0) & (arrays["observations"] <= 1)).all():
            raise ValueError("state['observations']: every entry must be in 0..1")
        if (arrays["finished"] != (rows.counters[:, N_EPOCHS] >= self.simulation.params.episode_epochs)).any():
            raise ValueError("state['finished']: must be true of the rows at the end of their episode, and only those")
        self.simulation.state, self._generators = rows, generators
        self._seeds = [-1] * self.num_envs
        self._observations, self._finished = arrays["observations"], arrays["finished"]

    def _reset_within_step(self, final: Returned, final_infos: Infos) -> tuple[NDArray[np.float32], Infos]:
        """Begin new episodes on the truncated rows; what they returned last moves to `final_obs` and `final_info`."""
        beginning = np.flatnonzero(final.truncated)
        self._load(self._drawn(beginning))
        self._begin(beginning)
        self._finished = np.zeros(self.num_envs, dtype=np.bool_)
        begun = final.copy()
        self._hand_out(beginning, begun)
        final_observations = np.full(self.num_envs, None, dtype=object)
        for row in beginning.tolist():
            final_observations[row] = final.observations[row]
        infos = begun.infos(self.simulation.counter_names, self.mechanism.reward_terms) | {
            "final_obs": final_observations,
            "final_info": _of_rows(final_infos, final.truncated),
        }
        infos["_final_obs"] = infos["_final_info"] = final.truncated.copy()
        return begun.observations, infos

    @abstractmethod
    def _checked(self, actions: Any) -> NDArray:
        """The actions as the kernel takes them; raises ValueError when they are not in the action space."""

    def _seed(self, seeds: Sequence[int | None], mask: NDArray[np.bool_]) -> None:
        """One generator per row, those of `mask` seeded as `gymnasium.Env.reset` seeds its own."""
        if not self._generators:
            self._generators, self._seeds = map(list, zip(*(seeding.np_random(one) for one in seeds), strict=True))
            return
        for row in np.flatnonzero(mask).tolist():
            if seeds[row] is not None:
                self._generators[row], self._seeds[row] = seeding.np_random(seeds[row])

    def _drawn(self, rows: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], Drawn]]:
        """The next workloads of the rows' generators, of as many rows at a time as is best."""
        for first in range(0, len(rows), self._drawn_together):
            some = rows[first : first + self._drawn_together]
            yield some, draw_together(self.scenario, [self._generators[row] for row in some.tolist()])

    def _load(self, workloads: Iterable[tuple[NDArray[np.intp], Drawn]]) -> None:
        """Put workloads on rows, as they come, so that few are there twice."""
        for rows, drawn in workloads:
            self.simulation.load_rows(rows, drawn)

    def _begin_within_room(
        self, workloads: Iterable[tuple[NDArray[np.intp], Drawn]]
    ) -> Iterator[tuple[NDArray[np.intp], Drawn]]:
        """Begin episodes of workloads on rows while others step, but for those that there is no room for yet.

        Arrays must not grow meanwhile. What others hand out of these rows is handed out anew when all have ended.
        """
        for rows, drawn in workloads:
            if self.simulation.has_room_for(drawn):
                self.simulation.load_rows(rows, drawn)
                self._begin(rows)
            else:
                yield rows, drawn

    def _begin(self, rows: NDArray[np.intp]) -> None:
        """Begin an episode on rows, with the workloads that they hold."""
        begin_rows = direct(self.mechanism.begin_rows)
        begin_rows(self.simulation.params, self.simulation.state, rows, self._observations)

    def _hand_out(self, rows: NDArray[np.intp], returned: Returned) -> None:
        """Copy what rows return as they stand."""
        hand_out_rows = direct(self.mechanism.hand_out_rows)
        hand_out_rows(self.simulation.params, self.simulation.state, rows, self._observations, returned)


def _of_rows(infos: Infos, rows: NDArray[np.bool_]) -> Infos:
    """Infos that only some rows have: zero, and masked, everywhere else."""
    some: Infos = {}
    for name, value in infos.items():
        if name.startswith("_"):
            some[name] = value & rows
        elif isinstance(value, dict):
            some[name] = _of_rows(value, rows)
        else:
            some[name] = np.zeros_like(value)
            some[name][rows] = value[rows]
    return some
