"""What is to be seen of an engine at one time."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_env.rendering.frames.frame import Strip


class Lane(NamedTuple):
    """A request's stay in the running batch, or the part of it that is shown."""

    request: int
    begins_s: float
    first_token_s: float
    """Infinite while its prompt is computed."""
    ends_s: float
    service_class: int
    is_late: bool


class Waiting(NamedTuple):
    """A request in a waiting slot."""

    request: int
    class_name: str
    prompt_tokens: int
    told_tokens: int
    blocks: int
    slack_s: float
    """Time until its prefill must begin, if alone."""
    is_late: bool


class EngineFrame(NamedTuple):
    """An engine at one time."""

    environment: str
    scenario: str
    now_s: float
    end_s: float
    window_s: float
    """Time that the lanes go back."""
    counters: tuple[tuple[str, int], ...]
    lanes: tuple[Lane, ...]
    """The longest admitted first."""
    memory: tuple[tuple[float, float], ...]
    """(time, share of the blocks that are held) within the window."""
    blocks: int
    free_blocks: int
    iteration_s: float
    iteration_tokens: int
    waiting: tuple[Waiting, ...]
    beyond_visible: int
    longest_slack_s: float
    class_names: tuple[str, ...]
    strips: tuple[Strip, ...] | None = None
    """Agent tasks, the one that ends first on top; None where requests are on their own."""
