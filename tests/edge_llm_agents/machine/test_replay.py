import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.machine.replay.batches import run_schedule
from edge_llm_agents.machine.replay.comparing import cell, predicted_s
from edge_llm_agents.machine.replay.kinds import EPOCHS
from edge_llm_agents.machine.replay.record import summary
from edge_llm_agents.machine.replay.replaying import replay
from edge_llm_agents.machine.replay.schedule import scheduled
from edge_llm_env.rendering.events.trace import read_trace
from edge_llm_env.scenarios import Scenario, load_scenario
from edge_llm_env.workload.streams import draw_workloads
from tests.edge_llm_agents.machine.support import CostedDecoder, SteppedClock

SCENARIO = load_scenario(
    "carry-over",
    **{
        "node.device": "jetson-agx-orin-64gb",
        "node.modules": 1,
        "node.cost_model": "roofline",
        "epoch.episode_epochs": 6,
        "workload.prompt_tokens": [16, 32],
        "workload.output_tokens": [1, 4, 8],
        "workload.arrivals.rate_per_s": 6.0,
    },
)


def on_machine(scenario: Scenario, slower: float = 1.0) -> tuple[CostedDecoder, SteppedClock]:
    clock = SteppedClock()
    return CostedDecoder(scenario.iteration_costs.compute_s.scaled(slower), clock), clock


def schedule_of(policy: str = "fcfs") -> Any:
    return scheduled(SCENARIO, policy, draw_workloads(SCENARIO, 1, 3)[0], 0)


def test_a_machine_that_is_as_the_model_says_serves_what_was_scheduled() -> None:
    schedule = schedule_of()
    decoder, clock = on_machine(SCENARIO)
    computed = run_schedule(schedule, decoder, clock)
    found = cell(schedule, computed, SCENARIO.batch_cost.compute_s, SCENARIO.iteration_costs.compute_s)
    assert found["on_time"] == found["scheduled"] == schedule.served > 10
    for part in ("batch", "prefill", "decode"):
        assert found[f"{part}_measured_s"] == pytest.approx(found[f"{part}_predicted_s"]), part
    for one, predicted in zip(computed, found["batch_predicted_s"], strict=True):
        assert predicted == pytest.approx(predicted_s(one.batch, SCENARIO.batch_cost.compute_s))
        assert one.began_s == pytest.approx(one.batch.begins_s)


def test_every_request_gets_its_tokens_once() -> None:
    schedule = schedule_of()
    decoder, clock = on_machine(SCENARIO)
    computed = run_schedule(schedule, decoder, clock)
    requests = [request for one in computed for request in one.batch.requests]
    assert len(requests) == len(set(requests)) == schedule.served
    tokens = sum(len(pieces) for pieces in decoder.passes)
    assert tokens == sum(sum(one.batch.output_tokens) for one in computed)
    assert sum(sum(one.alive) for one in computed) == tokens


def test_a_slower_machine_is_late_and_waits_for_nobody() -> None:
    schedule = schedule_of()
    decoder, clock = on_machine(SCENARIO, slower=40.0)
    computed = run_schedule(schedule, decoder, clock)
    found = cell(schedule, computed, SCENARIO.batch_cost.compute_s, SCENARIO.iteration_costs.compute_s)
    assert found["on_time"] < found["scheduled"] == schedule.served
    for before, after in itertools.pairwise(computed):
        assert after.began_s >= max(before.ends_s, after.batch.begins_s) - 1e-9
    assert found["batch_measured_s"] == pytest.approx([40.0 * one for one in found["batch_predicted_s"]])


def test_what_is_scheduled_is_what_the_simulator_serves() -> None:
    import gymnasium as gym

    from edge_llm_agents.report.watching import named_policy
    from edge_llm_baselines.playing.play import play

    workload = draw_workloads(SCENARIO, 1, 3)[0]
    env: Any = gym.make("EdgeLLM/Batching-v0", scenario=SCENARIO)
    *_, last = play(env, named_policy("sjf", env, 0), workloads=[workload])
    found = scheduled(SCENARIO, "sjf", workload, 0)
    assert (found.served, found.arrived) == (last.next_info["served"], last.next_info["arrived"])
    assert all(limit_s > 0.0 for batch in found.batches for limit_s in batch.limit_s)
    assert all(at_s < batch.begins_s for batch in found.batches for at_s in batch.arrival_s)


def run(file: Path, settings: dict[str, Any], decoder: CostedDecoder, clock: SteppedClock, **more: Any) -> Any:
    return replay(
        EPOCHS, SCENARIO, SCENARIO, ("sjf", "fcfs"), decoder, clock,
        episodes=2, repetitions=1, seed=0, file=file, settings=settings, calibration={"interval": 0.1}, **more,
    )  # fmt: skip


