"""Values of a `config.json`, as the table of families says where they are."""

from __future__ import annotations

from typing import Any

from edge_llm_env.inference.hf_config.families import Family

LARGEST = 2**40
"""A size of so much is a mistake, whatever it is of."""


class ConfigKeys:
    """The keys of one `config.json`, read as its family is; every method raises ValueError that names the key."""

    def __init__(self, content: dict[str, Any], family: Family, model_type: str) -> None:
        self._content, self._family, self._model_type = content, family, model_type

    def number(self, value: Any, *, defaults: bool = True) -> int | None:
        """The whole number, at least 0, that a value of the table stands for; None where all its keys are null."""
        found = self._evaluated(value, defaults=defaults)
        if isinstance(found, bool) or (found is not None and not isinstance(found, int)):
            raise ValueError(f"{named(value)} = {shown(found)}: must be a whole number")
        return found

    def truth(self, value: Any) -> bool:
        """The true or false that a value of the table stands for; null is false."""
        found = self._evaluated(value, defaults=True)
        if found is not None and not isinstance(found, bool):
            raise ValueError(f"{named(value)} = {shown(found)}: must be true or false")
        return bool(found)

    def listed(self, value: Any) -> list[Any] | None:
        """The list that a key holds; None where it is not given, null or empty."""
        found = self._looked_up(value, defaults=True) if self.has(value) else None
        if found is not None and not isinstance(found, list):
            raise ValueError(f"{value} = {shown(found)}: must be a list")
        return found or None

    def has(self, key: str) -> bool:
        """Whether the file, or a default, has the key."""
        try:
            self._looked_up(key, defaults=True)
        except _MissingError:
            return False
        return True

    def _evaluated(self, value: Any, *, defaults: bool) -> Any:
        """The value, or None where it is null or its condition does not hold."""
        if isinstance(value, list):
            return self._first(value, defaults=defaults)
        if isinstance(value, str):
            return self._looked_up(value, defaults=defaults)
        if not isinstance(value, dict):
            return value
        if "if" in value:
            return self._evaluated(value["use"], defaults=defaults) if self._holds(value) else None
        ((operation, parts),) = value.items()
        numbers = [self.number(part, defaults=defaults) for part in parts]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            return None
        if operation == "times":
            return known[0] * known[1]
        return sum(known) if operation == "plus" else _quotient(parts, known)

    def _first(self, values: list[Any], *, defaults: bool) -> Any:
        missing: _MissingError | None = None
        for value in values:
            try:
                found = self._evaluated(value, defaults=defaults)
            except _MissingError as error:
                missing = missing or error
                continue
            if found is not None:
                return found
        if missing is not None:
            raise missing
        conditions = [value["if"] for value in values if isinstance(value, dict) and "if" in value]
        if values and len(conditions) == len(values):
            key = conditions[0]
            found = shown(self._looked_up(key, defaults=True))
            raise ValueError(f"{key} = {found}: is not supported in {self._model_type}")
        return None

    def _holds(self, value: dict[str, Any]) -> bool:
        expected, found = value.get("is", True), self._looked_up(value["if"], defaults=True)
        if isinstance(expected, bool) and found is not None and not isinstance(found, bool):
            raise ValueError(f"{value['if']} = {shown(found)}: must be true or false")
        return bool(found) is expected if isinstance(expected, bool) else found == expected

    def _looked_up(self, key: str, *, defaults: bool) -> Any:
        spellings = (key, *self._family.spellings.get(key, ()))
        found = {name: value for name in spellings if (value := self._given(name)) is not _NOT_GIVEN}
        if len({repr(value) for value in found.values()}) > 1:
            raise ValueError(
                f"{', '.join(f'{name} = {shown(value)}' for name, value in found.items())}: must be the same"
            )
        if found:
            ((name, value), *_) = found.items()
            return _plausible(name, value)
        if defaults and key in self._family.defaults:
            return self._family.defaults[key]
        raise _MissingError(f"{key} is missing, model_type {self._model_type} needs it")

    def _given(self, key: str) -> Any:
        content: Any = self._content
        for part in key.split("."):
            if content is None:
                return _NOT_GIVEN
            if not isinstance(content, dict):
                raise ValueError(f"{key.rpartition('.')[0]} = {shown(content)}: must be a table of keys")
            content = content.get(part, _NOT_GIVEN)
            if content is _NOT_GIVEN:
                return content
        return content


class _MissingError(ValueError):
    """A key that the file leaves out and that has no default."""


_NOT_GIVEN = object()


def shown(value: Any) -> str:
    """A value as an error shows it: on one line of at most 60 characters."""
    text = f"a number of {len(str(abs(value)))} digits" if _is_long(value) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= 10**20


def _plausible(key: str, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value < LARGEST:
        raise ValueError(f"{key} = {shown(value)}: must be at least 0 and less than {LARGEST}")
    return value


def _quotient(parts: list[Any], numbers: list[int]) -> int:
    whole, part = numbers
    if part == 0 or whole % part:
        raise ValueError(f"{named(parts[1])} = {part}: must divide {named(parts[0])} = {whole}")
    return whole // part


def named(value: Any) -> str:
    """The key that a value of the table is mostly about."""
    if isinstance(value, dict):
        return named(value["use"] if "use" in value else next(iter(value.values())))
    if isinstance(value, list):
        return next((named(part) for part in value if not isinstance(part, int)), str(value))
    return str(value)
