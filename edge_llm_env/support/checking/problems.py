"""What is wrong with values for a model, in one line."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from edge_llm_env.support.naming import shown

_TYPES = {"int": "a whole number", "float": "a number", "finite": "a finite number", "string": "text"}
"""By the first word of pydantic's names of problems."""

_LIMITS = {"ge": "at least", "gt": "greater than", "le": "at most", "lt": "less than"}


def first_line(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problem of a validation error of a model as `field = value: what is allowed`."""
    problem = error.errors(include_url=False)[0]
    message = problem["msg"].removeprefix("Value error, ")
    location, section = _located([str(part) for part in problem["loc"]], model)
    if not location or (problem["type"] == "value_error" and isinstance(problem["input"], dict)):
        return message if message.startswith(location[0] if location else "") else f"{'.'.join(location)}: {message}"
    field = ".".join(location)
    if problem["type"] == "missing":
        return f"{field}: is required"
    if problem["type"] == "union_tag_not_found":
        return f"{field}.kind: is required"
    if problem["type"] == "union_tag_invalid":
        return f"{field}.kind = {shown(problem['ctx']['tag'])}: must be one of {problem['ctx']['expected_tags']}"
    if problem["type"] == "extra_forbidden":
        known = list(section.model_fields) if _is_section(section) else []
        close = get_close_matches(location[-1], known, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"{field}: no such key; allowed are {', '.join(known)}{hint}"
    if words := _TYPES.get(problem["type"].partition("_")[0]):
        return f"{field} = {shown(problem['input'])}: must be {words}"
    for limit, words in _LIMITS.items():
        if limit in problem.get("ctx", {}) and isinstance(problem["input"], (int, float)):
            return f"{field} = {shown(problem['input'])}: must be {words} {problem['ctx'][limit]:g}"
    return f"{field} = {shown(problem['input'])}: {message[0].lower()}{message[1:]}"


def _located(parts: list[str], model: type[BaseModel]) -> tuple[list[str], Any]:
    """Where a problem is, as a scenario's author writes it, and the section which its last part is, or should be, in.

    Pydantic names the kind of a section that has several (`path_loss.umi.user_height_m`), which the author does not.
    """
    location: list[str] = []
    inside: Any = model
    section: Any = model
    for part in parts:
        if "[" in part:  # how pydantic names a member of a union that is no section, such as tuple[int, ...]
            continue
        kinds = {kind: member for member in get_args(section) if _is_section(member) for kind in _kinds(member)}
        if part in kinds:
            section = kinds[part]
            continue
        location.append(part)
        inside = section
        fields = section.model_fields if _is_section(section) else {}
        section = fields[part].annotation if part in fields else (get_args(section) or (section,))[-1]
    return location, inside


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kinds(section: type[BaseModel]) -> tuple[str, ...]:
    return get_args(section.model_fields["kind"].annotation) if "kind" in section.model_fields else ()
