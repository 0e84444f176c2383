"""What a scenario is: all its parts together, validated and frozen."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError, model_validator

from edge_llm_env.arrivals.trace import TraceArrivals
from edge_llm_env.beliefs.settings import BeliefSettings
from edge_llm_env.cells.patching import merged
from edge_llm_env.cells.settings import Network
from edge_llm_env.inference.batch_cost import BatchCost
from edge_llm_env.inference.catalog import (
    is_path,
    load_decoder,
    load_device,
    load_engine,
    load_precision,
    load_quantization,
)
from edge_llm_env.inference.cost_models.cost_model import CostModel, Host
from edge_llm_env.inference.cost_models.table import COST_MODELS
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.iteration import IterationCosts
from edge_llm_env.inference.limits import check_contexts, check_stored_precision
from edge_llm_env.inference.mechanisms.pruning import Pruning, held_share
from edge_llm_env.inference.quantization import Quantization
from edge_llm_env.scenarios.epoch_settings import EpochSettings
from edge_llm_env.scenarios.iteration_settings import IterationSettings
from edge_llm_env.scenarios.node_settings import NodeSettings, RackSettings, VariantSettings
from edge_llm_env.scenarios.radio_settings import RadioSettings
from edge_llm_env.scenarios.reward_settings import RewardWeights
from edge_llm_env.scenarios.workload_settings import WorkloadSettings
from edge_llm_env.support.checking.problems import first_line
from edge_llm_env.support.naming import shown
from edge_llm_env.support.section import NEUTRAL, Section

MOST_BYTES = 2**31
"""Of the requests of one episode, of which drawing holds some copies."""

BYTES_PER_REQUEST = 33
"""Beside its gains, as `NodeState` holds it."""

MOST_BLOCKS = 10**6
"""Epochs that one request may wait."""


class Provenance(Section):
    """Where a scenario's value comes from."""

    source: str
    assumed: bool


NOT_SERVED = -1.0
"""Accuracy of a variant for a class that it does not serve: less than anybody accepts."""


class Variant(NamedTuple):
    """What some of the node's modules can host."""

    name: str
    """What it is called where it is shown."""
    decoder: str
    precision: str
    accuracies: tuple[float, ...]
    """For each class of requests, 0..1: by f(ΔPPL) the same for all; NOT_SERVED for those that it does not serve."""
    batch_cost: tuple[BatchCost, ...]
    """On one module, on two, and so on up to all of the node's."""
    weight_bytes: float
    """Weights, which each of its modules holds (bytes)."""
    load_s: float
    """Time that a module takes to load the weights and to start (s)."""

    @property
    def module_bytes(self) -> float:
        """What each of its modules holds whatever the batch: the weights, and the runtime under `roofline` (bytes)."""
        return self.batch_cost[0].memory_bytes.base.constant


class ScenarioError(ValueError):
    """A scenario that is not valid; the message is one line that names the field, its value and what is allowed."""


