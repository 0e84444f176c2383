"""Arguments are checked against annotations, and what is refused is said in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_env.support.checking.arguments import checked, checked_seeds


class Solves(Protocol):
    def solve(self, problem: Any) -> Any: ...


class Solver:
    def solve(self, problem: Any) -> Any:
        return problem


@checked
def function(
    whole: int = 1,
    number: float = 1.0,
    name: str | Path = "a",
    flag: bool = False,
    maybe: int | None = None,
    rows: NDArray[np.float64] = np.zeros(2),  # noqa: B008 (nobody changes it)
    mask: NDArray[np.bool_] = np.zeros(2, dtype=bool),  # noqa: B008
    several: Sequence[int] = (),
    any_of: Iterable[str] = (),
    by_name: Mapping[str, int] | None = None,
    kind: Literal["a", "b"] = "a",
    solver: Solves | None = None,
    call: Callable[[], None] | None = None,
    **more: Any,
) -> int:
    return whole


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("whole", np.int8(3)), ("whole", -5), ("number", 3), ("number", np.float32(1)), ("name", Path("b")),
        ("flag", np.True_), ("maybe", None), ("maybe", 3), ("rows", np.zeros(3, dtype=int)), ("mask", np.ones(1, bool)),
        ("several", [1, 2]), ("any_of", iter("ab")), ("by_name", {"a": 1}), ("kind", "b"), ("solver", Solver()),
        ("call", len), ("unknown", object()),
    ],
)  # fmt: skip
def test_what_is_as_annotated_is_taken(name: str, value: Any) -> None:
    function(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("whole", 1.5, "a whole number"), ("whole", True, "a whole number"), ("number", "1", "a number"),
        ("name", 3, "text or of type Path"), ("flag", 1, "True or False"), ("maybe", "a", "a whole number or None"),
        ("rows", [1.0], "a NumPy array of numbers"), ("rows", np.array(["a"]), "a NumPy array of numbers"),
        ("mask", np.zeros(2), "a NumPy array of bool"), ("several", "ab", "a sequence of a whole number"),
        ("several", [1, "a"], "a sequence of a whole number"), ("any_of", 3, "a sequence of text"),
        ("by_name", [1], "a mapping or None"), ("kind", "c", "'a' or 'b'"), ("solver", 3, "of type Solves or None"),
        ("call", 3, "a function or None"),
    ],
)  # fmt: skip
def test_what_is_not_is_refused_with_the_name_the_value_and_what_is_accepted(
    name: str, value: Any, accepted: str
) -> None:
    with pytest.raises(TypeError) as caught:
        function(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"{name} = ")
    assert message.endswith(f": must be {accepted}")
    assert "\n" not in message
    assert len(message) < 200


def test_arguments_by_place_are_checked_too() -> None:
    assert function(3) == 3
    with pytest.raises(TypeError, match=r"number = 'x': must be a number"):
        function(3, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [True, -1, 0.5, "1", b"1", np.array("a"), np.array(3.0), ["1"], np.zeros((2, 2))])
def test_what_is_no_seed_is_named(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"^seed = .*: must be a whole number, at least 0, None, or a seq"):
        checked_seeds(seed, 2)


@pytest.mark.parametrize(
    ("seed", "rows"),
    [(3, [3, 4]), (np.int64(3), [3, 4]), (None, [None, None]), ((5, None), [5, None]), (np.arange(2), [0, 1])],
)
def test_seeds_of_rows_follow_from_one_or_from_a_sequence(seed: Any, rows: list[int | None]) -> None:
    assert checked_seeds(seed, 2) == rows