def test_an_interrupted_replay_goes_on(tmp_path: Path) -> None:
    file, settings = tmp_path / "replay.json", {"machine": 1}
    whole = run(file, settings, *on_machine(SCENARIO))
    decoder, clock = on_machine(SCENARIO)
    interrupted = CostedDecoder(SCENARIO.iteration_costs.compute_s, clock, passes_until_interrupt=60)
    other = tmp_path / "other.json"
    with pytest.raises(KeyboardInterrupt):
        run(other, settings, interrupted, clock)
    kept = json.loads(other.read_text())["cells"]
    assert 0 < len(kept) < 4
    again = run(other, settings, decoder, clock, trace_out=tmp_path / "trace.json")
    assert again["cells"].keys() == whole["cells"].keys()
    assert {name: again["cells"][name] for name in kept} == kept
    assert [one["on_time"] for one in again["cells"].values()] == [one["on_time"] for one in whole["cells"].values()]
    idle, clock = on_machine(SCENARIO)
    assert run(other, settings, idle, clock)["cells"] == again["cells"]
    assert idle.passes == []
    run(other, {"machine": 2}, idle, clock)
    assert idle.passes != []
    events = read_trace(tmp_path / "trace.json")
    assert {"batch 1", "prefill", "decode", "waits"} <= {one["name"] for one in events}


def test_the_order_is_lost_where_two_change_places() -> None:
    def one(scheduled: int, on_time: int) -> dict[str, Any]:
        times = {
            f"{part}_{how}_s": [1.0] for part in ("batch", "prefill", "decode") for how in ("predicted", "measured")
        }
        return {"scheduled": scheduled, "on_time": on_time, "arrived": 20, "ttft_s": 1.0, "tpot_s": 0.1} | times

    cells = {"a 0 0": one(10, 9), "b 0 0": one(8, 8), "a 1 0": one(10, 7), "b 1 0": one(8, 8), "a 2 0": one(10, 10)}
    found = summary(cells)
    assert found["order"] == {"episodes": 2, "kept": 1}
    assert found["policies"]["a"]["on_time_share"] == pytest.approx(26 / 30)
    elsewhere = summary({name.replace("a ", "my policies/a "): one for name, one in cells.items()})
    assert elsewhere["policies"]["my policies/a"] == found["policies"]["a"]
    assert elsewhere["order"] == found["order"]
    assert found["policies"]["a"]["on_time_share_least"] == pytest.approx(0.7)
    assert found["policies"]["b"]["batch_error"] == {"median": 0.0, "tenth": 0.0, "nine_tenths": 0.0}


def test_the_command_replays_on_a_machine_that_was_calibrated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = str(tmp_path / "machine")
    calibrated = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--seconds", "0.01", "--clock", "processor"]
    assert main(["calibrate", "--machine", machine, *calibrated]) == 0
    file = tmp_path / "replay.json"
    options = ["--machine", machine, "--results", str(file), "--policy", "sjf", "fcfs", "--episodes", "1"]
    trace = tmp_path / "trace.json"
    assert main(["replay", *options, "--seconds", "0.3", "--trace-out", str(trace)]) == 0
    said = capsys.readouterr().out
    assert "order of the policies kept in" in said
    record = json.loads(file.read_text())
    assert record["calibration"]["most_batch"] == 4
    assert record["calibration"]["held_out_points"] > 0
    assert set(record["cells"]) == {"sjf 0 0", "fcfs 0 0"}
    for one in record["cells"].values():
        assert 0 <= one["on_time"] <= one["scheduled"] <= one["arrived"]
        assert len(one["batch_measured_s"]) == one["batches"]
    assert read_trace(trace)
    by_iterations = ["--by", "iterations", "--policy", "vllm", "static", "--episodes", "1", "--seconds", "0.3"]
    file = tmp_path / "iterations.json"
    assert main(["replay", "--machine", machine, "--results", str(file), *by_iterations]) == 0
    assert "stretch time, %" in capsys.readouterr().out
    cells = json.loads(file.read_text())["cells"]
    assert set(cells) == {"vllm 0 0", "static 0 0"}
    assert all(0 <= one["on_time"] <= one["completed"] <= one["arrived"] for one in cells.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--margin", "-0.1"], "margin = -0.1: must be at least 0"),
        (["--load", "0", "--margin", "0"], "load = 0: must be greater than 0"),
        (["--seconds", "1e308", "--margin", "0"], "seconds = 1e+308: must be greater than 0, and at most 1e+06"),
        ([], "edge-llm calibrate writes one"),
    ],
)
def test_wrong_options_are_told_in_a_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "machine"
    if options:
        folder.mkdir()
        (folder / "calibration.json").write_text(
            json.dumps({
                "decoder": "bloom-3b", "backend": "torch", "precision": "w32a32",
                "torch_device": "cpu", "threads": 1, "clock": "wall",
                "batch": 4, "tokens": 32,
            })
        )  # fmt: skip
    assert main(["replay", "--machine", str(folder), "--results", str(tmp_path / "replay.json"), *options]) == 2
    assert message in capsys.readouterr().err
