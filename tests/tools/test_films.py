"""Gymnasium's RecordVideo: `make test-ecosystem`, in an environment of its own, as moviepy takes only older pillows."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import pytest
from gymnasium.wrappers import RecordVideo

from tests.support.helpers import ENVIRONMENT_IDS, small_scenario


@pytest.mark.parametrize("env_id", ENVIRONMENT_IDS)
def test_record_video_writes_a_film(env_id: str, tmp_path: Path) -> None:
    env = gym.make(env_id, scenario=small_scenario(), render_mode="rgb_array")
    env = RecordVideo(env, str(tmp_path / "films"), disable_logger=True)
    env.action_space.seed(0)
    env.reset(seed=0)
    for _ in range(3):
        env.step(env.action_space.sample())
    env.close()
    (film,) = tmp_path.glob("films/*.mp4")
    assert film.stat().st_size > 5000
