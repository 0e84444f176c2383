"""Demonstrations: what a teacher would still admit, in states of `EdgeLLM/Batching-v0` that it or a student met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from edge_llm_agents.calls.search import CallSettings, search_calls
from edge_llm_agents.calls.worth import corrected_values
from edge_llm_agents.evaluation.playing import MaskedModel
from edge_llm_baselines import BranchAndBound
from edge_llm_baselines.hindsight.episode import EpisodeProblem
from edge_llm_baselines.hindsight.hindsight import HindsightSolver, LagrangianHindsight
from edge_llm_baselines.playing.play import Policy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.rules.look_ahead import chances_in_slots, on_grid
from edge_llm_baselines.rules.tuning import tune_discount
from edge_llm_baselines.tasks.index import Numbers, index_values
from edge_llm_baselines.tasks.remaining import remaining_of
from edge_llm_baselines.tasks.tuning import tune_admission
from edge_llm_baselines.tasks.valued import Seen
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import N_EPOCHS, PENDING, finished
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.support.system.files import write_bytes
from edge_llm_env.task_dynamics.simulation import TaskSimulation
from edge_llm_env.workload.workload import Workload

TEACHERS = ("dftsp", "look-ahead", "hindsight")
"""Names of the teachers, of any requests."""

OF_TASKS = ("task-admission", "learned-calls")
"""Those of the calls of agent tasks beside them: the index, and the values that a search finds around it."""

Values: TypeAlias = Callable[[Simulation], NDArray[np.float64]]
"""What serving the request in each slot is worth, (rows, Q), on a grid; any number in slots that are not in use."""


class Teacher(Protocol):
    """Anything that knows which requests it would still admit to the batches of the present epochs."""

    def remaining(self, simulation: Simulation) -> NDArray[np.bool_]:
        """Slots still to be admitted, bool of shape (rows, Q); a row without any is to be dispatched."""
        ...


class Demonstrations(NamedTuple):
    """n states and what the teacher would still admit in each; any order of admission is as good as another."""

    observations: NDArray[np.float32]
    """(n, length)"""
    action_masks: NDArray[np.bool_]
    """(n, Q + 1)"""
    remaining: NDArray[np.bool_]
    """(n, Q) slots; where there are none, the teacher dispatches."""

    def save(self, path: Path) -> None:
        """Write a compressed NumPy archive, whole or not at all."""
        content = BytesIO()
        np.savez_compressed(content, **self._asdict())
        write_bytes(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> Demonstrations:
        """Read what `save` wrote; a ValueError names the file and what is wrong with it."""
        try:
            with path.open("rb") as file, NpzFile(file) as stored:
                missing = [name for name in cls._fields if name not in stored]
                if missing:
                    raise ValueError(f"it lacks {', '.join(missing)}")
                found = cls(**{name: stored[name] for name in cls._fields})
        except (ValueError, BadZipFile) as error:
            raise ValueError(f"{path}: not demonstrations, {error}") from None
        states, slots = found.remaining.shape
        if len(found.observations) != states or found.action_masks.shape != (states, slots + 1):
            raise ValueError(f"{path}: not demonstrations, its arrays are not of the same states and slots")
        return found


class BestCompletion:
    """The most valuable feasible batch that contains what is admitted already; a request of value 0 is left out.

    It answers for any state, so also for those that a student gets into.
    """

    def __init__(self, values: Values) -> None:
        self._values = values

    def remaining(self, simulation: Simulation) -> NDArray[np.bool_]:
        """Slots of the best completion that are not admitted yet."""
        values, waiting = self._values(simulation), waiting_slots(simulation)
        wanted = waiting & (values > 0.0)
        values[~waiting] = simulation.slots + 1.0  # more than all others together, so that what is admitted stays
        return BranchAndBound().solve_many(simulation, values).selected & wanted


def look_ahead_values(discount: float) -> Values:
    """Those of the look-ahead rule of that δ (`edge_llm_baselines.rules.look_ahead`); 0 is DFTSP's objective."""
    return lambda simulation: on_grid(1.0 - discount * chances_in_slots(simulation))


def task_values(name: str, scenario: Scenario, seed: int) -> Values:
    """Those of one of OF_TASKS, tuned or searched for with `seed`; raises ValueError as `search_calls` does."""
    numbers = tune_admission(scenario, seed)
    if numbers is None:
        raise ValueError(f"scenario {scenario.name}: workload.tasks: must be given for the teacher {name}")
    remaining = remaining_of(scenario, seed)
    if name == "task-admission":
        values = index_values(remaining, [Numbers(*numbers)])
    else:
        learned = search_calls(scenario, CallSettings(), seed).policy
        values = corrected_values(remaining, learned.rule, learned.numbers)

    def of_slots(simulation: Simulation) -> NDArray[np.float64]:
        assert isinstance(simulation, TaskSimulation)
        worth = values(Seen.of(simulation)) * (np.arange(simulation.slots) < simulation.state.visible[:, None])
        return on_grid(worth / np.maximum(worth.max(axis=1, keepdims=True), 1e-300))

    return of_slots


