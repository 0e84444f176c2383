"""Variants of training, and variances by hand."""

from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.masked_ppo.settings import TrainingSettings
from experiments.learning.ablation import VARIANTS, ablate, comparison_variances, slope, variance


def test_variances_by_hand() -> None:
    """Of 1, 2, 6: mean 3, (4 + 1 + 9)/2 = 7. With 1, 2, 3: covariance (2 + 0 + 3)/2 = 2.5, variance 1, slope 2.5."""
    numbers, control = np.array([1.0, 2.0, 6.0]), np.array([1.0, 2.0, 3.0])
    assert variance(numbers) == 7.0
    assert slope(numbers, control) == pytest.approx(2.5)
    assert variance(numbers - 2.5 * control) == pytest.approx(7.0 - 2.5**2)


def test_shared_workloads_and_dftsp_take_most_of_the_variance_off() -> None:
    found = comparison_variances("carry-over", 30)
    assert found["difference on the same workloads"] < 0.2 * found["difference on other workloads"]
    assert found["with DFTSP as control variate"] < 0.5 * found["alone"]


def test_every_variant_trains_and_is_evaluated(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text('extends = "carry-over"\ndescription = "short"\n[epoch]\nepisode_epochs = 4\n')
    tiny = TrainingSettings(
        scenario=str(file), steps=64, rows=4, rollout_steps=16, width=8, checkpoint_every=64, validation_episodes=2,
        hindsight_episodes=0,
    )  # fmt: skip
    runs = list(ablate(tiny, list(VARIANTS), (0,), episodes=3))
    assert [run["variant"] for run in runs] == list(VARIANTS)
    assert [[one["step"] for one in run["validations"]] for run in runs] == [[0, 64]] * len(runs)
    assert all(run["validations"][-1]["seconds"] <= run["seconds"] for run in runs)
    assert all(run["percent_of_dftsp"]["low"] <= run["percent_of_dftsp"]["mean"] for run in runs)
