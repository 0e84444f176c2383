"""A llama.cpp server, measured by what it says of its own passes (`timings` of its route /completion)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from edge_llm_agents.machine.backends.points import Point
from edge_llm_env.support.naming import shown

DECODED = 8
"""Tokens that a decode is measured over, around the context of its point."""

LONGEST_S = 600.0
"""Of silence, after which no answer is waited for."""


class LlamaCppServer:
    """Prompts of a point are sent at once, so that the server batches them, as far as it has slots (`--parallel`).

    A prefill is the longest time that a prompt of the batch took, and a decode the mean time of a token, as the
    server's passes are those of all who decode. No prompt may be found in its cache. Raises ValueError where no such
    server answers.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url = {shown(url)}: must begin with http:// or https://")
        self._url = url.rstrip("/")
        self._sent = 0

    def seconds(self, point: Point) -> float:
        """Time of one pass, of the server's own clock."""
        decoded = DECODED if point.metric == "decode" else 1
        prompt = point.tokens if point.metric == "prefill" else max(1, point.tokens - DECODED // 2)
        bodies = []
        for _ in range(point.batch):
            self._sent += 1
            tokens = [1 + self._sent % 97, *(1 + (self._sent + at) % 89 for at in range(prompt - 1))]
            bodies.append({"prompt": tokens, "n_predict": decoded, "cache_prompt": False, "ignore_eos": True})
        with ThreadPoolExecutor(point.batch) as threads:
            timings = list(threads.map(self._timings, bodies))
        if point.metric == "prefill":
            return max(_number(one, "prompt_ms") for one in timings) / 1e3
        return sum(_number(one, "predicted_per_token_ms") for one in timings) / len(timings) / 1e3

    def _timings(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self._url}/completion", json.dumps(body).encode(), headers)
        try:
            with urlopen(request, timeout=LONGEST_S) as answer:
                found: Mapping[str, Any] = json.load(answer)["timings"]
                return found
        except HTTPError as error:
            with error:
                reason = shown(error.read().decode(errors="replace"))
            raise ValueError(f"url = {self._url}: answers {error.code}, {reason}; must answer /completion") from None
        except (OSError, HTTPException) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"url = {self._url}: {reason}; llama-server must listen there") from None
        except (KeyError, TypeError, ValueError, RecursionError):
            raise ValueError(f"url = {self._url}: answers without timings, must be a llama.cpp server") from None


def _number(timings: Mapping[str, Any], name: str) -> float:
    value = timings.get(name)
    if not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"timings.{name} = {shown(value)}: must be greater than 0")
    return float(value)
