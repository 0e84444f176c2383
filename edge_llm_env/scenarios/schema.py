"""What a scenario is: every setting of an environment, with its unit in its name, validated and frozen."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge_llm_env.inference.batch_cost import BatchCost
from edge_llm_env.inference.catalog import load_decoder, load_device, load_quantization
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.paper_cost import paper_batch_cost
from edge_llm_env.inference.quantization import Quantization

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
Tokens = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A part of a scenario: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EpochSettings(Section):
    """How time is cut: an epoch is uplink, then compute, then downlink."""

    epoch_s: PositiveFloat = Field(description="T_E, length of an epoch")
    uplink_s: PositiveFloat = Field(description="T_U, uplink part")
    downlink_s: PositiveFloat = Field(description="T_D, downlink part")
    episode_epochs: int = Field(default=50, gt=0, description="epochs after which an episode is truncated")
    visible_slots: int = Field(gt=0, le=4096, description="Q, pending requests that the agent can see and choose among")

    @model_validator(mode="after")
    def _leaves_time_to_compute(self) -> EpochSettings:
        if self.uplink_s + self.downlink_s >= self.epoch_s:
            raise ValueError(
                f"epoch.uplink_s + epoch.downlink_s = {self.uplink_s + self.downlink_s:g}: "
                f"must be less than epoch.epoch_s = {self.epoch_s:g}"
            )
        return self

    @property
    def compute_window_s(self) -> float:
        """T_C = T_E - T_U - T_D (s)."""
        return self.epoch_s - self.uplink_s - self.downlink_s


class NodeSettings(Section):
    """The edge node: modules pooled into one, and the quantized decoder that they hold."""

    device: str = Field(description="catalogue name of the compute module")
    modules: int = Field(gt=0, description="number of modules, pooled")
    memory_bytes_per_module: PositiveFloat = Field(description="memory counted per module")
    decoder: str = Field(description="catalogue name of the decoder")
    precision: str = Field(description="catalogue name of the weight precision")
    cost_model: Literal["paper"] = Field(default="paper", description="how batches are costed")
    prompt_padding: Literal["none", "batch_max", "fixed"] = Field(
        description="prompts are computed at their own length, at the longest of the batch, or at a fixed length"
    )
    fixed_prompt_tokens: Tokens | None = Field(default=None, description="the fixed length, with prompt_padding fixed")
    output_length: Literal["per_request", "batch_max"] = Field(
        description="each request stops at its own output length, or all run to the longest of the batch"
    )

    @model_validator(mode="after")
    def _fixed_length_goes_with_fixed_padding(self) -> NodeSettings:
        if (self.prompt_padding == "fixed") != (self.fixed_prompt_tokens is not None):
            raise ValueError(
                f"node.fixed_prompt_tokens = {self.fixed_prompt_tokens}: must be given with "
                f'prompt_padding = "fixed" and only then (prompt_padding = "{self.prompt_padding}")'
            )
        return self


class RadioSettings(Section):
    """The cell: bands, powers, noise, payload per token, path loss and fading."""

    uplink_bandwidth_hz: PositiveFloat
    downlink_bandwidth_hz: PositiveFloat
    device_power_dbm: FiniteFloat
    node_power_dbm: FiniteFloat
    noise_dbm_per_hz: FiniteFloat
    uplink_bits_per_token: PositiveFloat = Field(description="b_U, payload bits of one prompt token")
    downlink_bits_per_token: PositiveFloat = Field(description="b_D, payload bits of one output token")
    min_distance_m: PositiveFloat
    cell_radius_m: PositiveFloat
    path_loss_intercept_db: FiniteFloat = Field(description="path loss at 1 km")
    path_loss_slope_db: PositiveFloat = Field(description="path loss per decade of distance")
    reciprocal_fading: bool = Field(
        default=True, description="one gain for both directions, as in time-division duplex"
    )

    @model_validator(mode="after")
    def _disc_has_an_area(self) -> RadioSettings:
        if self.min_distance_m >= self.cell_radius_m:
            raise ValueError(
                f"radio.min_distance_m = {self.min_distance_m:g}: "
                f"must be less than radio.cell_radius_m = {self.cell_radius_m:g}"
            )
        return self


class PoissonArrivals(Section):
    """Independent arrivals at a constant rate."""

    kind: Literal["poisson"]
    rate_per_s: PositiveFloat


class Range(Section):
    """A uniform distribution on [low, high]."""

    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low = {self.low:g}: must be at most high = {self.high:g}")
        return self


class WorkloadSettings(Section):
    """What users ask for: arrivals, lengths and requirements."""

    arrivals: PoissonArrivals
    prompt_tokens: tuple[Tokens, ...] = Field(min_length=1, description="s, drawn with equal probability")
    output_tokens: tuple[Tokens, ...] = Field(min_length=1, description="n, drawn with equal probability")
    latency_requirement_s: Range = Field(description="τ, drawn uniformly")
    accuracy_requirement: Range = Field(description="a, drawn uniformly")

    @field_validator("latency_requirement_s")
    @classmethod
    def _positive(cls, latency: Range) -> Range:
        if latency.low <= 0:
            raise ValueError(f"low = {latency.low:g}: must be greater than 0")
        return latency

    @field_validator("accuracy_requirement")
    @classmethod
    def _fraction(cls, accuracy: Range) -> Range:
        if accuracy.low < 0 or accuracy.high > 1:
            raise ValueError(f"[{accuracy.low:g}, {accuracy.high:g}]: must lie in [0, 1]")
        return accuracy


class RewardWeights(Section):
    """The reward of a step is the sum of these weights times their terms."""

    served: FiniteFloat = Field(default=1.0, description="per request served")
    tokens: FiniteFloat = Field(default=0.0, description="per output token served")
    energy: FiniteFloat = Field(default=0.0, description="per joule spent; negative to save energy")
    expired: FiniteFloat = Field(default=0.0, description="per request expired; negative to avoid it")


class Provenance(Section):
    """Where a scenario's value comes from."""

    source: str
    assumed: bool


