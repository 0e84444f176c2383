"""What is tuned for a scenario, tuned once in a process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from edge_llm_env.scenarios.schema import Scenario

KEPT = 64
"""Answers of a function that are kept, those last asked for."""

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def once_a_scenario(
    function: Callable[Concatenate[Scenario, Arguments], Answer],
) -> Callable[Concatenate[Scenario, Arguments], Answer]:
    """The function, which is not called anew for a scenario of the same content and equal, hashable arguments.

    Its last `KEPT` answers are kept, and are to be read only.
    """
    answers: OrderedDict[tuple[object, ...], Answer] = OrderedDict()

    @wraps(function)
    def answer(scenario: Scenario, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        key = (scenario.fingerprint(), *args, *sorted(kwargs.items()))
        if key not in answers:
            answers[key] = function(scenario, *args, **kwargs)
        answers.move_to_end(key)
        while len(answers) > KEPT:
            answers.popitem(last=False)
        return answers[key]

    return answer
