"""A workload's requests, each sent when it arrives, and when their tokens come back."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

import httpx

from edge_llm_env.support.naming import shown
from edge_llm_env.workload.workload import Workload

LONGEST_S = 60.0
"""That a server is waited for before requests are sent: it says what models it has without computing anything."""


class Answer(NamedTuple):
    """What became of a request; times in seconds after it was sent."""

    status: int
    tokens: int
    first_s: float
    last_s: float


def send(url: str, model: str, workload: Workload) -> list[Answer]:
    """Every request of a workload, in real time; its prompt is arbitrary tokens of its length.

    Raises ValueError where there is no server, or none that has the model.
    """
    try:
        return asyncio.run(_send(url, model, workload))
    except (httpx.RequestError, httpx.InvalidURL) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"url = {shown(url)}: {reason}; must be where edge-llm serve listens") from None


async def _send(url: str, model: str, workload: Workload) -> list[Answer]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=None, limits=limits) as client:
        if model not in (names := _models(url, await client.get("/v1/models", timeout=LONGEST_S))):
            raise ValueError(f"model = {shown(model)}: must be one of {', '.join(names)}, which the server has")
        began_s = time.perf_counter()
        return await asyncio.gather(*(_one(client, model, workload, at, began_s) for at in range(workload.requests)))


def _models(url: str, answer: httpx.Response) -> list[str]:
    try:
        return [str(one["id"]) for one in answer.json()["data"]]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ValueError(f"url = {shown(url)}: answers without models, must be a server of OpenAI's protocol") from None


async def _one(client: httpx.AsyncClient, model: str, workload: Workload, at: int, began_s: float) -> Answer:
    body = {
        "model": model,
        "prompt": [at % 97] * int(workload.prompt_tokens[at]),
        "max_tokens": int(workload.output_tokens[at]),
        "stream": True,
    }
    headers = {
        "X-Deadline-S": str(float(workload.latency_requirement_s[at])),
        "X-Accuracy": str(float(workload.accuracy_requirement[at])),
    }
    await asyncio.sleep(max(0.0, began_s + float(workload.arrival_s[at]) - time.perf_counter()))
    sent_s, tokens, first_s, last_s = time.perf_counter(), 0, 0.0, 0.0
    async with client.stream("POST", "/v1/completions", json=body, headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line.startswith('data: {"id"'):
                tokens, last_s = tokens + 1, time.perf_counter() - sent_s
                first_s = first_s if tokens > 1 else last_s
        return Answer(answer.status_code, tokens, first_s, last_s)