class KnownSchedules:
    """What a schedule made in hindsight serves in the present epochs of the workloads that the rows play.

    It answers for the states that it leads to itself; a request that a student has served too early is left out.
    """

    def __init__(self, schedules: Sequence[NDArray[np.int64]]) -> None:
        self._schedules = schedules

    @classmethod
    def of_workloads(
        cls, scenario: Scenario, workloads: Sequence[Workload], solver: HindsightSolver | None = None
    ) -> KnownSchedules:
        """The best schedules that a solver finds, by default by annealing alone (the bound is not needed)."""
        solver = solver or LagrangianHindsight(1, block_nodes=0)
        return cls([solver.solve(EpisodeProblem.of_workload(scenario, workload)).schedule for workload in workloads])

    def remaining(self, simulation: Simulation) -> NDArray[np.bool_]:
        """Slots that the schedules serve now."""
        wanted = waiting_slots(simulation)
        for row, schedule in enumerate(self._schedules):
            epoch = simulation.state.counters[row, N_EPOCHS]
            wanted[row] &= schedule[np.minimum(simulation.state.slot_request[row], len(schedule) - 1)] == epoch
        return wanted


def waiting_slots(simulation: Simulation) -> NDArray[np.bool_]:
    """Slots that hold a request which is not admitted, bool of shape (rows, Q)."""
    state = simulation.state
    pending = np.take_along_axis(state.status, state.slot_request, axis=1) == PENDING
    return pending & (np.arange(simulation.slots) < state.visible[:, None])


def teacher_of(name: str, scenario: Scenario, seed: int = 0) -> Callable[[Sequence[Workload]], Teacher]:
    """What makes a teacher, by its name, for rows that play given workloads; `seed` is of tuning and searching.

    Raises ValueError for a name that is not in TEACHERS or OF_TASKS, for one of tasks where there are none, and for
    learned values where a failure costs.
    """
    if one_of("teacher", name, (*TEACHERS, *OF_TASKS)) == "hindsight":
        return lambda workloads: KnownSchedules.of_workloads(scenario, workloads)
    if name in OF_TASKS:
        completion = BestCompletion(task_values(name, scenario, seed))
    else:
        completion = BestCompletion(look_ahead_values(0.0 if name == "dftsp" else tune_discount(scenario, seed)))
    return lambda workloads: completion


def demonstrate(
    teacher: Teacher, scenario: Scenario, workloads: Sequence[Workload], *, student: Policy | None = None, seed: int = 0
) -> Demonstrations:
    """Play every workload to its end, one row each, and note in every state what the teacher would still admit.

    Without a student the teacher plays, admitting what it wants in random order (from `seed`), so that batches are met
    half full in many ways. A student, sampling its actions, plays instead where it is given: states that its own
    mistakes lead to are those it must learn from (DAgger, arXiv 1011.0686).
    """
    env = vector_of(BATCHING, scenario, workloads)
    noting = _Noting(teacher, env, student, seed)
    for _ in play(env, noting, workloads=workloads, deterministic=False):
        pass
    env.close()
    return joined(noting.met)


class _Noting:
    """Notes, before each step, the states of the rows that still play; then the student acts, or else the teacher."""

    def __init__(self, teacher: Teacher, env: Any, student: Policy | None, seed: int) -> None:
        self.met: list[Demonstrations] = []
        self._teacher, self._env = teacher, env.unwrapped
        self._rng = np.random.default_rng(seed)
        self._student = None if student is None else MaskedModel(student, env)

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The actions of the student, or the teacher's wishes in random order."""
        simulation: Simulation = self._env.simulation
        playing = ~finished(simulation.params, simulation.state)
        masks = self._env.action_masks()
        remaining = self._teacher.remaining(simulation) & masks[:, :-1]
        self.met.append(Demonstrations(observation[playing], masks[playing], remaining[playing]))
        if self._student is not None:
            return self._student.predict(observation, state, episode_start, deterministic)
        drawn = np.where(remaining, self._rng.random(remaining.shape), 0.0)
        return np.where(remaining.any(axis=1), drawn.argmax(axis=1), simulation.slots), state


def joined(parts: Sequence[Demonstrations]) -> Demonstrations:
    """All of them, one after the other."""
    return Demonstrations(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
