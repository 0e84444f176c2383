import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_llm_agents.commands.main import main
from edge_llm_agents.machine.backends.passes import Passes
from edge_llm_agents.machine.backends.points import Measurement, Point, points_up_to
from edge_llm_agents.machine.calibration.entries import write_device
from edge_llm_agents.machine.calibration.fitting import fit
from edge_llm_agents.machine.calibration.folder import calibration_errors, margin_on, read_calibrated, scenario_on
from edge_llm_agents.machine.calibration.measuring import ROUNDS, Measuring
from edge_llm_agents.machine.calibration.peaks import Peaks
from edge_llm_agents.machine.decoder import Piece, TorchDecoder
from edge_llm_env.inference.catalog import load_device, load_engine, load_precision
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.fitted import fitted_effects, iteration_s
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.scenarios import load_scenario
from tests.edge_llm_agents.machine.support import CostedDecoder, SteppedClock
from tests.edge_llm_agents.machine.test_decoder import SMALL

CASE = Case(
    SMALL.model_copy(update={"layers": 8, "d_model": 512, "d_ff": 1536, "vocabulary": 8192}),
    load_precision("w32a32"),
    Device(
        name="mine", kind="cpu", fp16_flops_per_s=9e10, memory_bytes=8e9, memory_bandwidth_bytes_per_s=1e10, power_w=20
    ),
    Engine(name="mine", kind="python", operations_per_layer=30),
)

TRUE = {"weights": 0.7, "compute": 2.0, "launches": 0.3, "kv_cache": 4.0, "prefill_compute": 1.6, "sequences": 0.5}
"""Effects of an engine that nobody knows."""


def measured_of(case: Case, seconds: float = 1e9, interrupt: int = 10**9) -> Measuring:
    clock = SteppedClock()
    known = dict(fitted_effects()) | {f"{term}/engine/{case.engine.name}": value for term, value in TRUE.items()}
    measuring = Measuring(Passes(CostedDecoder(iteration_s(case, known), clock, interrupt), clock), points_up_to(8, 64))
    with contextlib.suppress(KeyboardInterrupt):
        measuring.run(seconds, lambda done, total: None, clock.now_s)
    return measuring


def test_held_out_points_are_predicted_where_the_model_is_true() -> None:
    found = fit(CASE, measured_of(CASE).measured)
    assert found.largest_error(held_out=True) < 0.03
    assert found.largest_error(held_out=False) < 0.03
    assert 0.0 <= found.interval() < 0.03
    engine = CASE.engine.model_copy(update={"factors": tuple(found.factors.items())})
    assert set(found.factors) >= set(TRUE)
    again = fit(CASE._replace(engine=engine), measured_of(CASE).measured)
    assert again.factors == pytest.approx(found.factors)  # what it knew does not count twice


def test_a_machine_that_is_slow_at_times_says_so() -> None:
    steady = measured_of(CASE).measured
    assert fit(CASE, steady).slowdown() == pytest.approx(0.0)
    rounds = len(steady[0].times_s)
    assert rounds >= 40
    slow = rounds // 10  # the last ones take half as long again
    uneven = [
        one._replace(times_s=(*one.times_s[:-slow], *(1.5 * time_s for time_s in one.times_s[-slow:])))
        for one in steady
    ]
    assert fit(CASE, uneven).slowdown() == pytest.approx(0.5)
    once = [one._replace(times_s=one.times_s[:1]) for one in uneven]
    assert fit(CASE, once).slowdown() == 0.0


def test_what_was_measured_until_an_interrupt_stays() -> None:
    points = len(points_up_to(8, 64))
    some = measured_of(CASE, interrupt=points + 7).measured
    assert [len(one.times_s) for one in some] == [1] * 7
    assert not measured_of(CASE, interrupt=points).measured
    assert all(len(one.times_s) == ROUNDS for one in measured_of(CASE).measured)


