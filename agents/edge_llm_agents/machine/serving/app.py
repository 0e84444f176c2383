"""The server's routes: completions, models and metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from edge_llm_agents.machine.live.jobs import Event, Job, Outcome
from edge_llm_agents.machine.serving import bodies
from edge_llm_agents.machine.serving.engine import Engine

MOST_BYTES = 2**22
"""Of a body."""


class Completions:
    """The routes of an engine, which starts and stops with the application."""

    def __init__(self, engine: Engine, offer: bodies.Offer) -> None:
        self._engine, self._offer = engine, offer

    def app(self) -> Starlette:
        """The application."""
        routes = [
            Route("/v1/completions", self._complete, methods=["POST"]),
            Route("/v1/models", self._models),
            Route("/metrics", self._metrics),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._engine.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._engine.stop)

    async def _models(self, request: Request) -> Response:
        one = {"id": self._offer.model, "object": "model", "created": 0, "owned_by": "edge-llm-env"}
        return JSONResponse({"object": "list", "data": [one]})

    async def _metrics(self, request: Request) -> Response:
        return PlainTextResponse(self._engine.metrics.text(), media_type="text/plain; version=0.0.4")

    async def _complete(self, request: Request) -> Response:
        try:
            given = bodies.asked(await _content(request), request.headers, self._offer)
            loop, events = asyncio.get_running_loop(), asyncio.Queue[Event]()
            _, prompt, deadline_s, accuracy = given

            def tell(event: Event) -> None:
                loop.call_soon_threadsafe(events.put_nowait, event)

            job = Job(prompt, given.body.max_tokens, deadline_s, accuracy, tell)
            if not self._engine.submit(job):
                if self._engine.stopped:
                    raise bodies.RefusedError(*bodies.ENDS[Outcome.FAILED])
                raise bodies.RefusedError(429, "too many requests wait: try again later")
        except bodies.RefusedError as refused:
            self._engine.metrics.refused(refused.status)
            return _refusal(refused.status, str(refused))
        gone = asyncio.create_task(self._cancel_when_gone(request, job))
        try:
            first = await events.get()
            if isinstance(first, Outcome):
                return _refusal(*bodies.ENDS[first])
            name = f"cmpl-{uuid4().hex}"
            if given.body.stream:
                return StreamingResponse(self._stream(name, given, job, first, events), media_type="text/event-stream")
            tokens = [first]
            while not isinstance(event := await events.get(), Outcome):
                tokens.append(event)
        finally:
            gone.cancel()
        if event is not Outcome.COMPLETED:
            return _refusal(*bodies.ENDS[event])
        usage = bodies.usage_of(len(given.prompt), len(tokens))
        return JSONResponse(bodies.completion(name, self._offer.model, tokens, "length", usage))

    async def _stream(
        self, name: str, given: bodies.Asked, job: Job, first: int, events: asyncio.Queue[Event]
    ) -> AsyncIterator[str]:
        model, event, made = self._offer.model, first, 0
        try:
            while not isinstance(event, Outcome):
                made += 1
                finish = "length" if made == job.output_tokens else None
                yield _line(bodies.completion(name, model, [event], finish, None))
                event = await events.get()  # type: ignore[assignment]
            if event is not Outcome.COMPLETED:
                yield _line(bodies.error(*bodies.ENDS[event]))
            elif given.body.stream_options is not None and given.body.stream_options.include_usage:
                usage = bodies.usage_of(len(given.prompt), made)
                yield _line(bodies.completion(name, model, [], None, usage) | {"choices": []})
            yield "data: [DONE]\n\n"
        finally:  # where the client has cut the stream
            self._engine.cancel(job)

    async def _cancel_when_gone(self, request: Request, job: Job) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self._engine.cancel(job)


async def _content(request: Request) -> bytes:
    content = b""
    try:
        async for part in request.stream():
            content += part
            if len(content) > MOST_BYTES:
                raise bodies.RefusedError(413, f"body: must have at most {MOST_BYTES} bytes")
    except ClientDisconnect:
        raise bodies.RefusedError(*bodies.ENDS[Outcome.CANCELLED]) from None
    return content


def _refusal(status: int, message: str) -> Response:
    # OpenAI's client sends again what it need not, unless it is told not to.
    headers = {} if status == 429 else {"x-should-retry": "false"}
    return JSONResponse(bodies.error(status, message), status, headers)


def _line(content: Any) -> str:
    return f"data: {json.dumps(content)}\n\n"
