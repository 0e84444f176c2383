"""Rules of how many modules are on and how they are grouped, as policies of `EdgeLLM/Scaling-v0`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.playing.policy import rows_of
from edge_llm_baselines.racks.economics import Economics, economics
from edge_llm_env.rack.params import RackParams
from edge_llm_env.rack.simulation import RackSimulation
from edge_llm_env.rack.state import N_EPOCHS, N_GROUP, N_ON, N_PENDING, RackState
from edge_llm_env.residency.residents import IDLE
from edge_llm_env.support.naming import shown


class RackRule(ABC):
    """Wants a number of modules in each row of an environment, single or vector; a subclass says how many.

    Groups stay as they are, unless a subclass has `wanted_places`. It reads the environment's rows, of one scenario.
    Rows that begin an episode are forgotten (`begin`).

    Raises ValueError for an environment whose modules are no rack.
    """

    def __init__(self, env: Any) -> None:
        simulation: Any = rows_of(env)[0][0]
        if not isinstance(simulation, RackSimulation):
            raise ValueError(f"env = {shown(env)}: must be EdgeLLM/Scaling-v0, whose modules are a rack")
        self.simulation = simulation
        self.params: RackParams = simulation.params
        self.money: Economics = economics(simulation.params)
        self._rows = np.arange(len(simulation.state.requests))

    @property
    def state(self) -> RackState:
        """The rows as they are now."""
        return self.simulation.state

    @abstractmethod
    def wanted(self) -> NDArray[np.int64]:
        """(R,) modules that should be on in the epoch that begins."""

    def places(self) -> NDArray[np.int64]:
        """(R,) which of the sizes of groups modules have."""
        return np.searchsorted(self.params.group_sizes, self.state.counters[:, N_GROUP])

    def wanted_places(self) -> NDArray[np.int64]:
        """(R,) which they should have in the epoch that begins; asked for after `wanted`."""
        return self.places()

    @abstractmethod
    def begin(self, rows: NDArray[np.bool_]) -> None:
        """Those rows begin an episode."""

    def predict(
        self, observation: NDArray[np.float32], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[NDArray[np.float32], Any]:
        """Actions of shape (1,) or (rows, 1), or (2,) or (rows, 2); `state` passes through unchanged."""
        self.begin(self.state.counters[:, N_EPOCHS] == 0)
        wanted = np.clip(self.wanted(), 0, self.params.modules)
        change = (wanted - self.state.counters[:, N_ON]) / self.params.modules
        entries, sizes = [change], len(self.params.group_sizes)
        if sizes > 1:
            entries.append((self.wanted_places() - self.places()) / sizes)
        actions = np.stack(entries, axis=1).astype(np.float32)
        return (actions[0] if observation.ndim == 1 else actions), state

    def waiting(self) -> NDArray[np.float64]:
        """(R,) requests that wait, in modules."""
        waiting: NDArray[np.float64] = self.state.counters[:, N_PENDING] / self.money.load_of_module
        return waiting

    def arrived(self) -> NDArray[np.float64]:
        """(R,) what arrived in the epoch that has ended, in modules."""
        arrived: NDArray[np.float64] = (
            self.state.arrived_in[self._rows, self.state.counters[:, N_EPOCHS]] / self.money.load_of_module
        )
        return arrived

    def counted(self, epochs_back: int = 0) -> NDArray[np.float64]:
        """(R, F) counts at feeder cells so many epochs back, 0 before the episode."""
        at = self.state.counters[:, N_EPOCHS] - epochs_back
        counts = self.state.feeder_counts[self._rows, np.maximum(at, 0)]
        return np.where((at >= 0)[:, None], counts, 0).astype(np.float64)

    def left_epochs(self) -> NDArray[np.int64]:
        """(R, M) epochs that each module still starts, 0 if it has and -1 if it is off; ready ones first, off last."""
        left = np.ceil(self.state.module_ready_s / self.params.epoch_s).astype(np.int64)
        off = self.state.module_on == IDLE
        left = np.sort(np.where(off, np.iinfo(np.int64).max, left), axis=1)
        return np.where(left == np.iinfo(np.int64).max, -1, left)


class Scheduled(RackRule):
    """Has as many modules on in each epoch, in groups of the size at that place, as a schedule says: (R, T) each."""

    def __init__(self, env: Any, modules_on: NDArray[np.int64], places: NDArray[np.int64] | None = None) -> None:
        super().__init__(env)
        self._modules_on = modules_on
        self._places = np.zeros_like(modules_on) if places is None else places

    def begin(self, rows: NDArray[np.bool_]) -> None:
        """A schedule is for an episode."""

    def wanted(self) -> NDArray[np.int64]:
        """(R,) how many modules each row should have on."""
        epochs = np.minimum(self.state.counters[:, N_EPOCHS], self._modules_on.shape[1] - 1)
        wanted: NDArray[np.int64] = self._modules_on[self._rows, epochs]
        return wanted

    def wanted_places(self) -> NDArray[np.int64]:
        """(R,) which of the group sizes each row should have, by its place among them."""
        epochs = np.minimum(self.state.counters[:, N_EPOCHS], self._modules_on.shape[1] - 1)
        wanted: NDArray[np.int64] = self._places[self._rows, epochs]
        return wanted
