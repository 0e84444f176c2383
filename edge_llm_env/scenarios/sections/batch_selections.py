"""The table of ways in which a node selects its batch; `edge_llm_env.dynamics.selections` has the kernel of each."""

from __future__ import annotations

BATCH_SELECTIONS = ("exact", "earliest_deadline_first", "first_come_first_served")
"""Values of `node.batch_selection`."""

EXACT, EARLIEST_DEADLINE_FIRST, FIRST_COME_FIRST_SERVED = range(3)
