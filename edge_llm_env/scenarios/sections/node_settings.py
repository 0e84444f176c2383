"""What a scenario computes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from edge_llm_env.inference.catalog.names import DecoderName, DeviceName, EngineName
from edge_llm_env.inference.cost_models.table import COST_MODELS
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.mechanisms.attention import AttentionKernels
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.images import Images
from edge_llm_env.inference.mechanisms.kv_cache import KvCache
from edge_llm_env.inference.mechanisms.offloading import Offloading
from edge_llm_env.inference.mechanisms.parallelism import Parallelism
from edge_llm_env.inference.mechanisms.prompt_compression import PromptCompression
from edge_llm_env.inference.mechanisms.pruning import Pruning
from edge_llm_env.inference.mechanisms.speculation import Speculation
from edge_llm_env.selections.names import BATCH_SELECTIONS
from edge_llm_env.support.quantities import Bytes, BytesPerS, LoadS, Modules, PerplexityIncrease, Tokens
from edge_llm_env.support.section import NEUTRAL, Section

if TYPE_CHECKING:
    CostModelName = str
    BatchSelectionName = str
else:
    CostModelName = Literal[tuple(COST_MODELS)]
    BatchSelectionName = Literal[tuple(BATCH_SELECTIONS)]


Accuracy = Annotated[float, Field(ge=0, le=1)]


class VariantSettings(Section):
    """A decoder at a precision that the node can host."""

    decoder: DecoderName = Field(description="catalogue name of the decoder, or path as of `node.decoder`")
    precision: str = Field(description="catalogue name of the weight precision")
    perplexity_increase: PerplexityIncrease | None = Field(
        default=None,
        description="ΔPPL against the best decoder hosted, where decoders differ; if not given, that of the precision",
    )
    accuracies: dict[str, Accuracy] | None = Field(
        default=None,
        description="accuracy for each class of requests that it serves, in place of that by ΔPPL, and for no other",
    )
    pruning: Pruning | None = Field(default=None, description="what is left out of its weights")
    speculation: Speculation | None = Field(
        default=None, description="how its tokens are drafted; if not given, as `node.speculation` says"
    )
    name: str = Field(default="", description="what it is called where it is shown; if not given, what it is made of")

    @model_validator(mode="after")
    def _accuracies_are_of_one_source(self) -> VariantSettings:
        if self.accuracies is not None and self.perplexity_increase is not None:
            raise ValueError("accuracies: must be left out where perplexity_increase is given")
        return self


class NodeSettings(Section):
    """The edge node: modules pooled into one, and the quantized decoder that they hold."""

    device: DeviceName = Field(
        description="catalogue name of the compute module, or path of a TOML file that holds one entry, such as "
        "`edge-llm calibrate` writes, in a scenario's file relative to that file's folder"
    )
    modules: Modules = Field(description="number of modules, pooled")
    memory_bytes_per_module: Bytes = Field(description="memory counted per module")
    decoder: DecoderName = Field(
        description="catalogue name of the decoder, or path of a Hugging Face config.json or its folder, in a "
        "scenario's file relative to that file's folder"
    )
    precision: str = Field(description="catalogue name of the weight precision")
    perplexity_increase: PerplexityIncrease | None = Field(
        default=None, description="ΔPPL of the precision, where the catalogue has none for the decoder or is overruled"
    )
    engine: EngineName | None = Field(
        default=None,
        description="catalogue name of the engine, or path as of `device`; if none is given, a compiled one that "
        "nobody measured",
    )
    measured: tuple[str, ...] = Field(
        default=(),
        description="what was measured of `decoder` at `precision` on this device and engine, such as "
        '"decode 38 tokens/s at batch 1", which `roofline` then heeds',
    )
    cost_model: CostModelName = Field(default="paper", description="how batches are costed")
    prompt_padding: Literal["none", "batch_max", "fixed"] = Field(
        description="prompts are computed at their own length, at the longest of the batch, or at a fixed length"
    )
    fixed_prompt_tokens: Tokens | None = Field(default=None, description="the fixed length, with prompt_padding fixed")
    output_length: Literal["per_request", "batch_max"] = Field(
        description="each request stops at its own output length, or all run to the longest of the batch"
    )

    batch_selection: BatchSelectionName = Field(
        default="exact",
        description="whom the node computes where an agent leaves that to it: the most valuable batch, "
        "or in that order whoever still fits",
    )

    variants: tuple[VariantSettings, ...] = Field(
        default=(),
        description="what the modules can host side by side, where an agent divides them; "
        "if none is given, only `decoder` at `precision`",
    )
    storage_bandwidth_bytes_per_s: BytesPerS | None = Field(
        default=None, description="how fast a module loads weights from its storage; needed with several variants"
    )
    engine_start_s: LoadS = Field(
        default=0.0,
        description="time that a module takes to start a model beside reading its weights, with several",
        json_schema_extra=NEUTRAL,
    )

    pruning: Pruning | None = Field(
        default=None, description="what is left out of `decoder`'s weights", json_schema_extra=NEUTRAL
    )
    kv_cache: KvCache | None = Field(
        default=None, description="fewer bits or fewer entries in the KV cache", json_schema_extra=NEUTRAL
    )
    attention: AttentionKernels = Field(
        default="fused", description="whether scores of attention stay on the chip", json_schema_extra=NEUTRAL
    )
    speculation: Speculation | None = Field(
        default=None, description="a draft proposes tokens that the decoder verifies", json_schema_extra=NEUTRAL
    )
    offloading: Offloading | None = Field(
        default=None, description="weights or KV cache that stream over a link in each pass", json_schema_extra=NEUTRAL
    )
    parallelism: Parallelism | None = Field(
        default=None,
        description="how modules work as one over a link; if none is given, they pool at no cost",
        json_schema_extra=NEUTRAL,
    )

    images: Images | None = Field(
        default=None,
        description="an image before a text of `workload.prompt_tokens`, in as many requests as `workload.image_share`",
        json_schema_extra=NEUTRAL,
    )
    prompt_compression: PromptCompression | None = Field(
        default=None, description="how prompts are shortened before they are computed", json_schema_extra=NEUTRAL
    )
    compression_levels: tuple[PromptCompression, ...] = Field(
        default=(),
        description="how a prompt can be shortened where an agent decides that for each request; the compressor that "
        "holds most is held on the node, used or not",
        json_schema_extra=NEUTRAL,
    )

    @model_validator(mode="after")
    def _prompts_are_compressed_once(self) -> NodeSettings:
        if self.compression_levels and (self.prompt_compression is not None or self.prompt_padding == "fixed"):
            raise ValueError(
                'node.compression_levels: must be left out with node.prompt_compression and prompt_padding = "fixed"'
            )
        return self

    @property
    def mechanisms(self) -> Mechanisms:
        """Those of the settings above that are given."""
        return Mechanisms(**{name: getattr(self, name) for name in Mechanisms._fields})

    @model_validator(mode="after")
    def _mechanisms_are_counted(self) -> NodeSettings:
        pruned = self.pruning is not None or any(variant.pruning is not None for variant in self.variants)
        if (self.mechanisms != NONE or pruned) and not COST_MODELS[self.cost_model].heeds_mechanisms:
            counting = " or ".join(f'"{name}"' for name, model in COST_MODELS.items() if model.heeds_mechanisms)
            raise ValueError(
                f"node: {self.mechanisms.described() or 'pruning'}: is not counted by cost_model = "
                f'"{self.cost_model}"; '
                f"it must be left out, or cost_model be {counting}"
            )
        if self.parallelism is not None and self.variants:
            raise ValueError("node.parallelism: must be left out with node.variants, among which modules are divided")
        return self

    @model_validator(mode="after")
    def _measurements_can_be_read(self) -> NodeSettings:
        for text in self.measured:
            try:
                Measured.parsed(text)
            except ValueError as error:
                raise ValueError(f"node.{error}") from None
        return self

    @model_validator(mode="after")
    def _measurements_are_heeded(self) -> NodeSettings:
        if self.measured and not COST_MODELS[self.cost_model].heeds_measurements:
            heeding = " or ".join(f'"{name}"' for name, model in COST_MODELS.items() if model.heeds_measurements)
            raise ValueError(
                f'node.measured = {list(self.measured)}: changes nothing with cost_model = "{self.cost_model}"; '
                f"it must be left out, or cost_model be {heeding}"
            )
        return self

    @model_validator(mode="after")
    def _several_variants_need_loading(self) -> NodeSettings:
        if len(self.variants) > 1 and self.storage_bandwidth_bytes_per_s is None:
            raise ValueError("node.storage_bandwidth_bytes_per_s: is required with several node.variants")
        if any(one in self.variants[:at] for at, one in enumerate(self.variants)):
            raise ValueError("node.variants: must differ from each other")
        return self

    @model_validator(mode="after")
    def _fixed_length_goes_with_fixed_padding(self) -> NodeSettings:
        if (self.prompt_padding == "fixed") != (self.fixed_prompt_tokens is not None):
            raise ValueError(
                f"node.fixed_prompt_tokens = {self.fixed_prompt_tokens}: must be given with "
                f'prompt_padding = "fixed" and only then (prompt_padding = "{self.prompt_padding}")'
            )
        return self
