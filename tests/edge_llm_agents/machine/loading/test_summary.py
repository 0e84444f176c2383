from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_llm_agents.machine.loading.client import Answer
from edge_llm_agents.machine.loading.summary import on_time, table
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads

SCENARIO = load_scenario(
    "chat-orin",
    **{
        "iterations.classes": [
            {"name": "interactive", "latency_requirement_up_to_s": 10.0, "ttft_s": 1.0, "tpot_s": 0.1},
            {"name": "relaxed", "ttft_s": 5.0, "tpot_s": 0.5},
        ]
    },
)

DRAWN = draw_workloads(SCENARIO, 1, 0)[0]
WORKLOAD = replace(
    DRAWN,
    **{name: values[:5] for name, values in DRAWN.given().items()}
    | {"output_tokens": np.full(5, 5), "latency_requirement_s": np.array([5.0, 5.0, 20.0, 20.0, 20.0])},
)
ANSWERS = [
    Answer(200, 5, 0.9, 1.2),
    Answer(200, 5, 1.1, 1.2),  # the first token is late
    Answer(200, 5, 1.1, 3.2),  # too slow per token
    Answer(200, 5, 4.9, 6.8),
    Answer(504, 0, 0.0, 0.0),
]


def test_who_is_on_time_by_objectives_or_deadlines() -> None:
    assert on_time(SCENARIO, "iterations", WORKLOAD, ANSWERS).tolist() == [True, False, False, True, False]
    assert on_time(SCENARIO, "epochs", WORKLOAD, ANSWERS).tolist() == [True, True, True, True, False]


def test_the_table_counts_everybody() -> None:
    (row,) = table("mine", SCENARIO, "iterations", [(WORKLOAD, ANSWERS), (WORKLOAD, ANSWERS)]).rows
    assert row[2:] == ("40.0", "2.000", "275.0", "10", "0", "2", "0")
    assert float(row[1]) == round(4 / (2 * SCENARIO.horizon_s), 3)
