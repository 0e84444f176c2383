"""Bodies and headers of requests, checked, and bodies of answers, as OpenAI's completions have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_llm_agents.machine.live.jobs import Outcome
from edge_llm_env.support.naming import shown

LONGEST_DEADLINE_S = 1e9
"""Below which deadlines are."""

Token = Annotated[int, Field(ge=0)]


class Offer(NamedTuple):
    """What a server has to offer."""

    model: str
    vocabulary: int
    positions: int
    """Most tokens of a prompt and its output together."""
    accuracy: float
    """Most that a request can ask for."""
    deadline_s: float
    """Of requests without one."""


class StreamOptions(BaseModel):
    """What a stream ends with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    include_usage: bool = False


class Body(BaseModel):
    """A request's body. The decoder is greedy and has no end of text: an output has `max_tokens` tokens."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    prompt: Annotated[str, Field(min_length=1)] | Annotated[list[Token], Field(min_length=1)]
    """A text, of which each byte is a token, or tokens."""
    max_tokens: int = Field(default=16, ge=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1
    temperature: float = Field(default=0.0, ge=0.0, le=0.0)
    user: str = ""


class RefusedError(Exception):
    """A request that is answered with an error at once."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Asked(NamedTuple):
    """A request that the server can do."""

    body: Body
    prompt: list[int]
    deadline_s: float
    accuracy: float


def asked(content: bytes, headers: Mapping[str, str], offer: Offer) -> Asked:
    """What a body and headers ask for. Raises RefusedError, saying in a line what is wrong."""
    try:
        body = Body.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(one) for one in first["loc"]) or "body"
        raise RefusedError(400, f"{field}: {first['msg']}") from None
    if body.model != offer.model:
        raise RefusedError(404, f"model = {shown(body.model)}: must be {offer.model!r}")
    prompt = body.prompt if isinstance(body.prompt, list) else [one % offer.vocabulary for one in body.prompt.encode()]
    if max(prompt) >= offer.vocabulary:
        raise RefusedError(400, f"prompt: has token {max(prompt)}, must be below {offer.vocabulary}")
    if len(prompt) + body.max_tokens > offer.positions:
        total = f"{len(prompt)} tokens and max_tokens = {body.max_tokens}"
        raise RefusedError(400, f"prompt of {total}: must be at most {offer.positions} together")
    deadline_s = _number(headers, "x-deadline-s", offer.deadline_s)
    if not 0.0 < deadline_s < LONGEST_DEADLINE_S:
        raise RefusedError(400, f"x-deadline-s = {deadline_s:g}: must be greater than 0 and less than 1e9")
    accuracy = _number(headers, "x-accuracy", 0.0)
    if not 0.0 <= accuracy <= offer.accuracy:
        raise RefusedError(422, f"x-accuracy = {accuracy:g}: must be in 0..{offer.accuracy:g}, which this node offers")
    return Asked(body, prompt, deadline_s, accuracy)


def _number(headers: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(headers.get(name, default))
    except ValueError:
        raise RefusedError(400, f"{name} = {shown(headers[name])}: must be a number") from None


def completion(name: str, model: str, tokens: list[int], finish: str | None, usage: dict[str, int] | None) -> Any:
    """A completion, or a part of a stream of one; weights are drawn, so a token has no text but its number."""
    choice = {"index": 0, "text": "".join(f" {one}" for one in tokens), "finish_reason": finish, "logprobs": None}
    whole = {"id": name, "object": "text_completion", "created": 0, "model": model, "choices": [choice]}
    return whole if usage is None else whole | {"usage": usage}


def usage_of(prompt: int, output: int) -> dict[str, int]:
    """Tokens of a request."""
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}


def error(status: int, message: str) -> dict[str, Any]:
    """An error's body."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": str(status)}}


ENDS = {
    Outcome.EXPIRED: (504, "the deadline can no longer be met, or the scheduler gave the request up"),
    Outcome.FAILED: (503, "the server has stopped"),
    Outcome.CANCELLED: (499, "the client has gone"),
}
"""Status and message of a request that does not complete."""
