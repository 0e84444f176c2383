"""RLlib's examples train: `make test-rllib`, in an environment of its own, as RLlib asks for one Gymnasium alone."""

from __future__ import annotations

from pathlib import Path

from tests.support.programs.processes import ROOT, run


def test_rllib_trains_one_policy_for_all_nodes(tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text('extends = "two-cells"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\nvisible_slots = 6\n')
    options = ["--scenario", str(short), "--iterations", "2", "--steps-per-iteration", "256"]
    finished = run(str(ROOT / "examples" / "rllib_nodes.py"), *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    lines = [line for line in finished.stdout.splitlines() if "earned per episode" in line]
    assert len(lines) == 2
    assert "nan" not in lines[-1]


def test_rllib_trains(tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text('extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\nvisible_slots = 6\n')
    options = ["--scenario", str(short), "--iterations", "2", "--steps-per-iteration", "512", "--envs", "4"]
    finished = run(str(ROOT / "examples" / "rllib_ppo.py"), *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    lines = [line for line in finished.stdout.splitlines() if "requests served per episode" in line]
    assert len(lines) == 2
    assert "nan" not in lines[-1]
