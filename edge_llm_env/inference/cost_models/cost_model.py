"""What every cost model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from edge_llm_env.inference.batch_cost import BatchCost
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.quantization import Precision


class CostModel(ABC):
    """Time, memory and energy of a batch on some pooled modules of a device."""

    name: ClassVar[str]
    """As `node.cost_model` names it."""
    held_always: ClassVar[str]
    """What a module holds whatever the batch, in words."""

    @abstractmethod
    def batch_cost(self, decoder: DecoderConfig, precision: Precision, device: Device, modules: int) -> BatchCost:
        """The cost of a batch, affine in its requests."""

    @abstractmethod
    def weight_bytes(self, decoder: DecoderConfig, precision: Precision) -> float:
        """Bytes of the stored weights."""
