"""A request as the feasibility rule sees it."""

from __future__ import annotations

from typing import NamedTuple


class Request(NamedTuple):
    """One request as the rule sees it."""

    prompt_tokens: float
    """s as computed: the fixed length under fixed padding."""
    output_tokens: float
    slack_s: float
    """Most compute time of a batch that serves it."""
    uplink_share: float
    downlink_share: float
    compute_s: float
    """Time of its own beside the polynomials, as its transfers where the split of the epoch is flexible."""
    memory_bytes: float
    """Cost of its own beside the polynomials, as a cache that is moved back from a host."""
