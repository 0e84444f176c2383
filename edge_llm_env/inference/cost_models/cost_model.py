"""What every cost model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from edge_llm_env.inference.batch_cost import BatchCost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.iteration import IterationCosts
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.quantization import Precision


class Host(NamedTuple):
    """What batches run on: pooled modules of a device under an engine."""

    device: Device
    engine: Engine
    modules: int = 1
    measured: tuple[Measured, ...] = ()
    """Measurements on this machine, of the plain model, which a cost model may heed."""
    mechanisms: Mechanisms = NONE


class CostModel(ABC):
    """Time, memory and energy of a batch on some pooled modules of a device."""

    name: ClassVar[str]
    """As `node.cost_model` names it."""
    held_always: ClassVar[str]
    """What a module holds whatever the batch, in words."""
    heeds_measurements: ClassVar[bool]
    """Whether what was measured on the machine changes what a batch costs."""
    heeds_mechanisms: ClassVar[bool]
    """Whether it counts speculation, offloading and the like; without, a scenario that has one is refused."""

    @abstractmethod
    def batch_cost(self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int) -> BatchCost:
        """The cost of a batch of at most so many requests, affine in its requests."""

    @abstractmethod
    def iteration_costs(
        self, decoder: DecoderConfig, precision: Precision, host: Host, largest_batch: int
    ) -> IterationCosts:
        """The cost of one pass of at most so many sequences: a batch's is what its passes add up to."""

    @abstractmethod
    def weight_bytes(self, decoder: DecoderConfig, precision: Precision) -> float:
        """Bytes of the stored weights."""
