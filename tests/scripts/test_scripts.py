"""The commands, run as a user does, in small; most of them in this process."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from edge_llm_env.inference.validation import measurements
from experiments.speed import fresh
from tests.support.programs.here import run_script_here as run
from tests.support.programs.here import sub_commands
from tests.support.programs.processes import ROOT, run_interrupted, run_script
from tests.support.programs.processes import run as run_python

SHORT = 'extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\n'


@pytest.fixture
def short(tmp_path: Path) -> Path:
    (tmp_path / "short.toml").write_text(SHORT)
    return tmp_path


def test_compare_trains_prints_the_table_and_writes_the_results(short: Path) -> None:
    small = ("--scenario", "short.toml", "--episodes", "3", "--training-steps", "100", "--hindsight-episodes", "1")
    finished = run_script("compare.py", *small, cwd=short)
    assert finished.returncode == 0, finished.stderr
    expected = {"DFTSP", "look-ahead", "shortest job first", "random order", "MaskablePPO, fresh", "hindsight bound"}
    for policy in expected:
        assert f"\n{policy} " in finished.stdout
    written = json.loads((short / "results" / "compare-short.json").read_text())
    assert "results" not in written["settings"]
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
        (("--scenario", "carry-ovr"), "the closest: carry-over"),
        (("--scenario", "missing.toml"), "No such file"),
        (("--episodes", "0", "--no-train"), "episodes = 0: must be at least 1"),
        (("--policy", "missing.zip", "--episodes", "1"), "policy = 'missing.zip': there is no such file"),
    ],
)
def test_compare_says_in_one_line_what_is_wrong(short: Path, options: tuple[str, ...], message: str) -> None:
    finished = run("compare.py", *options, cwd=short)
    assert finished.returncode == 2
    errors = [line for line in finished.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in finished.stderr


def test_compare_says_at_once_what_it_will_do_and_shows_how_far_it_is(short: Path) -> None:
    small = ("--scenario", "short.toml", "--episodes", "2", "--training-steps", "100", "--hindsight-episodes", "1")
    finished = run("compare.py", *small, cwd=short)
    said = finished.stderr.splitlines()
    assert [line.split()[0] for line in said[:5]] == ["compiling", "tuning", "playing", "training", "hindsight"]
    assert all("about" in line for line in said[:5])
    for part in ("tuning", "playing", "imitating", "training", "hindsight"):
        assert f"{part}: 100%" in finished.stderr


def test_ctrl_c_in_compares_training_leaves_the_table_and_the_files_of_what_was_finished(short: Path) -> None:
    small = ("--scenario", "short.toml", "--episodes", "2", "--training-steps", "100", "--hindsight-episodes", "1")
    report = "edge_llm_agents.masked_ppo.callbacks:Reporting._on_step"
    stopped = run_interrupted("compare.py", *small, after=report, call=1, cwd=short)
    assert stopped.returncode == 130, stopped.stderr
    assert "interrupted; the table and the files have what was finished" in stopped.stderr
    assert "\nDFTSP " in stopped.stdout
    assert "MaskablePPO" not in stopped.stdout
    written = json.loads((short / "results" / "compare-short.json").read_text())
    assert len(written["policies"]) == 8
    assert (short / "results" / "compare-short.png").stat().st_size > 10_000


def test_compare_sweeps_a_field_into_tables_and_a_figure(short: Path) -> None:
    options = ("--scenario", "short.toml", "--episodes", "2", "--hindsight-episodes", "0")
    finished = run("compare.py", *options, "--sweep", "workload.arrivals.rate_per_s=3,8", cwd=short)
    assert finished.returncode == 0, finished.stderr
    assert "workload.arrivals.rate_per_s  policy" in finished.stdout
    files = sorted(path.suffix for path in (short / "results").glob("sweep-short-*"))
    assert files == [".csv", ".json", ".png", ".tex"]
    refused = run("compare.py", *options, "--sweep", "rate", cwd=short)
    assert refused.returncode == 2
    assert "error: sweep = 'rate': must be FIELD=VALUE,VALUE,..." in refused.stderr


def test_a_policy_for_a_continuous_environment_is_trained_and_compared(short: Path) -> None:
    options = ("--scenario", "short.toml", "--env", "EdgeLLM/Bandwidth-v0")
    finished = run("train.py", *options, "--algorithm", "ppo", "--steps", "1024", "--out", "mine.zip", cwd=short)
    assert finished.returncode == 0, finished.stderr
    assert "written: mine.zip" in finished.stdout
    more = ("--episodes", "2", "--hindsight-episodes", "0", "--policy", "mine.zip", "--unpickle")
    compared = run("compare.py", *options, *more, cwd=short)
    assert "\nmine.zip " in compared.stdout, compared.stderr
    assert "\nMinimumShares " in compared.stdout


def test_a_trained_policy_can_be_compared_and_resumed(short: Path) -> None:
    training = ("--scenario", "short.toml", "--run-dir", "mine", "--rows", "8", "--rollout-steps", "16", "--width", "8")
    finished = run("train.py", "run", *training, "--steps", "256", cwd=short)
    assert finished.returncode == 0, finished.stderr
    resumed = run("train.py", "run", *training, "--steps", "512", "--resume", cwd=short)
    assert resumed.returncode == 0, resumed.stderr
    again = run("train.py", "run", *training, cwd=short)
    assert again.returncode == 2
    assert "holds another run" in again.stderr
    more = ("--episodes", "2", "--policy", "mine/best.zip", "--unpickle")
    compared = run("compare.py", "--scenario", "short.toml", *more, cwd=short)
    assert "\nbest.zip " in compared.stdout, compared.stderr


def test_demonstrations_are_stored_and_imitated(short: Path) -> None:
    played = run(
        "datasets.py", "demonstrations", "--scenario", "short.toml", "--teacher", "dftsp", "--episodes", "2", cwd=short
    )
    assert "states of 2 workloads: demonstrations.npz" in played.stdout, played.stderr
    training = ("--scenario", "short.toml", "--run-dir", "mine", "--rows", "8", "--rollout-steps", "16", "--width", "8")
    finished = run("train.py", "run", *training, "--steps", "128", "--imitate", "demonstrations.npz", cwd=short)
    assert finished.returncode == 0, finished.stderr
    refused = run("datasets.py", "demonstrations", "--teacher", "oracle", cwd=short)
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
    finished = run("train.py", "run", *options, cwd=short)
    assert finished.returncode == 0, finished.stderr
    settings = json.loads((short / "mine" / "settings.json").read_text())
    assert [settings[name] for name in ("rows", "rollout_steps", "steps", "width")] == [8, 16, 128, 8]
    shown = run("train.py", "run", "--algo", "ppo_mask_imitation", "--help", cwd=short)
    assert "(default: look-ahead)" in shown.stdout
    refused = run("train.py", "run", "--algo", "ppo", cwd=short)
    assert refused.returncode == 2
    assert "error: algo = 'ppo'" in refused.stderr


def test_ctrl_c_saves_and_the_run_can_be_resumed(short: Path) -> None:
    training = ("--scenario", "short.toml", "--run-dir", "mine", "--rows", "8", "--rollout-steps", "16", "--width", "8")
    step = "edge_llm_agents.masked_ppo.callbacks:Checkpoints._on_step"  # of the 16 of the third rollout the fifth
    stopped = run_interrupted("train.py", "run", *training, "--steps", "512", after=step, call=37, cwd=short)
    assert stopped.returncode == 130, stopped.stderr
    assert "interrupted, saved: mine/last.zip" in stopped.stdout
    resumed = run("train.py", "run", *training, "--steps", "512", "--resume", cwd=short)
    assert "trained: mine/last.zip" in resumed.stdout, resumed.stderr


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
    more = ("--scenario", "short.toml", "--name", "mine", "--hindsight-episodes", "1")
    finished = run("train.py", "values", *more, *small, cwd=short)
    assert finished.returncode == 0, finished.stderr
    assert "of DFTSP" in finished.stdout
    record = json.loads((short / "results" / "train-mine.json").read_text())
    assert [run["seed"] for run in record["runs"]] == [0]
    options = ("--scenario", "short.toml", "--episodes", "3", "--no-train", "--hindsight-episodes", "0", "--json")
    compared = json.loads(run("compare.py", *options, "--policy", "results/mine", cwd=short).stdout)
    served = {policy["policy"]: sum(policy["served_per_episode"]) for policy in compared["policies"]}
    assert served["mine"] == record["runs"][0]["served"]
    other = run("compare.py", "--scenario", "carry-over", *options[2:], "--policy", "results/mine", cwd=short)
    assert other.returncode == 2
    assert "is for scenario 'short'" in other.stderr
    again = run("pages.py", "policies", "--policies", "results/mine", "nothing", cwd=short)
    percent = f"{record['runs'][0]['percent_of_dftsp']:.3f}"
    assert f"results/mine: {percent} -> {percent} % of the oracle; its scenario is as it was" in again.stdout, (
        again.stderr
    )
    assert again.returncode == 2
    assert "error: policy = 'nothing': must be one of" in again.stderr
    there = ("--rates-per-s", "4", "--decoders", "bloom-7b1", "--episodes", "2")
    elsewhere = run("train.py", "generalisation", "--policy", "results/mine", *there, cwd=short)
    assert "\n4 requests/s " in elsewhere.stdout, elsewhere.stderr


def test_algorithms_explore_and_are_judged(short: Path) -> None:
    options = ("--scenario", "short.toml", "--algorithms", "ars", "ppo-per-episode", "--steps", "64", "--rows", "8")
    finished = run("train.py", "exploration", *options, "--evaluation-episodes", "2", cwd=short)
    assert finished.returncode == 0, finished.stderr
    report = json.loads((short / "results" / "explore-short.json").read_text())
    assert [one["algorithm"] for one in report["runs"]] == ["ars", "ppo-per-episode"]


def test_benchmark_prints_json(tmp_path: Path) -> None:
    finished = run("benchmark.py", "environments", "--seconds", "0.05", "--repeats", "1", "--rows", "4", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    vector = report["steps_per_s"]["EdgeLLM/Batching-v0"]["vector"]
    assert vector["ratio_to_cartpole"]["median"] == pytest.approx(
        vector["median"] / vector["cartpole"]["median"], abs=1e-3
    )
    assert 0 < report["step_profile"]["compiled_fraction"] < 1
    assert report["allocations"]["rows"] == 4
    assert all(
        0 < report["allocations"][f"EdgeLLM/{name}-v0"]["step_profile"]["compiled_fraction"] < 1
        for name in ("Bandwidth", "Compute", "Joint")
    )
    assert set(report["memory_bytes"]["more"]) == {"carry-over", "paper-bloom-3b"}
    assert report["carried_over"]["ratio"] > 0.0
    assert len(report["oracle_decoding"]["proportional_ms"]) == 4
    assert report == json.loads((tmp_path / "results" / "benchmark.json").read_text())


def test_first_steps_are_timed_with_an_empty_cache_and_a_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_fresh_process = fresh.in_fresh_process  # without the empty cache, which would take a quarter of a minute
    monkeypatch.setattr(fresh, "in_fresh_process", lambda program, *ids, **_: in_fresh_process(program, *ids))
    finished = run("benchmark.py", "first-use", "--environments", "EdgeLLM/Batching-v0", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report == json.loads((tmp_path / "results" / "first_use.json").read_text())
    (taken,) = report["seconds"].values()
    assert [set(one) for one in taken.values()] == [{"clock", "processor"}] * 2
    assert "all_seconds" not in report


def test_a_soak_is_played_and_judged(tmp_path: Path) -> None:
    finished = run("benchmark.py", "soak", "--seconds", "0", "--scale", "0.001", cwd=tmp_path)
    assert "memory grown by" in finished.stdout, finished.stderr
    played = [one["part"] for one in json.loads((tmp_path / "results" / "soak.json").read_text())["parts"]]
    assert played == ["pending", "epochs", "a day", "episodes", "an engine's episodes"] * 2


def test_validate_model_prints_the_errors_and_writes_every_row_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tuple(one for one in measurements.published_measurements() if one.engine in ("tensorrt-edge-llm", "tinychat"))
    monkeypatch.setattr(measurements, "published_measurements", lambda: few)
    finished = run("benchmark.py", "model", "--folds", "2", "--source-folds", "2", "--model-folds", "2", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "mean absolute error in %" in finished.stdout
    written = json.loads((tmp_path / "results" / "validate_model.json").read_text())
    rows = json.loads((tmp_path / "results" / "validation" / "rows.json").read_text())["predictions"]
    assert len(rows) == written["rows"] - sum(written["refused"].values())
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
        (
            ("--policy", "nob", "--env", "EdgeLLM/Compute-v0"),
            "policy = 'nob': must be one of ages, best-partition, equal, ",
        ),
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
    path = os.pathsep.join([str(short), os.environ.get("PYTHONPATH", "")])
    options = ("--scenario", "short.toml", "--gif", "out.gif")
    finished = run_script("watch.py", *options, cwd=short, env={"PYTHONPATH": path})
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1] == 'error: pygame is not installed: pip install "edge-llm-env[viewer]"'


SCRIPTS = (
    "benchmark.py", "compare.py", "datasets.py", "leaderboard.py", "pages.py", "paper.py", "train.py", "tune.py",
    "watch.py",
)  # fmt: skip
SUB_COMMANDS = {script: sub_commands(script) for script in SCRIPTS}


def test_there_are_nine_commands_a_release_and_what_they_share() -> None:
    assert sorted(path.name for path in (ROOT / "scripts").glob("*.py")) == sorted(
        [*SCRIPTS, "one_thread.py", "release.py", "repository.py"]
    )
    assert [script for script, names in SUB_COMMANDS.items() if not names] == [
        "compare.py",
        "paper.py",
        "tune.py",
        "watch.py",
    ]


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_explains_itself(script: str) -> None:
    finished = run_script(script, "--help", env={"COLUMNS": "100"})
    assert finished.returncode == 0, finished.stderr
    assert f"usage: {script}" in finished.stdout
    for name in SUB_COMMANDS[script]:
        assert f"\n  {name} " in finished.stdout


@pytest.mark.parametrize(
    ("script", "name"), [(script, name) for script, names in SUB_COMMANDS.items() for name in names]
)
def test_every_sub_command_explains_itself(script: str, name: str) -> None:
    finished = run(script, name, "--help")
    assert finished.returncode == 0, finished.stderr
    assert f"usage: {script} {name}" in finished.stdout


_POOLS_AT_IMPORT = """
import os, runpy, sys
os.environ.pop("OPENBLAS_NUM_THREADS", None)
class Finder:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Finder)
scripts, script = sys.argv[1:]
sys.path.insert(0, scripts)
runpy.run_path(os.path.join(scripts, script))
"""


@pytest.mark.parametrize("script", ["benchmark.py", "paper.py"])
def test_what_measures_gives_blas_one_thread_before_numpy_is_imported(script: str) -> None:
    finished = run_python("-c", _POOLS_AT_IMPORT, str(ROOT / "scripts"), script)
    assert finished.stdout == "1\n", finished.stderr


def test_a_sub_command_that_there_is_not_is_an_error_that_lists_the_others() -> None:
    finished = run("benchmark.py", "speed")
    assert finished.returncode == 2
    assert finished.stderr == f"error: benchmark.py: 'speed' must be one of {', '.join(SUB_COMMANDS['benchmark.py'])}\n"


def test_allocation_checks_keep_their_word_and_write_what_they_print(tmp_path: Path) -> None:
    small = ("--replayed", "4", "--contested", "2", "--actions", "8", "--rounds", "1", "--episodes", "2")
    finished = run("benchmark.py", "allocation", *small, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report == json.loads((tmp_path / "results" / "allocation_checks.json").read_text())
    assert (
        len(report["checks"]) == 13
    )  # three environments, forms of action where there are two, fixed and flexible split, uploads that carry over
    assert {name.split(",")[0] for name in report["checks"]} >= {
        f"EdgeLLM/{it}-v0" for it in ("Bandwidth", "Compute", "Joint")
    }
    assert all(check["replay"]["wrong"] == 0 for check in report["checks"].values())


def test_describe_scenarios_measures_prints_and_keeps_what_it_measured(tmp_path: Path) -> None:
    small = ("--episodes", "2", "--hindsight-episodes", "1")
    for name in ("paper-bloom-3b", "carry-over"):
        finished = run("pages.py", "scenarios", "--scenarios", name, *small, cwd=tmp_path)
        assert finished.returncode == 0, finished.stderr
        assert f"[`{name}`]({name}.md) " in finished.stdout
    measured = json.loads((tmp_path / "results" / "scenarios.json").read_text())
    assert list(measured["scenarios"]) == ["carry-over", "paper-bloom-3b"]


def test_describe_scenarios_says_that_a_trace_is_missing(tmp_path: Path) -> None:
    finished = run("pages.py", "scenarios", "--scenarios", "azure-conversation", cwd=tmp_path)
    assert finished.returncode == 2
    assert "workload.arrivals.path: is required" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_paper_figures_can_be_interrupted_and_goes_on(tmp_path: Path) -> None:
    small = ("--presets", "paper-opt-13b", "--episodes", "1", "--epochs", "2", "--figures")
    file = tmp_path / "results" / "paper" / "measurements.json"
    measure = "experiments.paper.measurements:measure"
    stopped = run_interrupted("paper.py", *small, "accuracy_requirement", after=measure, call=6, cwd=tmp_path)
    assert stopped.returncode == 130, stopped.stderr
    assert "interrupted; results/paper/measurements.json keeps what was measured" in stopped.stderr
    kept = len(json.loads(file.read_text())["records"])
    assert kept == 5, "the sixth was measured and not yet written"
    finished = run("paper.py", *small, "accuracy_requirement", cwd=tmp_path)
    assert f"{88 - kept} of 88 points measured, {kept} kept" in finished.stdout, finished.stderr
    assert (file.parent / "accuracy_requirement.png").stat().st_size > 10_000
    assert len((file.parent / "accuracy_requirement.csv").read_text().splitlines()) == 1 + 88


def test_paper_figures_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    finished = run("paper.py", "--figures", "arrivals", cwd=tmp_path)
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: figures: 'arrivals' must be one of arrival_rate")
    assert finished.stderr.count("\n") == 1


def test_benchmark_suite_computes_cells_once_and_makes_a_leaderboard(short: Path) -> None:
    small = ("--scenarios", "short.toml", "--environments", "EdgeLLM/Compute-v0", "--episodes", "2", "--workers", "1")
    finished = run("leaderboard.py", *small, "--results", "mine", cwd=short)
    assert "cells: 5 computed, 0 finished before, 0 left out, 0 failed" in finished.stdout, finished.stderr
    assert "| BestPartition |" in (short / "mine" / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert (short / "mine" / "profiles-Compute-v0.png").stat().st_size > 5_000