def test_time_that_is_up_ends_it_after_a_round() -> None:
    assert {len(one.times_s) for one in measured_of(CASE, seconds=0.0).measured} == {1}


def test_nothing_to_fit_to_is_an_error() -> None:
    with pytest.raises(ValueError, match="measured: has no point to fit to"):
        fit(CASE, [Measurement(Point("decode", 1, 8, held_out=True), (1.0,))])


def test_points_held_out_lie_between_those_fitted_to() -> None:
    points = points_up_to(16, 256)
    fitted = {one[:3] for one in points if not one.held_out}
    assert not fitted & {one[:3] for one in points if one.held_out}
    for metric in ("prefill", "decode"):
        sizes = [(one.batch, one.tokens) for one in points if one.metric == metric and not one.held_out]
        between = [(one.batch, one.tokens) for one in points if one.metric == metric and one.held_out]
        for axis in (0, 1):
            axis_of = [one[axis] for one in sizes]
            assert min(axis_of) <= min(one[axis] for one in between)
            assert max(one[axis] for one in between) <= max(axis_of)
    with pytest.raises(ValueError, match="batch = 3: must be at least 4"):
        points_up_to(3, 64)


def test_the_command_writes_a_machine_that_scenarios_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "machine"
    options = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--seconds", "0.01", "--clock", "processor"]
    assert main(["calibrate", "--machine", str(folder), "--name", "box", *options]) == 0
    said = capsys.readouterr().out
    assert "largest error at points held out: " in said
    assert "two thirds of the points held out lie within " in said
    about = read_calibrated(folder)
    assert (about.precision, about.threads, about.clock) == ("w32a32", 1, "processor")
    points = json.loads((folder / "calibration.json").read_text())["points"]
    assert {one["held_out"] for one in points} == {True, False}
    assert load_device(str(folder / "device.toml")).name == "box"
    engine = load_engine(str(folder / "engine.toml"))
    assert engine.name == "torch-on-box"
    assert set(dict(engine.factors)) >= {"weights", "compute", "prefill_compute"}

    lengths = {"workload.prompt_tokens": [8, 16], "workload.output_tokens": [4, 8]}
    mine = scenario_on(folder, "carry-over", **lengths)
    assert 0.0 < mine.batch_cost.compute_s.of_equals(2, 8, 8) < 1.0
    (tmp_path / "mine.toml").write_text(
        'extends = "carry-over"\n[node]\ndevice = "machine/device.toml"\nengine = "machine/engine.toml"\n'
        'decoder = "machine/config.json"\nprecision = "w32a32"\nmodules = 1\ncost_model = "roofline"\n'
        "[workload]\nprompt_tokens = [8, 16]\noutput_tokens = [4, 8]\n"
    )
    monkeypatch.chdir(folder)
    by_path = load_scenario(tmp_path / "mine.toml")
    assert by_path.batch_cost.compute_s == mine.batch_cost.compute_s
    (folder / "device.toml").write_text((folder / "device.toml").read_text().replace("memory_bytes", "memory_bites", 1))
    with pytest.raises(ValueError, match=r"device: .*device\.toml: memory_b[iy]tes"):
        load_device(str(folder / "device.toml"))


