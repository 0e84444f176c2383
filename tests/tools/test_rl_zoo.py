"""RL Zoo trains by the hyperparameter files: `make test-ecosystem`, in an environment of its own.

It needs python-dateutil below 3, which the pinned versions are not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs.processes import run
from tests.support.programs.rl_zoo import FILES, NAMES, SCENARIOS, SECTIONS


@pytest.mark.parametrize(("algorithm", "env_id"), [section[:2] for section in SECTIONS], ids=NAMES)
def test_rl_zoo_trains_and_evaluates(algorithm: str, env_id: str, tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text(f'extends = "{SCENARIOS.get(env_id, "accuracy-tiers")}"\ndescription = "short"\n'
                     "[epoch]\nepisode_epochs = 6\nvisible_slots = 6\n")  # fmt: skip
    few = ("n_steps:16", "batch_size:16") if algorithm == "ppo" else ("learning_starts:20",)
    options = ["--algo", algorithm, "--env", env_id, "--gym-packages", "edge_llm_env", "--conf-file",
               str(FILES[algorithm]), "--env-kwargs", f"scenario:'{short}'", "--n-timesteps", "200", "--eval-freq",
               "100", "--eval-episodes", "1", "--num-threads", "1", "--log-folder", "logs", "--hyperparams",
               "n_envs:2", *few]  # fmt: skip
    finished = run("-m", "rl_zoo3.train", *options, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    logs = tmp_path / "logs" / algorithm / f"{env_id.replace('/', '-')}_1"
    assert (logs / "best_model.zip").is_file()
    assert (logs / f"{env_id.replace('/', '-')}.zip").is_file()