class Scenario(Section):
    """A complete, validated setting of the suite.

    Raises `pydantic.ValidationError` on an unknown key or a value out of range, which `load_scenario` puts in one line.
    """

    name: str
    description: str
    epoch: EpochSettings
    node: NodeSettings
    radio: RadioSettings
    workload: WorkloadSettings
    reward: RewardWeights = RewardWeights()
    provenance: dict[str, Provenance] = Field(default={}, description="dotted field → where its value comes from")

    @cached_property
    def decoder(self) -> DecoderConfig:
        """The decoder that the node serves."""
        return load_decoder(self.node.decoder)

    @cached_property
    def quantization(self) -> Quantization:
        """The precision that its weights are served in."""
        return load_quantization(self.node.decoder, self.node.precision)

    @cached_property
    def batch_cost(self) -> BatchCost:
        """What a batch costs on the node in time, memory and energy."""
        device = load_device(self.node.device)
        return paper_batch_cost(
            self.decoder,
            self.quantization,
            flops_per_s=device.fp16_flops_per_s * self.node.modules,
            power_w=device.power_w * self.node.modules,
        )

    @property
    def memory_limit_bytes(self) -> float:
        """M, memory of all modules (bytes)."""
        return self.node.memory_bytes_per_module * self.node.modules

    @property
    def fading_blocks(self) -> int:
        """Most epoch starts that one request can be pending at: ⌈τ_max / T_E⌉."""
        return max(1, -int(-self.workload.latency_requirement_s.high // self.epoch.epoch_s))

    @property
    def horizon_s(self) -> float:
        """Length of a workload: arrivals up to the epoch after the last, which the final observation shows (s)."""
        return (self.epoch.episode_epochs + 1) * self.epoch.epoch_s

    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that shapes the environment; name, description and provenance do not."""
        content = self.model_dump(mode="json", exclude={"name", "description", "provenance"})
        content["batch_cost"] = self.batch_cost
        content["accuracy"] = self.quantization.accuracy
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _catalogue_names_are_known_and_weights_fit(self) -> Scenario:
        try:
            weight_bytes = self.batch_cost.memory_bytes.base.constant
        except ValueError as error:
            raise ValueError(f"node.{error}") from None
        if weight_bytes > self.memory_limit_bytes:
            raise ValueError(
                f"node.memory_bytes_per_module = {self.node.memory_bytes_per_module:g}: the weights of "
                f"{self.node.decoder} at {self.node.precision} need {weight_bytes:.4g} bytes, "
                f"so {self.node.modules} modules must have at least {weight_bytes / self.node.modules:.4g} each"
            )
        return self

    @model_validator(mode="after")
    def _fixed_length_holds_every_prompt(self) -> Scenario:
        fixed, longest = self.node.fixed_prompt_tokens, max(self.workload.prompt_tokens)
        if fixed is not None and fixed < longest:
            raise ValueError(
                f"node.fixed_prompt_tokens = {fixed}: "
                f"must be at least the longest of workload.prompt_tokens = {longest}"
            )
        return self

    @model_validator(mode="after")
    def _provenance_names_fields(self) -> Scenario:
        for dotted in self.provenance:
            section: Any = self
            for part in dotted.split("."):
                if not isinstance(section, BaseModel) or part not in type(section).model_fields:
                    raise ValueError(f"provenance.{dotted}: must name a field of the scenario")
                section = getattr(section, part)
        return self
