"""The sections of a scenario, and what follows from them without the inference model."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

from pydantic import Field, ValidationError

from edge_llm_env.beliefs.settings import BeliefSettings
from edge_llm_env.cells.patching import merged
from edge_llm_env.cells.settings import Network
from edge_llm_env.scenarios.sections.epoch_settings import EpochSettings
from edge_llm_env.scenarios.sections.iteration_settings import IterationSettings
from edge_llm_env.scenarios.sections.node_settings import NodeSettings
from edge_llm_env.scenarios.sections.rack_settings import RackSettings
from edge_llm_env.scenarios.sections.radio_settings import RadioSettings
from edge_llm_env.scenarios.sections.reward_settings import RewardWeights
from edge_llm_env.scenarios.sections.workload_settings import WorkloadSettings
from edge_llm_env.support.checking.problems import first_line
from edge_llm_env.support.naming import shown
from edge_llm_env.support.paths.file_path import with_paths_replaced
from edge_llm_env.support.section import NEUTRAL, Section


class Provenance(Section):
    """Where a scenario's value comes from."""

    source: str
    assumed: bool


class ScenarioError(ValueError):
    """A scenario that is not valid; the message is one line that names the field, its value and what is allowed."""


class Content(Section):
    """The sections of a scenario.

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
        asked, reward = content.get("workload"), content.get("reward", {})
        if isinstance(asked, dict) and asked.get("tasks") is not None and isinstance(reward, dict):
            content["reward"] = {"served": 0.0} | reward  # what counts is the task
        if isinstance(content.get("network"), dict):  # whose cells are validated later, as other sections are now
            content = with_paths_replaced(content, type(self), lambda written, mark, _: mark.absolute(written))
        try:
            super().__init__(**content)
        except ValidationError as error:
            name = shown(content["name"]) if not isinstance(content.get("name", ""), str) else content.get("name", "")
            raise ScenarioError(f"scenario {name}: {first_line(error, type(self))}") from None

    @property
    def cells(self) -> tuple[Self, ...]:
        """The scenario of each cell; where there is no network, its only one is the scenario itself."""
        return (self,) if self.network is None else self._cells_of_network

    @cached_property
    def _cells_of_network(self) -> tuple[Self, ...]:
        content = self.model_dump(exclude={"network", "provenance", "name"})
        cells = []
        for name, patch in () if self.network is None else self.network.cells.items():
            called = f"{self.name}, cell {name}"
            try:
                cells.append(type(self)(name=called, **merged(content, patch)))
            except ScenarioError as error:
                detail = str(error).removeprefix(f"scenario {called}: ")
                raise ValueError(f"network.cells.{name}: {detail}") from None
        return tuple(cells)

    @cached_property
    def context_tokens(self) -> tuple[int, int]:
        """Fewest tokens that a request holds once its prompt is computed, and most, prompt and output; with padding.

        An image's tokens are among the most, and among the fewest where each request has one; compressed prompts are
        counted short in the fewest and whole in the most.
        """
        images, compression = self.node.images, self.node.prompt_compression
        more = 0 if images is None else images.tokens
        shortest, longest = self._text_tokens
        for one in (compression, *self.node.compression_levels):
            if one is not None:
                shortest = min(shortest, max(1, int(self._text_tokens[0] / one.ratio)))
        return shortest + (0 if self.mixes_images else more), longest + more

    @property
    def counts_images(self) -> bool:
        """Whether each request must be known to have an image or none: they are mixed, or sent as so many bytes."""
        return self.mixes_images or (self.node.images is not None and self.node.images.upload_bytes > 0.0)

    @property
    def mixes_images(self) -> bool:
        """Whether some requests have an image and others none."""
        return self.node.images is not None and self.workload.image_share < 1.0

    @property
    def _text_tokens(self) -> tuple[int, int]:
        node, workload = self.node, self.workload
        shortest = node.fixed_prompt_tokens or workload.shortest_call_tokens
        if node.prompt_padding == "none" and node.output_length == "per_request":
            return shortest, workload.longest_request_tokens
        longest_prompt = node.fixed_prompt_tokens or workload.longest_prompt_tokens
        return shortest, longest_prompt + workload.longest_output_tokens

    @property
    def memory_limit_bytes(self) -> float:
        """M, memory of all modules (bytes)."""
        return self.node.memory_bytes_per_module * self.node.modules

    @property
    def fading_blocks(self) -> int:
        """Most epoch starts that one request can be pending at: ⌈τ_max / T_E⌉, or all of an episode and its end."""
        pending = -int(-self.workload.latency_requirement_s.high // self.epoch.epoch_s)
        return max(1, min(pending, self.epoch.episode_epochs + 1))

    @property
    def horizon_s(self) -> float:
        """Length of a workload: arrivals up to the epoch after the last, which the final observation shows (s)."""
        return (self.epoch.episode_epochs + 1) * self.epoch.epoch_s

    @property
    def expected_requests(self) -> float:
        """Mean number of requests that arrive in an episode, in all cells."""
        crowds = () if self.network is None else self.network.crowds
        sources = [cell.workload.arrivals for cell in self.cells] + [crowd.arrivals for crowd in crowds]
        arrivals = sum(source.mean_rate_per_s for source in sources) * self.horizon_s
        return arrivals * self.workload.requests_per_arrival