class Scenario(Section):
    """A complete, validated setting of the suite.

    Raises `ScenarioError`, one line, on an unknown key, a missing one or a value out of range.
    """

    name: str
    description: str
    epoch: EpochSettings
    node: NodeSettings
    radio: RadioSettings
    workload: WorkloadSettings
    reward: RewardWeights = RewardWeights()
    iterations: IterationSettings = Field(IterationSettings(), json_schema_extra=NEUTRAL)
    rack: RackSettings = Field(default=RackSettings(), json_schema_extra=NEUTRAL)
    beliefs: BeliefSettings = Field(default=BeliefSettings(), json_schema_extra=NEUTRAL)
    network: Network | None = Field(
        default=None, description="several cells with a node each; if not given, one", json_schema_extra=NEUTRAL
    )
    provenance: dict[str, Provenance] = Field(default={}, description="dotted field → where its value comes from")

    def __init__(self, **content: Any) -> None:
        try:
            super().__init__(**content)
        except ValidationError as error:
            name = shown(content["name"]) if not isinstance(content.get("name", ""), str) else content.get("name", "")
            raise ScenarioError(f"scenario {name}: {first_line(error, type(self))}") from None

    @property
    def cells(self) -> tuple[Scenario, ...]:
        """The scenario of each cell; where there is no network, its only one is the scenario itself."""
        return (self,) if self.network is None else self._cells_of_network

    @cached_property
    def _cells_of_network(self) -> tuple[Scenario, ...]:
        content = self.model_dump(exclude={"network", "provenance", "name"})
        cells = []
        for name, patch in () if self.network is None else self.network.cells.items():
            called = f"{self.name}, cell {name}"
            try:
                cells.append(Scenario(name=called, **merged(content, patch)))
            except ScenarioError as error:
                detail = str(error).removeprefix(f"scenario {called}: ")
                raise ValueError(f"network.cells.{name}: {detail}") from None
        return tuple(cells)

    @cached_property
    def decoder(self) -> DecoderConfig:
        """The decoder that the node serves, as contexts of these lengths cost."""
        return self.node.mechanisms.decoder_of(load_decoder(self.node.decoder)).at_contexts(*self.context_tokens)

    @cached_property
    def context_tokens(self) -> tuple[int, int]:
        """Fewest tokens that a request holds once its prompt is computed, and most, prompt and output; with padding.

        An image's tokens are among them; compressed prompts are counted short in the fewest and whole in the most.
        """
        images, compression = self.node.images, self.node.prompt_compression
        more = 0 if images is None else images.tokens
        shortest, longest = self._text_tokens
        if compression is not None:
            shortest = max(1, int(shortest / compression.ratio))
        return shortest + more, longest + more

    @property
    def _text_tokens(self) -> tuple[int, int]:
        node, workload = self.node, self.workload
        shortest = node.fixed_prompt_tokens or workload.shortest_prompt_tokens
        if node.prompt_padding == "none" and node.output_length == "per_request":
            return shortest, workload.longest_request_tokens
        longest_prompt = node.fixed_prompt_tokens or workload.longest_prompt_tokens
        return shortest, longest_prompt + workload.longest_output_tokens

    @cached_property
    def quantization(self) -> Quantization:
        """The precision that its weights are served in."""
        node = self.node
        return _quantization(node.decoder, node.precision, node.perplexity_increase, node.pruning)

    @cached_property
    def accuracy(self) -> float:
        """What `node.decoder` offers, 0..1: f(ΔPPL), and what compressed prompts leave of it."""
        compression = self.node.prompt_compression
        offered = self.quantization.accuracy
        return offered if compression is None else offered * compression.retained

    @cached_property
    def batch_cost(self) -> BatchCost:
        """What a batch costs on the node in time, memory and energy."""
        return self._batch_cost(self.decoder, self.quantization, self.node.modules, self.node.pruning)

    def _batch_cost(
        self, decoder: DecoderConfig, quantization: Quantization, modules: int, pruning: Pruning | None
    ) -> BatchCost:
        host = self._host(decoder, quantization, modules, pruning)
        largest = self._largest_batch(decoder, quantization, host, self.epoch.visible_slots)
        cost = self._cost_model.batch_cost(decoder, quantization, host, largest)
        compression = self.node.prompt_compression
        return cost if compression is None else compression.of_batch(cost, host.device.power_w * modules)

    @cached_property
    def iteration_costs(self) -> IterationCosts:
        """What an iteration of the node's engine costs in time and energy."""
        if self.node.prompt_compression is not None:
            raise ValueError(
                "node.prompt_compression: must be left out where an engine is scheduled iteration by iteration, whose "
                "contexts do not tell prompts from outputs"
            )
        offloading = self.node.offloading
        if offloading is not None and offloading.cache_share == 1.0:
            raise ValueError(
                "node.offloading.cache_share = 1: must be below 1 where an engine is scheduled iteration by iteration, "
                "which counts blocks of the cache in the modules' memory"
            )
        host = self._host(self.decoder, self.quantization, self.node.modules, self.node.pruning)
        largest = self._largest_batch(self.decoder, self.quantization, host, self.iterations.running_slots)
        return self._cost_model.iteration_costs(self.decoder, self.quantization, host, largest)

    def _host(self, decoder: DecoderConfig, quantization: Quantization, modules: int, pruning: Pruning | None) -> Host:
        node = self.node
        served = decoder == self.decoder and quantization.name == node.precision
        measured = tuple(Measured.parsed(text) for text in node.measured) if served else ()
        mechanisms = node.mechanisms._replace(pruning=pruning)
        if modules != node.modules:  # of modules that are divided, where parallelism is refused
            mechanisms = mechanisms._replace(parallelism=None)
        return Host(load_device(node.device), load_engine(node.engine), modules, measured, mechanisms)

    def _largest_batch(self, decoder: DecoderConfig, quantization: Quantization, host: Host, slots: int) -> int:
        """Most requests that any batch can have: as there are slots, or as many of the shortest as memory holds."""
        host = host._replace(measured=())
        held = self._cost_model.batch_cost(decoder, quantization, host, 1).memory_bytes
        shortest = self._text_tokens[0], 1
        left = self.node.memory_bytes_per_module * host.modules - held.base(*shortest)
        each = held.marginal(*shortest)  # nothing, where all of the cache is on the host
        return max(1, int(min(slots, left / each))) if each > 0 else slots

    @property
    def _cost_model(self) -> CostModel:
        return COST_MODELS[self.node.cost_model]

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """What the node can host side by side, cheapest first: in compute time of the longest request."""
        variants = [self._variant(settings) for settings in self.node.variants] or [self.own_variant]
        longest = self.workload.longest_prompt_tokens, self.workload.longest_output_tokens
        return tuple(sorted(variants, key=lambda variant: _time_alone_s(variant.batch_cost[-1], *longest)))

    @cached_property
    def own_variant(self) -> Variant:
        """The node's own decoder at its own precision, on one module, on two, and so on."""
        node = self.node
        return self._variant(
            VariantSettings(
                decoder=node.decoder,
                precision=node.precision,
                perplexity_increase=node.perplexity_increase,
                pruning=node.pruning,
            )
        )

    def _variant(self, settings: VariantSettings) -> Variant:
        pruning = settings.pruning
        mechanisms = self.node.mechanisms._replace(pruning=pruning)
        decoder = mechanisms.decoder_of(load_decoder(settings.decoder)).at_contexts(*self.context_tokens)
        quantization = _quantization(settings.decoder, settings.precision, settings.perplexity_increase, pruning)
        weight_bytes = self._cost_model.weight_bytes(decoder, quantization)
        if pruning is not None:
            weight_bytes *= held_share(pruning, decoder, quantization)
        bandwidth = self.node.storage_bandwidth_bytes_per_s
        asked = self.workload
        accuracies = (quantization.accuracy,) * asked.class_count
        if settings.accuracies is not None:
            accuracies = tuple(settings.accuracies.get(name, NOT_SERVED) for name in asked.class_names)
        return Variant(
            settings.name or f"{settings.decoder} {settings.precision}",
            settings.decoder,
            settings.precision,
            accuracies,
            tuple(
                self._batch_cost(decoder, quantization, modules, pruning) for modules in range(1, self.node.modules + 1)
            ),
            weight_bytes,
            0.0 if bandwidth is None else self.node.engine_start_s + weight_bytes / bandwidth,
        )

    def check_variants_fit_a_module(self) -> None:
        """Raise ValueError if a module cannot hold a variant, as it must where the modules are divided.

        Or if they are parallel: a part of a group is none.
        """
        if self.node.parallelism is not None:
            raise ValueError("node.parallelism: must be left out where the modules are divided")
        for variant in self.variants:
            if variant.module_bytes > self.node.memory_bytes_per_module:
                raise ValueError(
                    f"node.memory_bytes_per_module = {self.node.memory_bytes_per_module:g}: where the modules are "
                    f"divided, each must hold {variant.decoder} at {variant.precision}, "
                    f"{variant.module_bytes:.4g} bytes"
                )

    @property
    def uplink_bits_per_token(self) -> float:
        """Bits that are sent for one token of a whole prompt: fewer where the user's device compresses it."""
        compression = self.node.prompt_compression
        bits = self.radio.uplink_bits_per_token
        return bits if compression is None else bits * compression.uplink_share

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

    @property
    def expected_requests(self) -> float:
        """Mean number of requests that arrive in an episode, in all cells."""
        crowds = () if self.network is None else self.network.crowds
        sources = [cell.workload.arrivals for cell in self.cells] + [crowd.arrivals for crowd in crowds]
        return sum(source.mean_rate_per_s for source in sources) * self.horizon_s

    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that shapes the environment; name, description and provenance do not.

        A trace and a decoder's file count by their content and not by where they are. A setting that leaves everything
        as it is does not count (`NEUTRAL`), so that fingerprints stay when the suite learns of a new one.
        """
        # Engine and measurements shape it through the batch cost alone, which is in it.
        content = self.model_dump(
            mode="json",
            exclude={"name": True, "description": True, "provenance": True, "node": {"engine": True, "measured": True}},
        )
        for field in self.neutral_fields():
            if getattr(self, field) == type(self).model_fields[field].default:
                del content[field]
        for name, section in self:
            for field in section.neutral_fields() if isinstance(section, Section) and name in content else ():
                if getattr(section, field) == type(section).model_fields[field].default:
                    del content[name][field]
        if self.network is not None:
            content["network"]["cells"] = [cell.fingerprint() for cell in self.cells]
        if isinstance(self.workload.arrivals, TraceArrivals):
            content["workload"]["arrivals"]["path"] = self.workload.arrivals.sha256()
        for hosted in content["node"]["variants"]:
            del hosted["name"]
            if hosted["pruning"] is None:
                del hosted["pruning"]
            if hosted["accuracies"] is None:
                del hosted["accuracies"]
        for hosted in (content["node"], *content["node"]["variants"]):
            if is_path(hosted["decoder"]):
                hosted["decoder"] = load_decoder(hosted["decoder"]).model_dump()
        content["batch_cost"] = self.batch_cost
        content["accuracy"] = self.accuracy
        content["variants"] = [
            [
                "" if is_path(variant.decoder) else variant.decoder,
                variant.precision,
                variant.accuracies[0] if self.workload.classes is None else variant.accuracies,
                variant.batch_cost,
                variant.weight_bytes,
                variant.load_s,
            ]
            for variant in self.variants
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _an_episode_fits_into_memory(self) -> Scenario:
        if self.fading_blocks > MOST_BLOCKS:
            raise ValueError(
                f"workload.latency_requirement_s.high = {self.workload.latency_requirement_s.high:g}: lasts "
                f"{self.fading_blocks:.4g} epochs of epoch.epoch_s = {self.epoch.epoch_s:g}, must last at most "
                f"{MOST_BLOCKS:,}"
            )
        self.workload.arrivals.check_episode(self.horizon_s)
        if self.workload.classes is not None:
            self.workload.classes.check_episode(self.horizon_s)
        directions = 1 if self.radio.reciprocal_fading else 2
        per_request = BYTES_PER_REQUEST + 8 * directions * self.fading_blocks
        if self.expected_requests * per_request > MOST_BYTES:
            raise ValueError(
                f"workload.arrivals: {self.expected_requests:.4g} requests are expected in the {self.horizon_s:.4g} s "
                f"of an episode (epoch.episode_epochs = {self.epoch.episode_epochs}, epoch.epoch_s = "
                f"{self.epoch.epoch_s:g}), of {per_request} bytes each: must be at most "
                f"{MOST_BYTES // per_request:,}, which take {MOST_BYTES / 1e9:.3g} GB"
            )
        return self

    @model_validator(mode="after")
    def _decoders_can_serve_the_requests(self) -> Scenario:
        hosted = [("node.", self.node.decoder, self.node.precision)]
        hosted += [("node.variants: ", variant.decoder, variant.precision) for variant in self.node.variants]
        for where, name, precision in hosted:
            try:
                decoder = self.node.mechanisms._replace(pruning=None).decoder_of(load_decoder(name))
                check_stored_precision(decoder, name, load_precision(precision))
                check_contexts(decoder, name, *self.context_tokens)
            except ValueError as error:
                raise ValueError(f"{where}{error}") from None
        return self

    @model_validator(mode="after")
    def _catalogue_names_are_known_and_weights_fit(self) -> Scenario:
        try:
            weight_bytes = self.batch_cost.memory_bytes.base.constant
        except ValueError as error:
            raise ValueError(f"node.{error}") from None
        if weight_bytes > self.memory_limit_bytes:
            raise ValueError(
                f"node.memory_bytes_per_module = {self.node.memory_bytes_per_module:g}: "
                f"{self._cost_model.held_always} of "
                f"{self.node.decoder} at {self.node.precision} need {weight_bytes:.4g} bytes, "
                f"so {self.node.modules} modules must have at least {weight_bytes / self.node.modules:.4g} each"
            )
        return self

    @model_validator(mode="after")
    def _variants_are_known_and_fit_a_module(self) -> Scenario:
        if self.node.variants:
            try:
                _ = self.variants
            except ValueError as error:
                raise ValueError(f"node.variants: {error}") from None
            self.check_variants_fit_a_module()
        return self

    @model_validator(mode="after")
    def _accuracies_are_of_known_classes(self) -> Scenario:
        names = self.workload.class_names
        for at, variant in enumerate(self.node.variants):
            unknown = sorted(set(variant.accuracies or {}) - set(names))
            if unknown or variant.accuracies == {}:
                raise ValueError(
                    f"node.variants[{at}].accuracies: {unknown[0] if unknown else 'none'} "
                    f"must be of workload.classes.names, {list(names)}"
                )
        return self

    @model_validator(mode="after")
    def _uploads_that_carry_over_are_known(self) -> Scenario:
        if self.radio.transfers == "carried_over" and not self.beliefs.are_true:
            raise ValueError(
                'radio.transfers = "carried_over": must be "within_epoch" with beliefs, as what an upload has left is '
                "known"
            )
        return self

    @model_validator(mode="after")
    def _parts_are_granted_in_whole_slots(self) -> Scenario:
        blocks, epoch = self.radio.resource_blocks, self.epoch
        if blocks is None:
            return self
        if epoch.split == "flexible" and blocks.granted_for == "part":
            raise ValueError(
                'radio.resource_blocks.granted_for = "part": must be "slot" with epoch.split = "flexible", whose parts '
                "are as long as their batch needs"
            )
        for field in ("uplink_s", "downlink_s", "epoch_s"):
            if not blocks.whole_slots(getattr(epoch, field)):
                raise ValueError(
                    f"epoch.{field} = {getattr(epoch, field):g}: must be a whole number of slots of "
                    f"{blocks.slot_s:g} s with radio.resource_blocks"
                )
        return self

    @model_validator(mode="after")
    def _fixed_length_holds_every_prompt(self) -> Scenario:
        fixed, longest = self.node.fixed_prompt_tokens, self.workload.longest_prompt_tokens
        if fixed is not None and fixed < longest:
            raise ValueError(
                f"node.fixed_prompt_tokens = {fixed}: "
                f"must be at least the longest of workload.prompt_tokens = {longest}"
            )
        return self

    @model_validator(mode="after")
    def _trace_lasts_an_episode(self) -> Scenario:
        arrivals = self.workload.arrivals
        part = arrivals.replayed
        if part is not None and part.span_s < self.horizon_s:
            raise ValueError(
                f"workload.arrivals: the part of the trace lasts {part.span_s:g} s, scaled: must be at least "
                f"the {self.horizon_s:g} s of an episode and the epoch after it (epoch.episode_epochs = "
                f"{self.epoch.episode_epochs}, epoch.epoch_s = {self.epoch.epoch_s:g}); "
                f'times were read as time_unit = "{part.time_unit}"'
            )
        return self

    @model_validator(mode="after")
    def _cells_go_together(self) -> Scenario:
        if self.network is None:
            return self
        for name, cell in zip(self.network.names, self.cells, strict=True):
            for field, one, first in (
                ("latency_requirement_s.high, in epochs,", cell.fading_blocks, self.cells[0].fading_blocks),
                ("class_count", cell.workload.class_count, self.cells[0].workload.class_count),
            ):
                if one != first:
                    raise ValueError(
                        f"network.cells.{name}: workload.{field} is {one}, must be {first} as in the first cell"
                    )
            if self.network.placement:
                if len(cell.variants) < 2 or cell.node.modules > len(cell.variants):
                    raise ValueError(
                        f"network.cells.{name}: node.variants has {len(cell.variants)}, must have at least two, and as "
                        f"many as node.modules = {cell.node.modules}, with network.placement"
                    )
                for field, has, asked in (
                    ("variants", len(cell.variants), len(self.cells[0].variants)),
                    ("modules", cell.node.modules, self.cells[0].node.modules),
                ):
                    if has != asked:
                        raise ValueError(
                            f"network.cells.{name}: node.{field} are {has}, must be {asked} as in the first cell, with "
                            "network.placement"
                        )
            if cell.radio.transfers == "carried_over" or cell.radio.road is not None or not cell.beliefs.are_true:
                raise ValueError(
                    f'network.cells.{name}: radio.transfers must be "within_epoch", and radio.road and beliefs be left '
                    "out, in a network"
                )
            if cell.radio.rate_model.kind != self.cells[0].radio.rate_model.kind:
                raise ValueError(f"network.cells.{name}: radio.rate_model must be of the kind of the first cell")
            if self.network.crowds and "trace" in (cell.workload.prompt_tokens, cell.workload.output_tokens):
                raise ValueError(f'network.cells.{name}: workload lengths must not be "trace" with network.crowds')
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


def _quantization(
    decoder: str, precision: str, perplexity_increase: float | None, pruning: Pruning | None
) -> Quantization:
    """The precision of a decoder that may be pruned; what both lose adds up, which is assumed."""
    quantization = load_quantization(decoder, precision, perplexity_increase)
    if pruning is None or perplexity_increase is not None:
        return quantization
    lost = quantization.perplexity_increase + pruning.perplexity_increase(decoder)
    return quantization.model_copy(update={"perplexity_increase": lost})


def _time_alone_s(cost: BatchCost, prompt_tokens: int, output_tokens: int) -> float:
    compute = cost.compute_s
    return compute.base(prompt_tokens, output_tokens) + compute.marginal(prompt_tokens, output_tokens)
