"""What the entries of an action or an observation are: blocks of features that follow one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from edge_llm_env.scenarios.schema import Scenario


class Feature(NamedTuple):
    """One entry of an action or an observation."""

    name: str
    scale: str
    """What the quantity is divided by; empty where nothing is measured."""
    meaning: str
    """Ends with the unit, after a comma, where there is one."""
    carried_over: bool = False
    """Only there where uploads carry over from epoch to epoch (`radio.transfers`)."""
    where: Callable[[Scenario], bool] | None = None
    """Only there in these scenarios; None for all."""

    def stands_in(self, scenario: Scenario) -> bool:
        """Whether a scenario has it."""
        if self.where is not None and not self.where(scenario):
            return False
        return not self.carried_over or scenario.radio.transfers == "carried_over"


class Block(NamedTuple):
    """Features that stand side by side, once or several times."""

    features: tuple[Feature, ...]
    each: str
    """What it is repeated for: `slot`, `variant`, `module`, `class`; empty where it stands once."""
    times: Callable[[Scenario], int]
    """How often, in a scenario."""

    def features_in(self, scenario: Scenario) -> tuple[Feature, ...]:
        """Those that a scenario has."""
        return tuple(feature for feature in self.features if feature.stands_in(scenario))


Layout: TypeAlias = tuple[Block, ...]
"""Blocks in their order."""


def once(*features: Feature) -> Block:
    """A block that stands once."""
    return Block(features, "", lambda scenario: 1)


def where_split_is_flexible(*features: Feature) -> Block:
    """A block that stands once where `epoch.split` is flexible, and nowhere else."""
    return Block(features, "", lambda scenario: int(scenario.epoch.split == "flexible"))


def per_slot(*features: Feature) -> Block:
    """A block for each of the Q visible slots."""
    return Block(features, "slot", lambda scenario: scenario.epoch.visible_slots)


def per_variant(*features: Feature) -> Block:
    """A block for each of the G variants, cheapest first."""
    return Block(features, "variant", lambda scenario: len(scenario.variants))


def per_variant_and_class(*features: Feature) -> Block:
    """A block for each of the G variants and K classes, all classes of the cheapest variant first."""
    return Block(features, "variant and class", lambda scenario: len(scenario.variants) * scenario.workload.class_count)


def per_class(*features: Feature) -> Block:
    """A block for each of the K classes of requests, and none where there is one class."""
    return Block(features, "class", lambda scenario: len(scenario.workload.class_names))


def per_module(*features: Feature) -> Block:
    """A block for each of the M modules."""
    return Block(features, "module", lambda scenario: scenario.node.modules)


def length(layout: Layout, scenario: Scenario) -> int:
    """How many entries an observation of a layout has in a scenario."""
    return sum(len(block.features_in(scenario)) * block.times(scenario) for block in layout)


def names(layout: Layout, scenario: Scenario) -> list[str]:
    """The name of every entry in a scenario, in order: `visible`, `slack[3]`."""
    return [
        f"{feature.name}[{time}]" if block.each else feature.name
        for block in layout
        for time in range(block.times(scenario))
        for feature in block.features_in(scenario)
    ]


def per_slot_and_whole(layout: Layout, scenario: Scenario) -> tuple[int, int]:
    """Features of each slot, and entries of everything else in a scenario."""
    per_slot = sum(len(block.features_in(scenario)) for block in layout if block.each == "slot")
    return per_slot, length(tuple(block for block in layout if block.each != "slot"), scenario)
