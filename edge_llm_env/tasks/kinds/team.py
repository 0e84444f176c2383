"""Teams: agents with roles on a shared context, in turns."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.tasks.kinds.kind import ASKED, INSTRUCTED, MOST_CALLS, OBSERVED, Shape, TaskKind, geometric_shares


class Team(TaskKind):
    """Rounds in which a lead speaks and then `agents` work side by side, each with a tool; the lead has the last word.

    All read one shared context; the lead's next call adds the agents' answers to it.
    """

    kind: Literal["team"]
    agents: int = Field(ge=1, le=8, description="beside the lead")
    another_round_probability: Annotated[float, Field(ge=0, lt=1)]
    most_rounds: int = Field(ge=1, le=MOST_CALLS // 9)

    def size_shares(self) -> NDArray[np.float64]:
        """How likely 1 to `most_rounds` rounds are."""
        return geometric_shares(self.another_round_probability, self.most_rounds)

    def shape(self, size: int) -> Shape:
        """Lead, agents, lead, agents, …, lead."""
        predecessors: list[tuple[int, ...]] = [()]
        continues, new, reads, tools = [-1], [ASKED], [False], [False]
        for turn in range(size + 1):
            lead = turn * (self.agents + 1)
            predecessors += [(lead,)] * self.agents + [tuple(range(lead, lead + self.agents + 1))]
            continues += [lead] * (self.agents + 1)
            new += [OBSERVED] * self.agents + [INSTRUCTED]
            reads += [False] * self.agents + [True]
            tools += [True] * self.agents + [False]
        return Shape(tuple(predecessors), tuple(continues), tuple(new), tuple(reads), tuple(tools))
