"""Which mechanisms a service has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.mechanisms.attention import AttentionKernels
from edge_llm_env.inference.mechanisms.images import Images
from edge_llm_env.inference.mechanisms.kv_cache import KvCache
from edge_llm_env.inference.mechanisms.offloading import Offloading
from edge_llm_env.inference.mechanisms.parallelism import Parallelism
from edge_llm_env.inference.mechanisms.prompt_compression import PromptCompression
from edge_llm_env.inference.mechanisms.pruning import Pruning
from edge_llm_env.inference.mechanisms.speculation import Speculation
from edge_llm_env.support.checking.problems import first_line
from edge_llm_env.support.naming import one_of, shown
from edge_llm_env.support.section import Section


class Mechanisms(NamedTuple):
    """The mechanisms of a service; None: without it."""

    pruning: Pruning | None = None
    kv_cache: KvCache | None = None
    attention: AttentionKernels = "fused"
    speculation: Speculation | None = None
    offloading: Offloading | None = None
    parallelism: Parallelism | None = None
    images: Images | None = None
    prompt_compression: PromptCompression | None = None

    def decoder_of(self, decoder: DecoderConfig) -> DecoderConfig:
        """The decoder that is left by those that change it, before contexts are known.

        Raises ValueError, one line, where it cannot be changed so.
        """
        if self.pruning is not None:
            decoder = self.pruning.decoder_of(decoder)
        return decoder if self.kv_cache is None else self.kv_cache.decoder_of(decoder)

    def described(self) -> str:
        """Names of those that are there, by commas."""
        names = zip(self._fields, self, NONE, strict=True)
        return ", ".join(name.replace("_", " ") for name, one, absent in names if one != absent)


KINDS: dict[str, type[Section]] = {
    "pruning": Pruning,
    "kv_cache": KvCache,
    "speculation": Speculation,
    "offloading": Offloading,
    "parallelism": Parallelism,
    "images": Images,
    "prompt_compression": PromptCompression,
}
"""The settings of each by its name."""


def mechanisms_of(settings: Mapping[str, Mapping[str, Any]]) -> Mechanisms:
    """Mechanisms by their names and settings, as a scenario's `node` has them.

    Raises ValueError, one line, that names the mechanism or the setting and what would be accepted.
    """
    if not isinstance(settings, Mapping):
        raise TypeError(f"mechanisms = {shown(settings)}: must be settings by the names of mechanisms")
    chosen: dict[str, Any] = {}
    for name, values in settings.items():
        kind = KINDS[one_of("mechanisms", name, KINDS, "edge-llm list mechanisms")]
        if not isinstance(values, Mapping):
            raise TypeError(f"mechanisms[{shown(name)}] = {shown(values)}: must be settings by their names")
        try:
            chosen[name] = kind(**values)
        except ValidationError as error:
            raise ValueError(f"{name}.{first_line(error, kind)}") from None
    return Mechanisms(**chosen)


NONE = Mechanisms()
"""The plain model."""
