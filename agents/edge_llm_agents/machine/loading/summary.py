"""What a server made of workloads, as the comparison of policies has it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.machine.loading.client import Answer
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.tables import NO_VALUE, Table
from edge_llm_env.workload.workload import Workload


def on_time(scenario: Scenario, by: str, workload: Workload, answers: Sequence[Answer]) -> NDArray[np.bool_]:
    """Which requests, shape (N,), were complete within their deadlines, or by iterations within both objectives.

    Counted at the client, where the radio takes no time.
    """
    tokens, first_s, last_s = (np.array([one[at] for one in answers]) for at in (1, 2, 3))
    whole = tokens == workload.output_tokens
    if by == "epochs":
        return np.asarray(whole & (last_s <= workload.latency_requirement_s))
    classes = scenario.iterations.classes
    kind = scenario.iterations.class_of(workload.latency_requirement_s)
    ttft_s, tpot_s = (np.array([getattr(one, name) for one in classes])[kind] for name in ("ttft_s", "tpot_s"))
    return np.asarray(whole & (first_s <= ttft_s) & (last_s - first_s <= (tokens - 1) * tpot_s))


def table(policy: str, scenario: Scenario, by: str, sent: Sequence[tuple[Workload, Sequence[Answer]]]) -> Table:
    """One row: the columns of a comparison that a server has, times to tokens, and who was not served and why."""
    served = [on_time(scenario, by, workload, answers) for workload, answers in sent]
    answers = [one for _, of_one in sent for one in of_one]
    requests, good = len(answers), int(sum(one.sum() for one in served))
    ttft_s = [one.first_s for one in answers if one.tokens]
    tpot_s = [(one.last_s - one.first_s) / (one.tokens - 1) for one in answers if one.tokens > 1]
    statuses = [one.status for one in answers]
    row = (
        policy,
        f"{good / (len(sent) * scenario.horizon_s):.3f}",
        f"{100.0 * good / max(1, requests):.1f}",
        f"{np.mean(ttft_s):.3f}" if ttft_s else NO_VALUE,
        f"{1e3 * np.mean(tpot_s):.1f}" if tpot_s else NO_VALUE,
        str(requests),
        str(statuses.count(429)),
        str(statuses.count(504)),
        str(sum(one not in (200, 429, 504) for one in statuses)),
    )
    headings = ("policy", "requests/s", "on time %", "TTFT, s", "TPOT, ms", "sent", "refused", "expired", "failed")
    return Table(headings, [row])
