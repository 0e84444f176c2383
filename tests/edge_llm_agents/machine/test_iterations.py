"""Iterations replayed on a machine whose passes take what a model says, on a clock that nothing else moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.machine.decoder import Piece
from edge_llm_agents.machine.planning.policies import OF_ITERATIONS, policy_on
from edge_llm_agents.machine.replay.iterations import Iterations, run_iterations, scheduled
from edge_llm_agents.machine.replay.kinds import ITERATIONS, iterations_cell
from edge_llm_agents.machine.replay.record import summary
from edge_llm_agents.machine.replay.replaying import replay
from edge_llm_agents.machine.replay.tables import table
from edge_llm_baselines.playing.play import play
from edge_llm_env.rendering.events.trace import read_trace
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_agents.machine.support import CostedDecoder, SteppedClock, with_blocks

SCENARIO = with_blocks(
    load_scenario(
        "chat-orin-overload",
        **{
            "iterations.running_slots": 8,
            "workload.prompt_tokens": [64, 512],
            "workload.output_tokens": [32, 64, 256],
            "workload.arrivals.rate_per_s": 1.5,
            "epoch.episode_epochs": 3,
        },
    ),
    120,
)

WORKLOAD = draw_workloads(SCENARIO, 1, 5)[0]
COST = SCENARIO.iteration_costs.compute_s


class ScheduledDecoder(CostedDecoder):
    """Its passes take what those of a schedule are predicted to: it cannot see whether a prompt ends with its part."""

    def __init__(self, schedule: Iterations, clock: SteppedClock, slower: float) -> None:
        super().__init__(COST.scaled(0.0), clock)
        self._stepped, self._slower = clock, slower
        self._passes = (one for stretch in schedule.stretches for one in stretch.passes)

    def run(self, pieces: Sequence[Piece]) -> list[int]:
        self._stepped.advance(self._slower * next(self._passes).predicted_s(COST))
        return super().run(pieces)


def played(policy: str, slower: float = 1.0) -> tuple[Iterations, dict[str, Any], CostedDecoder]:
    schedule, clock = scheduled(SCENARIO, policy, WORKLOAD, 0), SteppedClock()
    decoder = ScheduledDecoder(schedule, clock, slower)
    return schedule, iterations_cell(schedule, run_iterations(schedule, decoder, clock), SCENARIO), decoder


@pytest.mark.parametrize("policy", ["vllm", "continuous-chat-orin-overload"])
def test_a_machine_that_is_as_the_model_says_serves_what_was_simulated(policy: str) -> None:
    schedule, found, _ = played(policy)
    env, deciding = policy_on(policy, SCENARIO, 0, OF_ITERATIONS)
    for _step in play(env, deciding, workloads=[WORKLOAD]):
        pass
    counts = env.unwrapped.simulation.counters(0)
    assert (schedule.served, schedule.arrived) == (counts["served"], counts["arrived"])
    assert found["passes"] == counts["iterations"]
    assert found["on_time"] == found["scheduled"] > 5
    assert found["completed"] == counts["completed"]
    assert found["stretch_measured_s"] == pytest.approx(found["stretch_predicted_s"])
    assert len(found["mixed_measured_s"]) + len(found["decode_measured_s"]) == len(schedule.stretches)


def test_every_pass_finds_in_its_slot_what_it_goes_on_from() -> None:
    schedule, _, decoder = played("vllm")
    held: dict[int, int] = {}
    for pieces in decoder.passes:
        assert len({one.slot for one in pieces}) == len(pieces)
        for one in pieces:
            assert one.before in (0, held.get(one.slot, 0))
            held[one.slot] = one.before + len(one.tokens)
    tokens = sum(schedule.prompt_tokens[one] + schedule.output_tokens[one] - 1 for one in schedule.completed)
    assert sum(len(one.tokens) for pieces in decoder.passes for one in pieces) > tokens  # some are computed anew


def test_a_slower_machine_is_late_and_does_not_know_what_has_not_come() -> None:
    schedule, found, _ = played("vllm", slower=3.0)
    assert found["on_time"] < found["scheduled"]
    assert found["stretch_measured_s"] == pytest.approx([3.0 * one for one in found["stretch_predicted_s"]])
    clock = SteppedClock()
    taken = run_iterations(schedule, CostedDecoder(COST.scaled(0.1), clock), clock)
    for stretch, times_s in zip(schedule.stretches, taken.passes_s, strict=True):
        assert times_s[0][0] >= stretch.known_s


def test_a_scenario_that_swaps_to_host_memory_is_refused() -> None:
    swapping = load_scenario(SCENARIO, **{"iterations.host_memory_bytes": 1e9})
    with pytest.raises(ValueError, match=r"iterations.host_memory_bytes = 1e\+09: must be 0 on a machine"):
        scheduled(swapping, "vllm", WORKLOAD, 0)


def test_an_interrupted_replay_goes_on_and_is_told_as_a_table(tmp_path: Path) -> None:
    file, trace = tmp_path / "replay.json", tmp_path / "trace.json"

    def run(passes: int = 10**9) -> dict[str, Any]:
        clock = SteppedClock()
        decoder = CostedDecoder(COST, clock, passes_until_interrupt=passes)
        return replay(
            ITERATIONS, SCENARIO, SCENARIO, ("vllm", "static"), decoder, clock,
            episodes=1, repetitions=1, seed=0, file=file, settings={"a": 1}, calibration={}, trace_out=trace,
        )  # fmt: skip

    workload = draw_workloads(SCENARIO, 1, 0)[0]
    passes = sum(len(one.passes) for one in scheduled(SCENARIO, "vllm", workload, 0).stretches)
    with pytest.raises(KeyboardInterrupt):
        run(passes + 3)
    record = run()
    assert set(record["cells"]) == {"vllm 0 0", "static 0 0"}
    assert summary(record["cells"])["order"] == {"episodes": 1, "kept": 1}
    headings = table(record).headings
    assert [one for one in headings if one.endswith("%")] == [
        "difference, %", "of an episode, %", "stretch time, %", "of a stretch, 80 %", "mixed, %", "decode, %",
    ]  # fmt: skip
    assert {"waits", "prefill", "decode", "KV cache, tokens"} <= {one["name"] for one in read_trace(trace)}
