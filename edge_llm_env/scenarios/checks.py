"""What must be true of a scenario's fields together."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from edge_llm_env.inference.catalog import load_decoder, load_precision
from edge_llm_env.inference.catalog.limits import check_contexts, check_stored_precision
from edge_llm_env.scenarios.hosting import Hosting
from edge_llm_env.scenarios.image_checks import check_images

MOST_BYTES = 2**31
"""Of the requests of one episode, of which drawing holds some copies."""

BYTES_PER_REQUEST = 33
"""Beside its gains, as `NodeState` holds it."""

MOST_BLOCKS = 10**6
"""Epochs that one request may wait."""


def check(scenario: Hosting) -> None:
    """Raise ValueError, one line that names a field, at the first thing that is not as it must be."""
    _an_episode_fits_into_memory(scenario)
    _decoders_can_serve_the_requests(scenario)
    _catalogue_names_are_known_and_weights_fit(scenario)
    _variants_are_known_and_fit_a_module(scenario)
    _accuracies_are_of_known_classes(scenario)
    _uploads_that_carry_over_are_known(scenario)
    _compressed_uploads_are_known(scenario)
    _parts_are_granted_in_whole_slots(scenario)
    _fixed_length_holds_every_prompt(scenario)
    _traces_last_an_episode(scenario)
    check_images(scenario)
    _tasks_are_of_one_node_that_pads_nothing(scenario)
    _cells_go_together(scenario)
    _provenance_names_fields(scenario)


def _an_episode_fits_into_memory(scenario: Hosting) -> None:
    if scenario.fading_blocks > MOST_BLOCKS:
        raise ValueError(
            f"workload.latency_requirement_s.high = {scenario.workload.latency_requirement_s.high:g}: a request "
            f"can wait at {scenario.fading_blocks:,} starts of epochs (epoch.epoch_s = {scenario.epoch.epoch_s:g}, "
            f"epoch.episode_epochs = {scenario.epoch.episode_epochs}), must be at most {MOST_BLOCKS:,}"
        )
    _an_episode_can_be_drawn(scenario)
    directions = 1 if scenario.radio.reciprocal_fading else 2
    per_request = BYTES_PER_REQUEST + 8 * directions * scenario.fading_blocks
    if scenario.expected_requests * per_request > MOST_BYTES:
        raise ValueError(
            f"workload.arrivals: {scenario.expected_requests:.4g} requests are expected in the "
            f"{scenario.horizon_s:.4g} s of an episode (epoch.episode_epochs = {scenario.epoch.episode_epochs}, "
            f"epoch.epoch_s = {scenario.epoch.epoch_s:g}), of {per_request} bytes each: must be at most "
            f"{MOST_BYTES // per_request:,}, which take {MOST_BYTES / 1e9:.3g} GB"
        )


def _an_episode_can_be_drawn(scenario: Hosting) -> None:
    workload, network, horizon_s = scenario.workload, scenario.network, scenario.horizon_s
    crowded = () if network is None else network.names
    where = "workload.arrivals"
    try:
        workload.arrivals.check_episode(horizon_s)
        if workload.classes is not None:
            where = "workload.classes"
            workload.classes.check_episode(horizon_s)
        for at, crowd in enumerate(network.crowds if network is not None else ()):
            where = f"network.crowds[{at}]"
            crowd.check_episode(crowded, horizon_s)
    except ValueError as error:
        raise ValueError(f"{where}.{error}") from None


def _decoders_can_serve_the_requests(scenario: Hosting) -> None:
    hosted = [("node.", scenario.node.decoder, scenario.node.precision)]
    hosted += [("node.variants: ", variant.decoder, variant.precision) for variant in scenario.node.variants]
    for where, name, precision in hosted:
        try:
            decoder = scenario.node.mechanisms._replace(pruning=None).decoder_of(load_decoder(name))
            check_stored_precision(decoder, name, load_precision(precision))
            check_contexts(decoder, name, *scenario.context_tokens)
        except ValueError as error:
            raise ValueError(f"{where}{error}") from None
    drafts = [("node.", scenario.node.speculation)]
    drafts += [(f"node.variants[{at}].", one.speculation) for at, one in enumerate(scenario.node.variants)]
    for where, speculation in drafts:
        if speculation is not None:
            try:
                speculation.check(scenario.context_tokens[1])
            except ValueError as error:
                raise ValueError(f"{where}{error}") from None


def _catalogue_names_are_known_and_weights_fit(scenario: Hosting) -> None:
    try:
        weight_bytes = scenario.batch_cost.memory_bytes.base.constant
    except ValueError as error:
        raise ValueError(f"node.{error}") from None
    if weight_bytes > scenario.memory_limit_bytes:
        raise ValueError(
            f"node.memory_bytes_per_module = {scenario.node.memory_bytes_per_module:g}: "
            f"{scenario.cost_model.held_always} of "
            f"{scenario.node.decoder} at {scenario.node.precision} need {weight_bytes:.4g} bytes, "
            f"so {scenario.node.modules} modules must have at least {weight_bytes / scenario.node.modules:.4g} each"
        )


def _variants_are_known_and_fit_a_module(scenario: Hosting) -> None:
    if scenario.node.variants:
        try:
            _ = scenario.variants
        except ValueError as error:
            raise ValueError(f"node.variants: {error}") from None
        scenario.check_variants_fit_a_module()


def _accuracies_are_of_known_classes(scenario: Hosting) -> None:
    names = scenario.workload.class_names
    for at, variant in enumerate(scenario.node.variants):
        unknown = sorted(set(variant.accuracies or {}) - set(names))
        if unknown or variant.accuracies == {}:
            raise ValueError(
                f"node.variants[{at}].accuracies: {unknown[0] if unknown else 'none'} "
                f"must be of workload.classes.names, {list(names)}"
            )


def _uploads_that_carry_over_are_known(scenario: Hosting) -> None:
    if scenario.radio.transfers == "carried_over" and not scenario.beliefs.are_true:
        raise ValueError(
            'radio.transfers = "carried_over": must be "within_epoch" with beliefs, as what an upload has left is known'
        )


def _compressed_uploads_are_known(scenario: Hosting) -> None:
    if scenario.node.compression_levels and not scenario.beliefs.are_true:
        raise ValueError("node.compression_levels: must be left out with beliefs, which are of whole prompts")


def _parts_are_granted_in_whole_slots(scenario: Hosting) -> None:
    blocks, epoch = scenario.radio.resource_blocks, scenario.epoch
    if blocks is None:
        return
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


def _tasks_are_of_one_node_that_pads_nothing(scenario: Hosting) -> None:
    if scenario.workload.tasks is None:
        return
    node, refused = scenario.node, "with workload.tasks"
    if node.prompt_padding != "none":
        raise ValueError(f'node.prompt_padding = "{node.prompt_padding}": must be "none" {refused}')
    if node.output_length != "per_request":
        raise ValueError(f'node.output_length = "{node.output_length}": must be "per_request" {refused}')
    if scenario.epoch.split != "fixed":
        raise ValueError(f'epoch.split = "{scenario.epoch.split}": must be "fixed" {refused}')
    if scenario.network is not None or scenario.workload.classes is not None or not scenario.beliefs.are_true:
        raise ValueError("network, workload.classes and beliefs: must be left out with workload.tasks")
    if node.images is not None or node.prompt_compression is not None or node.compression_levels:
        raise ValueError(
            "node.images, node.prompt_compression and node.compression_levels: must be left out with workload.tasks"
        )
    longest_s = scenario.workload.tasks.tool_times.longest_s
    if longest_s > scenario.horizon_s:
        raise ValueError(
            f"workload.tasks.tool_times.longest_s = {longest_s:g}: must be at most the {scenario.horizon_s:g} s of an "
            "episode"
        )


def _fixed_length_holds_every_prompt(scenario: Hosting) -> None:
    fixed, longest = scenario.node.fixed_prompt_tokens, scenario.workload.longest_prompt_tokens
    if fixed is not None and fixed < longest:
        raise ValueError(
            f"node.fixed_prompt_tokens = {fixed}: must be at least the longest of workload.prompt_tokens = {longest}"
        )


def _traces_last_an_episode(scenario: Hosting) -> None:
    crowds = () if scenario.network is None else scenario.network.crowds
    sources = {"workload": scenario.workload.arrivals}
    sources |= {f"network.crowds[{at}]": crowd.arrivals for at, crowd in enumerate(crowds)}
    for where, arrivals in sources.items():
        part = arrivals.replayed
        if part is not None and part.span_s < scenario.horizon_s:
            raise ValueError(
                f"{where}.arrivals: the part of the trace lasts {part.span_s:g} s, scaled: must be at least "
                f"the {scenario.horizon_s:g} s of an episode and the epoch after it (epoch.episode_epochs = "
                f"{scenario.epoch.episode_epochs}, epoch.epoch_s = {scenario.epoch.epoch_s:g}); "
                f'times were read as time_unit = "{part.time_unit}"'
            )


def _cells_go_together(scenario: Hosting) -> None:
    if scenario.network is None:
        return
    for name, cell in zip(scenario.network.names, scenario.cells, strict=True):
        for field, one, first in (
            ("latency_requirement_s.high, in epochs,", cell.fading_blocks, scenario.cells[0].fading_blocks),
            ("class_count", cell.workload.class_count, scenario.cells[0].workload.class_count),
        ):
            if one != first:
                raise ValueError(
                    f"network.cells.{name}: workload.{field} is {one}, must be {first} as in the first cell"
                )
        if scenario.network.placement:
            if len(cell.variants) < 2 or cell.node.modules > len(cell.variants):
                raise ValueError(
                    f"network.cells.{name}: node.variants has {len(cell.variants)}, must have at least two, and as "
                    f"many as node.modules = {cell.node.modules}, with network.placement"
                )
            for field, has, asked in (
                ("variants", len(cell.variants), len(scenario.cells[0].variants)),
                ("modules", cell.node.modules, scenario.cells[0].node.modules),
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
        if cell.radio.rate_model.kind != scenario.cells[0].radio.rate_model.kind:
            raise ValueError(f"network.cells.{name}: radio.rate_model must be of the kind of the first cell")
        if scenario.network.crowds and "trace" in (cell.workload.prompt_tokens, cell.workload.output_tokens):
            raise ValueError(f'network.cells.{name}: workload lengths must not be "trace" with network.crowds')


def _provenance_names_fields(scenario: Hosting) -> None:
    for dotted in scenario.provenance:
        section: Any = scenario
        for part in dotted.split("."):
            if not isinstance(section, BaseModel) or part not in type(section).model_fields:
                raise ValueError(f"provenance.{dotted}: must name a field of the scenario")
            section = getattr(section, part)
