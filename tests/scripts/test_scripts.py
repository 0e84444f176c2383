"""The commands, run as a user does, in small."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SHORT = 'extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\n'


def run(script: str, *options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), *options],
        cwd=cwd, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


@pytest.fixture
def short(tmp_path: Path) -> Path:
    (tmp_path / "short.toml").write_text(SHORT)
    return tmp_path


def test_compare_trains_prints_the_table_and_writes_the_results(short: Path) -> None:
    small = ("--scenario", "short.toml", "--episodes", "3", "--training-steps", "100", "--hindsight-episodes", "1")
    finished = run("compare.py", *small, cwd=short)
    assert finished.returncode == 0, finished.stderr
    expected = {"DFTSP", "look-ahead", "shortest job first", "random order", "MaskablePPO, fresh", "hindsight bound"}
    for policy in expected:
        assert f"\n{policy} " in finished.stdout
    written = json.loads((short / "results" / "compare-short.json").read_text())
    assert {record["policy"] for record in written["policies"]} > expected
    assert (short / "results" / "compare-short.png").stat().st_size > 10_000


def test_compare_prints_json_alone_when_asked_and_twice_the_same_results(short: Path) -> None:
    options = ("--scenario", "short.toml", "--episodes", "3", "--no-train", "--hindsight-episodes", "0", "--json")
    first, second = (json.loads(run("compare.py", *options, *more, cwd=short).stdout) for more in ((), ("--html",)))
    assert "<title>short: policies compared</title>" in (short / "results" / "compare-short.html").read_text()
    served = [{record["policy"]: record["served_per_episode"] for record in one["policies"]} for one in (first, second)]
    assert served[0] == served[1]
    assert len(served[0]) == 8


def test_compare_shows_the_policies_that_come_with_the_package_for_the_scenario(tmp_path: Path) -> None:
    options = ("--scenario", "carry-over", "--episodes", "2", "--no-train", "--hindsight-episodes", "0")
    finished = run("compare.py", *options, cwd=tmp_path)
    assert "\nvalue-carry-over " in finished.stdout, finished.stderr
    assert "\nvalue-carry-over-10" not in finished.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--scenario", "carry-ovr"), "did you mean 'carry-over'?"),
        (("--scenario", "missing.toml"), "No such file"),
        (("--episodes", "0", "--no-train"), "episodes = 0: must be at least 1"),
        (("--policy", "missing.zip", "--episodes", "1"), "missing.zip"),
    ],
)
def test_compare_says_in_one_line_what_is_wrong(short: Path, options: tuple[str, ...], message: str) -> None:
    finished = run("compare.py", *options, cwd=short)
    assert finished.returncode == 2
    errors = [line for line in finished.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in finished.stderr


def test_a_trained_policy_can_be_compared_and_resumed(short: Path) -> None:
    training = ("--scenario", "short.toml", "--run-dir", "mine", "--rows", "8", "--rollout-steps", "16", "--width", "8")
    finished = run("train.py", *training, "--steps", "256", cwd=short)
    assert finished.returncode == 0, finished.stderr
    resumed = run("train.py", *training, "--steps", "512", "--resume", cwd=short)
    assert resumed.returncode == 0, resumed.stderr
    again = run("train.py", *training, cwd=short)
    assert again.returncode == 2
    assert "holds another run" in again.stderr
    compared = run("compare.py", "--scenario", "short.toml", "--episodes", "2", "--policy", "mine/best.zip", cwd=short)
    assert "\nMaskablePPO  " in compared.stdout, compared.stderr


def test_demonstrations_are_stored_and_imitated(short: Path) -> None:
    played = run("demonstrate.py", "--scenario", "short.toml", "--teacher", "dftsp", "--episodes", "2", cwd=short)
    assert "states of 2 workloads: demonstrations.npz" in played.stdout, played.stderr
    training = ("--scenario", "short.toml", "--run-dir", "mine", "--rows", "8", "--rollout-steps", "16", "--width", "8")
    finished = run("train.py", *training, "--steps", "128", "--imitate", "demonstrations.npz", cwd=short)
    assert finished.returncode == 0, finished.stderr
    refused = run("demonstrate.py", "--teacher", "oracle", cwd=short)
    assert refused.returncode == 2
    assert "error: teacher = 'oracle'" in refused.stderr


def test_hyperparameters_come_from_a_file_and_options_go_before_it(short: Path) -> None:
    (short / "mine.yml").write_text("EdgeLLM/Batching-v0: {default: {n_envs: 8, n_steps: 16, n_timesteps: 999}}\n")
    options = (
        "--scenario",
        "short.toml",
        "--config",
        "mine.yml",
        "--run-dir",
        "mine",
        "--steps",
        "128",
        "--width",
        "8",
    )
    finished = run("train.py", *options, cwd=short)
    assert finished.returncode == 0, finished.stderr
    settings = json.loads((short / "mine" / "settings.json").read_text())
    assert [settings[name] for name in ("rows", "rollout_steps", "steps", "width")] == [8, 16, 128, 8]
    shown = run("train.py", "--algo", "ppo_mask_imitation", "--help", cwd=short)
    assert "(default: look-ahead)" in shown.stdout
    refused = run("train.py", "--algo", "ppo", cwd=short)
    assert refused.returncode == 2
    assert "error: algo = 'ppo'" in refused.stderr


def test_ctrl_c_saves_and_the_run_can_be_resumed(short: Path) -> None:
    training = ("--scenario", "short.toml", "--run-dir", "mine", "--rows", "8", "--rollout-steps", "16", "--width", "8")
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *training, "--steps", "10000000"]
    with subprocess.Popen(command, cwd=short, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            deadline_s = time.monotonic() + 120
            while not list(short.glob("mine/tensorboard_1/*")) and time.monotonic() < deadline_s:
                time.sleep(0.2)
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "interrupted, saved: mine/last.zip" in output
    assert (short / "mine" / "last.zip").stat().st_size > 0


def test_a_value_function_is_found_saved_and_compared(short: Path) -> None:
    small = (
        "--generations",
        "1",
        "--episodes",
        "2",
        "--validation-episodes",
        "2",
        "--evaluation-episodes",
        "3",
        "--seeds",
        "0",
    )
    finished = run("train_values.py", "--scenario", "short.toml", "--name", "mine", "--hindsight-episodes", "1", *small,
                   cwd=short)  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert "of DFTSP" in finished.stdout
    record = json.loads((short / "results" / "train-mine.json").read_text())
    assert [run["seed"] for run in record["runs"]] == [0]
    options = ("--scenario", "short.toml", "--episodes", "3", "--no-train", "--hindsight-episodes", "0", "--json")
    compared = json.loads(run("compare.py", *options, "--saved", "results/mine", cwd=short).stdout)
    served = {policy["policy"]: sum(policy["served_per_episode"]) for policy in compared["policies"]}
    assert served["mine"] == record["runs"][0]["served"]
    other = run("compare.py", "--scenario", "carry-over", *options[2:], "--saved", "results/mine", cwd=short)
    assert other.returncode == 2
    assert "is for scenario 'short'" in other.stderr
    again = run("refresh_policies.py", "--policies", "results/mine", "nothing", cwd=short)
    percent = f"{record['runs'][0]['percent_of_dftsp']:.3f}"
    assert f"results/mine: {percent} -> {percent} % of DFTSP; its scenario is as it was" in again.stdout, again.stderr
    assert again.returncode == 2
    assert "error: policy = 'nothing': must be one of" in again.stderr
    elsewhere = run("generalise.py", "--policy", "results/mine", "--rates-per-s", "4", "--decoders", "bloom-7b1",
                    "--episodes", "2", cwd=short)  # fmt: skip
    assert "\n4 requests/s " in elsewhere.stdout, elsewhere.stderr


def test_algorithms_explore_and_are_judged(short: Path) -> None:
    options = ("--scenario", "short.toml", "--algorithms", "ars", "ppo-per-episode", "--steps", "64", "--rows", "8")
    finished = run("explore_parameters.py", *options, "--evaluation-episodes", "2", cwd=short)
    assert finished.returncode == 0, finished.stderr
    report = json.loads((short / "results" / "explore-short.json").read_text())
    assert [one["algorithm"] for one in report["runs"]] == ["ars", "ppo-per-episode"]


def test_benchmark_prints_json(tmp_path: Path) -> None:
    finished = run("benchmark.py", "--seconds", "0.05", "--repeats", "1", "--rows", "4", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report["steps_per_s"]["EdgeLLM/Batching-v0"]["vector"]["median"] > 0
    assert report == json.loads((tmp_path / "results" / "benchmark.json").read_text())


def test_validate_model_prints_the_errors_and_writes_every_row_and_a_picture(tmp_path: Path) -> None:
    finished = run("validate_model.py", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "Mean absolute percentage error" in finished.stdout
    written = json.loads((tmp_path / "results" / "validate_model.json").read_text())
    assert len(written["rows"]) == 103
    assert (tmp_path / "results" / "validate_model.png").stat().st_size > 10_000


def test_watch_writes_a_gif_with_a_picture_for_the_reset_and_each_epoch(short: Path) -> None:
    options = ("--scenario", "short.toml", "--env", "EdgeLLM/BatchSelection-v0", "--epochs", "3", "--gif", "out.gif")
    finished = run("watch.py", *options, cwd=short)
    assert finished.returncode == 0, finished.stderr
    assert "served in 3 epochs: oracle " in finished.stdout
    with Image.open(short / "out.gif") as gif:
        assert (gif.format, gif.size, gif.n_frames) == ("GIF", (800, 600), 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--policy", "dtfsp"), "did you mean 'dftsp'?"),
        (
            ("--policy", "fixed", "--env", "EdgeLLM/Compute-v0"),
            "policy = 'fixed': there is nothing to tune of it in scenario short",
        ),
        (("--policy", "missing.zip"), "policy = 'missing.zip': there is no such file"),
        (("--policy", "nob", "--env", "EdgeLLM/Compute-v0"), "policy = 'nob': must be one of best-partition, equal, "),
        (("--env", "EdgeLLM/Batch-v0"), "did you mean 'EdgeLLM/Batching-v0'?"),
        (("--epochs", "5"), "epochs = 5: must be in 1..4"),
        (("--frames-per-s", "0"), "frames_per_s = 0: must be greater than 0"),
    ],
)
def test_watch_says_in_one_line_what_is_wrong(short: Path, options: tuple[str, ...], message: str) -> None:
    finished = run("watch.py", "--scenario", "short.toml", "--gif", "out.gif", *options, cwd=short)
    assert finished.returncode == 2
    (error,) = [line for line in finished.stderr.splitlines() if line.startswith("error: ")]
    assert message in error
    assert not (short / "out.gif").exists()


def test_watch_without_pygame_says_which_extra_to_install(short: Path) -> None:
    (short / "pygame.py").write_text("raise ImportError")
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "watch.py"), "--scenario", "short.toml", "--gif", "out.gif"],
        cwd=short, capture_output=True, text=True, timeout=240,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(short), str(ROOT)])},
    )  # fmt: skip
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1] == 'error: pygame is not installed: pip install "edge-llm-env[viewer]"'


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").glob("*.py")))
def test_every_script_explains_itself(script: str) -> None:
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--help"],
        capture_output=True, text=True, timeout=120, env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip
    assert finished.returncode == 0
    assert "usage" in finished.stdout


def test_allocation_checks_keep_their_word_and_write_what_they_print(tmp_path: Path) -> None:
    small = ("--replayed", "4", "--contested", "2", "--actions", "8", "--rounds", "1", "--episodes", "2")
    finished = run("allocation_checks.py", *small, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report == json.loads((tmp_path / "results" / "allocation_checks.json").read_text())
    assert len(report["checks"]) == 5
    assert all(check["replay"]["wrong"] == 0 for check in report["checks"].values())


def test_describe_scenarios_measures_prints_and_keeps_what_it_measured(tmp_path: Path) -> None:
    small = ("--episodes", "2", "--hindsight-episodes", "1")
    for name in ("paper-bloom-3b", "carry-over"):
        finished = run("describe_scenarios.py", "--scenarios", name, *small, cwd=tmp_path)
        assert finished.returncode == 0, finished.stderr
        assert f"[`{name}`]({name}.md) " in finished.stdout
    measured = json.loads((tmp_path / "results" / "scenarios.json").read_text())
    assert list(measured) == ["carry-over", "paper-bloom-3b"]


def test_describe_scenarios_says_that_a_trace_is_missing(tmp_path: Path) -> None:
    finished = run("describe_scenarios.py", "--scenarios", "azure-conversation", cwd=tmp_path)
    assert finished.returncode == 2
    assert "workload.arrivals.path: is required" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_paper_figures_can_be_interrupted_and_goes_on(tmp_path: Path) -> None:
    small = ("--presets", "paper-opt-13b", "--episodes", "1", "--epochs", "2", "--figures")
    command = [sys.executable, str(ROOT / "scripts" / "paper_figures.py"), *small, "accuracy_requirement"]
    file = tmp_path / "results" / "paper" / "measurements.json"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline_s = time.monotonic() + 120
            while not file.exists() and time.monotonic() < deadline_s:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "interrupted; results/paper/measurements.json keeps what was measured" in errors
    kept = len(json.loads(file.read_text())["records"])
    assert 0 < kept < 88
    finished = run("paper_figures.py", *small, "accuracy_requirement", cwd=tmp_path)
    assert f"{88 - kept} of 88 points measured, {kept} kept" in finished.stdout, finished.stderr
    assert (file.parent / "accuracy_requirement.png").stat().st_size > 10_000
    assert len((file.parent / "accuracy_requirement.csv").read_text().splitlines()) == 1 + 88


def test_paper_figures_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    finished = run("paper_figures.py", "--figures", "arrivals", cwd=tmp_path)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: figures: 'arrivals' must be one of arrival_rate")
    assert finished.stderr.count("\n") == 1


def test_benchmark_suite_computes_cells_once_and_makes_a_leaderboard(short: Path) -> None:
    small = ("--scenarios", "short.toml", "--environments", "EdgeLLM/Compute-v0", "--episodes", "2", "--workers", "1")
    finished = run("benchmark_suite.py", *small, "--results", "mine", cwd=short)
    assert "cells: 5 computed, 0 finished before, 0 left out, 0 failed" in finished.stdout, finished.stderr
    assert "| BestPartition |" in (short / "mine" / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert (short / "mine" / "profiles-Compute-v0.png").stat().st_size > 5_000
