"""An architecture of `transformers` by its `config.json`, with random weights."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import torch

from edge_llm_agents.machine.backends.points import Point
from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.devices import device_of


class TransformersModel:
    """In single precision on a CPU and in half on other devices.

    Raises ValueError where the package is missing, and for a configuration that it does not know.
    """

    def __init__(self, config: Path, device: str, clock: Clock, seed: int = 0) -> None:
        if config.name != "config.json":
            raise ValueError(f"decoder = {config}: must be named config.json, as transformers reads it")
        try:
            from transformers import AutoConfig, AutoModelForCausalLM
        except ModuleNotFoundError:
            raise ValueError('transformers is not installed: pip install "edge-llm-env[transformers]"') from None
        try:
            settings = AutoConfig.from_pretrained(str(config.parent), local_files_only=True)
        except (OSError, KeyError) as error:
            raise ValueError(f"decoder = {config}: {str(error).splitlines()[0]}") from None
        torch.manual_seed(seed)
        on = device_of(device)
        kind = torch.float32 if on.type == "cpu" else torch.float16
        self.precision = "w32a32" if kind is torch.float32 else "w16a16"
        self._model: Any = AutoModelForCausalLM.from_config(settings).to(on, kind).eval()
        self._device, self._clock = on, clock
        # What a model goes on from is called otherwise since version 5.
        names = signature(self._model.forward).parameters
        self._cache = "cache" if "cache" in names else "past_key_values"

    @torch.inference_mode()
    def seconds(self, point: Point) -> float:
        """Time of one pass; what is in the cache before a decode is computed beside the clock."""
        before: dict[str, Any] = {}
        if point.metric == "decode" and point.tokens > 1:
            made = self._model(self._tokens(point.batch, point.tokens - 1), use_cache=True)
            before = {self._cache: getattr(made, self._cache)}
        tokens = self._tokens(point.batch, point.tokens if point.metric == "prefill" else 1)
        began_s = self._clock.now_s()
        # As a server, only the last token of each sequence is continued.
        logits = self._model(tokens, **before, use_cache=True, logits_to_keep=1).logits
        logits[:, -1].argmax(dim=-1).tolist()
        return self._clock.now_s() - began_s

    def _tokens(self, batch: int, tokens: int) -> Any:
        return torch.arange(1, batch + 1, device=self._device)[:, None].expand(batch, tokens)
