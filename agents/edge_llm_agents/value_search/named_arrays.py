"""Vectors of parameters as named arrays, and back; what policies of named numbers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.naming import shown

Shapes = Mapping[str, tuple[int, ...]]
"""Of each array, by its name, in the order in which a vector has them."""


def size_of(shapes: Shapes) -> int:
    """How many parameters there are in all: the length of a vector of them."""
    return sum(int(np.prod(shape)) for shape in shapes.values())


def split_by(shapes: Shapes, parameters: NDArray) -> dict[str, NDArray]:
    """Named arrays, of shape (..., *shape), of parameters (..., size)."""
    arrays, at = {}, 0
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        arrays[name] = parameters[..., at : at + count].reshape(*parameters.shape[:-1], *shape)
        at += count
    return arrays


def join_by(shapes: Shapes, arrays: Mapping[str, NDArray]) -> NDArray:
    """The inverse of `split_by` for one vector; ValueError when names or shapes differ."""
    found = {name: array.shape for name, array in arrays.items()}
    if found != shapes:
        raise ValueError(f"weights have the shapes {shown(found)}: must be {shapes}")
    return np.concatenate([arrays[name].ravel() for name in shapes])


class NamedNumbers:
    """The weights of a policy that are numbers with `names`, of shape (P, size), and its cards.

    Given as (size,), or (P, size) for a population, of which each has an equal share of consecutive rows. Raises
    ValueError for another count of numbers.
    """

    env_id: str
    names: ClassVar[tuple[str, ...]]
    card_fields: ClassVar[dict[str, type]] = {"numbers": list}
    """What its cards have beside those of every policy, and the types in JSON."""

    def __init__(self, numbers: NDArray, scenario: Scenario) -> None:
        self.numbers, self.scenario = np.atleast_2d(numbers), scenario
        if self.numbers.shape[1:] != (len(self.names),):
            raise ValueError(f"numbers of shape {np.shape(numbers)}: must have {len(self.names)} per member")

    @classmethod
    def from_card(cls, description: dict[str, Any], arrays: dict[str, NDArray], scenario: Scenario) -> Self:
        """What `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        return cls(cls.numbers_of(description, arrays), scenario)

    @classmethod
    def numbers_of(cls, description: dict[str, Any], arrays: dict[str, NDArray]) -> NDArray:
        """The numbers that `description` and `arrays` told of; raises ValueError where they do not fit each other."""
        named, own = description["numbers"], list(cls.names)
        if named != own:
            at = next(at for at in range(len(named) + 1) if named[: at + 1] != own[: at + 1])
            is_, asked = (shown(names[at]) if at < len(names) else "nothing" for names in (named, own))
            raise ValueError(f"numbers[{at}] is {is_}: must be {asked}, of the {len(own)} of this package")
        if set(arrays) != {"numbers"}:
            raise ValueError(f"its weights are {shown(sorted(arrays))}: must be ['numbers']")
        return arrays["numbers"]

    def description(self) -> dict[str, Any]:
        """What a card says of the environment and the numbers."""
        return {"environment": self.env_id, "numbers": list(self.names)}

    def arrays(self) -> dict[str, NDArray]:
        """The numbers; raises ValueError for a population."""
        if len(self.numbers) != 1:
            raise ValueError(f"policy: has {len(self.numbers)} members, must have 1")
        return {"numbers": self.numbers[0].copy()}

    def for_scenario(self, scenario: Scenario) -> Self:
        """The same numbers in another scenario; raises ValueError where they cannot act."""
        return type(self)(self.numbers, scenario)
