"""Everything that the rest of a training run depends on, in one file that Stable-Baselines3 can load as a model."""

from __future__ import annotations

import json
import random
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm

from edge_llm_agents.adapters.sb3_vec_env import EdgeVecEnv
from edge_llm_agents.masked_ppo.rollout_buffer import EpochRolloutBuffer
from edge_llm_agents.records.files import archive_of

STATE_FILE = "training_state.npz"
"""Entry of the model's archive; SB3 passes over it."""

Model = TypeVar("Model", bound=BaseAlgorithm)


def training_state(model: BaseAlgorithm, progress: dict[str, Any]) -> bytes:
    """The model, its optimizer, the rows of its `EdgeVecEnv`, all generators and `progress` (JSON), as an archive.

    To be called between rollouts: of the rollout buffer only the rows' places in their workloads are kept.
    """
    archive = archive_of(model)
    env = model.get_env()
    if not isinstance(env, EdgeVecEnv):
        raise ValueError(f"model.env = {env}: must be an EdgeVecEnv")
    arrays = {f"env.{name}": array for name, array in env.state().items()} | _generators()
    buffer = getattr(model, "rollout_buffer", None)
    if isinstance(buffer, EpochRolloutBuffer):
        arrays |= {f"buffer.{name}": array for name, array in buffer.places().items()}
    arrays["progress"] = np.array(json.dumps(progress))
    content = BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(STATE_FILE, content.getvalue())
    return archive.getvalue()


def restore_training(
    algorithm: type[Model], path: Path, env: EdgeVecEnv, **attributes: Any
) -> tuple[Model, dict[str, Any]]:
    """The model as it was, in the rows as they were, and `progress`; the process's generators are set too.

    `attributes` replace those of the model. As with every SB3 model, its archive is unpickled: load your own only.

    Raises ValueError where the file is a model without the state of a run.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            content = opened.read(STATE_FILE)
    except KeyError:
        raise ValueError(f"{path}: cannot be resumed, it holds a model without {STATE_FILE}") from None
    with np.load(BytesIO(content)) as stored:
        arrays = dict(stored)
    # SB3 seeds generators and environment when it loads, so that theirs come after.
    model = algorithm.load(path, env=env, force_reset=False, **attributes)
    env.restore({name.removeprefix("env."): array for name, array in arrays.items() if name.startswith("env.")})
    buffer = getattr(model, "rollout_buffer", None)
    if isinstance(buffer, EpochRolloutBuffer):
        buffer.go_on({name: arrays[f"buffer.{name}"] for name in buffer.places()})
    _restore_generators(arrays)
    return model, json.loads(str(arrays["progress"]))


def _generators() -> dict[str, NDArray]:
    """States of torch's, NumPy's and Python's own generators, from which SB3 draws."""
    name, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002 (SB3 uses it)
    return {
        "torch": torch.get_rng_state().numpy(),
        "numpy": np.array(json.dumps([name, position, has_gauss, gauss])),
        "numpy_keys": np.asarray(keys),
        "python": np.array(json.dumps(random.getstate())),
    }


def _restore_generators(arrays: dict[str, NDArray]) -> None:
    torch.set_rng_state(torch.from_numpy(arrays["torch"]))
    name, position, has_gauss, gauss = json.loads(str(arrays["numpy"]))
    np.random.set_state((name, arrays["numpy_keys"], position, has_gauss, gauss))  # noqa: NPY002 (as above)
    version, internal, following = json.loads(str(arrays["python"]))
    random.setstate((version, tuple(internal), following))
