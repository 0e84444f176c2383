"""What a scenario's node hosts, and what that costs by the inference model."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from edge_llm_env.inference.batch_cost import BatchCost, Polynomial
from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_quantization
from edge_llm_env.inference.cost_models.cost_model import CostModel, Host
from edge_llm_env.inference.cost_models.table import COST_MODELS
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.factors.measured import Measured
from edge_llm_env.inference.iteration import IterationCosts
from edge_llm_env.inference.mechanisms.chosen import Mechanisms
from edge_llm_env.inference.mechanisms.images import ImageNeeds, Images
from edge_llm_env.inference.mechanisms.prompt_compression import with_compressors
from edge_llm_env.inference.mechanisms.pruning import Pruning, held_share
from edge_llm_env.inference.quantization import Quantization
from edge_llm_env.inference.work import counted_tokens_affine
from edge_llm_env.scenarios.content import Content
from edge_llm_env.scenarios.sections.node_settings import VariantSettings

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


class Hosting(Content):
    """A scenario's content with what its node hosts."""

    @cached_property
    def decoder(self) -> DecoderConfig:
        """The decoder that the node serves, as contexts of these lengths cost."""
        return self.node.mechanisms.decoder_of(load_decoder(self.node.decoder)).at_contexts(*self.context_tokens)

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
        return self._batch_cost(self.decoder, self.quantization, self.node.modules, self.node.mechanisms)

    def _batch_cost(
        self, decoder: DecoderConfig, quantization: Quantization, modules: int, mechanisms: Mechanisms
    ) -> BatchCost:
        host = self._host(decoder, quantization, modules, mechanisms)
        largest = self._largest_batch(decoder, quantization, host, self.epoch.visible_slots)
        cost = self.cost_model.batch_cost(decoder, quantization, host, largest)
        compression, levels = self.node.prompt_compression, self.node.compression_levels
        if levels:
            return with_compressors(cost, levels)
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
        self._check_blocks_hold_contexts()
        host = self._host(self.decoder, self.quantization, self.node.modules, self.node.mechanisms)
        largest = self._largest_batch(self.decoder, self.quantization, host, self.iterations.running_slots)
        return self.cost_model.iteration_costs(self.decoder, self.quantization, host, largest)

    def _check_blocks_hold_contexts(self) -> None:
        """Raise ValueError where the cache of a request is not the same bytes for each token of its text."""
        node, longest = self.node, self.context_tokens[1]
        if node.images is not None:
            raise ValueError(
                "node.images: must be left out where an engine is scheduled iteration by iteration, whose blocks of "
                "the cache hold texts"
            )
        if counted_tokens_affine(self.decoder)[0] > 0.0:
            kept = None if node.kv_cache is None else node.kv_cache.kept_tokens
            what = (
                f"node.decoder = {node.decoder}: has windows of {self.decoder.window} tokens"
                if kept is None
                else f"node.kv_cache.kept_tokens = {kept}"
            )
            raise ValueError(
                f"{what}: must hold the longest context, {longest} tokens, where an engine is scheduled iteration by "
                "iteration, whose blocks of the cache hold whole contexts"
            )

    @cached_property
    def image_needs(self) -> ImageNeeds:
        """What an image adds to its request; where each has one, its tokens and its encoding are in `batch_cost`."""
        images = self.node.images
        if images is None:
            return ImageNeeds(0.0, 0.0, 0.0, 0.0)
        upload_bits = 8.0 * images.upload_bytes
        if not self.mixes_images:
            return ImageNeeds(0.0, 0.0, 0.0, upload_bits)
        encoding, without = self._marginals_with(images.encoder_alone()), self._marginals_with(images.held())
        seconds, joules = (one.constant - other.constant for one, other in zip(encoding, without, strict=True))
        return ImageNeeds(images.whole_tokens(self.decoder), seconds, joules, upload_bits)

    def _marginals_with(self, images: Images) -> tuple[Polynomial, Polynomial]:
        """What a request adds to the time and the energy of a batch with these images in each."""
        host = self._host(self.decoder, self.quantization, self.node.modules, self.node.mechanisms)
        host = host._replace(mechanisms=host.mechanisms._replace(images=images))
        largest = self._largest_batch(self.decoder, self.quantization, host, self.epoch.visible_slots)
        cost = self.cost_model.batch_cost(self.decoder, self.quantization, host, largest)
        return cost.compute_s.marginal, cost.energy_j.marginal

    def _host(self, decoder: DecoderConfig, quantization: Quantization, modules: int, mechanisms: Mechanisms) -> Host:
        node = self.node
        served = decoder == self.decoder and quantization.name == node.precision
        measured = tuple(Measured.parsed(text) for text in node.measured) if served else ()
        if node.images is not None and self.mixes_images:  # what they cost stays with those that have one
            mechanisms = mechanisms._replace(images=node.images.held())
        if modules != node.modules and node.parallelism is not None:  # a group of a rack, or a part of it
            fewer = node.parallelism.of_fewer(modules) if node.parallelism.is_of_tensors else None
            mechanisms = mechanisms._replace(parallelism=fewer)
        return Host(load_device(node.device), load_engine(node.engine), modules, measured, mechanisms)

    def _largest_batch(self, decoder: DecoderConfig, quantization: Quantization, host: Host, slots: int) -> int:
        """Most requests that any batch can have: as there are slots, or as many of the shortest as memory holds."""
        host = host._replace(measured=())
        held = self.cost_model.batch_cost(decoder, quantization, host, 1).memory_bytes
        shortest = self._text_tokens[0], 1
        left = self.node.memory_bytes_per_module * host.modules - held.base(*shortest)
        each = held.marginal(*shortest)  # nothing, where all of the cache is on the host
        return max(1, int(min(slots, left / each))) if each > 0 else slots

    @property
    def cost_model(self) -> CostModel:
        """The cost model of `node.cost_model`."""
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
        pruning, speculation = settings.pruning, settings.speculation or self.node.speculation
        mechanisms = self.node.mechanisms._replace(pruning=pruning, speculation=speculation)
        decoder = mechanisms.decoder_of(load_decoder(settings.decoder)).at_contexts(*self.context_tokens)
        quantization = _quantization(settings.decoder, settings.precision, settings.perplexity_increase, pruning)
        weight_bytes = self.cost_model.weight_bytes(decoder, quantization)
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
                self._batch_cost(decoder, quantization, modules, mechanisms)
                for modules in range(1, self.node.modules + 1)
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
        """Bits that are sent for one token of a whole prompt: fewer where the user's device compresses it, more where
        tokens are sent again, 1/(1 - p) times in the mean until they arrive.
        """
        compression, radio = self.node.prompt_compression, self.radio
        bits = radio.uplink_bits_per_token / (1.0 - radio.uplink_token_error_rate)
        return bits if compression is None else bits * compression.uplink_share


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
