"""The table of kinds of agent tasks, from which the schema's union, the documentation and the tests are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from edge_llm_env.tasks.kinds.chain import Chain
from edge_llm_env.tasks.kinds.kind import TaskKind
from edge_llm_env.tasks.kinds.plan import Plan
from edge_llm_env.tasks.kinds.reflect import Reflect
from edge_llm_env.tasks.kinds.team import Team

TASK_KINDS: tuple[type[TaskKind], ...] = (Chain, Plan, Reflect, Team)
"""Every kind."""

if TYPE_CHECKING:
    Kind = TaskKind
else:
    Kind = Annotated[Union[TASK_KINDS], Field(discriminator="kind")]  # noqa: UP007 (made from the table)