@pytest.mark.parametrize(("measured", "written"), [(5, True), (0, False)])
def test_an_interrupted_command_keeps_what_it_has(
    measured: int, written: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    left, run = [len(points_up_to(4, 32)) + measured], TorchDecoder.run

    def interrupted(decoder: TorchDecoder, pieces: Sequence[Piece]) -> list[int]:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return run(decoder, pieces)

    monkeypatch.setattr(TorchDecoder, "run", interrupted)
    options = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--clock", "processor"]
    assert main(["calibrate", "--machine", str(tmp_path), *options]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert (tmp_path / "calibration.json").exists() is written
    if written:
        assert len(json.loads((tmp_path / "calibration.json").read_text())["points"]) == measured
        assert scenario_on(tmp_path, "carry-over", **{"workload.prompt_tokens": [8], "workload.output_tokens": [4]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--clock", "processor", "--threads", "2"], "clock = processor: counts one thread of a CPU"),
        (["--threads", "0"], "threads = 0: must be in 1.."),
        (["--decoder", "30mm"], "decoder = '30mm': must be one of 1m, 30m, 110m, or: "),
        (["--decoder", "x" * 5000], "decoder = 'xxx"),
        (["--tokens", "8"], "tokens = 8: must be at least 32"),
        (["--seconds", "0"], "seconds = 0: must be greater than 0"),
        (["--device", "gpu"], "device = 'gpu': must be cpu, cuda, cuda:1 or the like, or mps"),
        (["--device", "meta"], "device = 'meta': must be of cpu, cuda, mps"),
        (["--batch", "1000000000"], "decoder of slots = 1000000000 and positions = 256: takes "),
    ],
)
def test_wrong_options_are_told_in_a_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "--machine", str(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def test_an_interrupt_before_anything_is_measured_leaves_the_machine_that_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("calibration.json", "device.toml", "engine.toml", "config.json"):
        (tmp_path / name).write_text("before")

    def interrupted(decoder: TorchDecoder, pieces: Sequence[Piece]) -> list[int]:
        raise KeyboardInterrupt

    monkeypatch.setattr(TorchDecoder, "run", interrupted)
    options = ["--decoder", "1m", "--batch", "4", "--tokens", "32", "--machine", str(tmp_path)]
    assert main(["calibrate", *options]) == 130
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("calibration.json", "device.toml", "engine.toml", "config.json"), "before"
    )


def test_a_device_of_any_name_can_be_read_again(tmp_path: Path) -> None:
    for name in ("a box", 'with "quotes"', "\N{PERSONAL COMPUTER}", "\x7f\n\\"):
        write_device(tmp_path / "device.toml", name, "cpu", Peaks(1e9, 1e9, 1e9), name)
        assert load_device(str(tmp_path / "device.toml")).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Invalid JSON"),
        ("\xff", "Invalid JSON|valid"),
        ("[" * 100_000, "Invalid JSON"),
        ("{}", "decoder: is required"),
    ],
)
def test_a_calibration_that_is_damaged_is_told(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=f"^machine = .*calibration.json: .*({message})"):
        read_calibrated(tmp_path)


def test_a_folder_without_a_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="edge-llm calibrate writes one"):
        scenario_on(tmp_path, "carry-over")


def written(folder: Path, **fields: object) -> Path:
    content = {
        "decoder": "bloom-3b", "backend": "torch", "precision": "w32a32", "torch_device": "cpu", "threads": 1,
        "clock": "wall", "batch": 4, "tokens": 32, "interval": 0.05, "slowdown": 0.25,
    }  # fmt: skip
    (folder / "calibration.json").write_text(json.dumps(content | fields))
    return folder


def test_plans_leave_what_the_calibration_was_off_by(tmp_path: Path) -> None:
    points = [{"held_out": False, "error": 0.3}, {"held_out": True, "error": -0.12}, {"held_out": True, "error": 0.1}]
    assert margin_on(written(tmp_path, points=points), None) == pytest.approx(1.25 / 0.88 - 1.0)
    assert margin_on(written(tmp_path, points=points[:1]), None) == pytest.approx(1.3 * 1.25 - 1.0)
    assert margin_on(tmp_path, 0.0) == 0.0
    assert calibration_errors(tmp_path)["fitted_largest_error"] == 0.3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "calibration.json: points: is required"),
        ({"points": [{"held_out": True}]}, "calibration.json: points.0.error: is required"),
        ({"points": [], "batch": "many"}, "calibration.json: batch = 'many': must be "),
    ],
)
def test_a_calibration_that_does_not_say_how_far_off_it_is(
    fields: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        margin_on(written(tmp_path, **fields), None)
