"""Teachers' episodes as Minari datasets, which offline reinforcement learning and imitation libraries read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium.error import DependencyNotInstalled
from gymnasium.utils import seeding
from tqdm import tqdm

from edge_llm_agents.imitation.demonstrations import TEACHERS, Teacher, teacher_of
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import __version__
from edge_llm_env.registration import ENVIRONMENTS
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import one_of
from edge_llm_env.workload.generator import draw_workload
from edge_llm_env.workload.streams import Stream
from edge_llm_env.workload.workload import Workload

if TYPE_CHECKING:
    from minari.data_collector import EpisodeBuffer

ROOT_VARIABLE = "MINARI_DATASETS_PATH"
"""Environment variable in which Minari looks for the folder of its datasets."""


def taught() -> list[str]:
    """Ids of the environments in which the teachers can act: those held against the rules that they are named after."""
    return [env_id for env_id in ENVIRONMENTS if {*TEACHERS} - {"hindsight"} <= baselines_of(env_id).rules.keys()]


def default_root() -> Path:
    """Minari's own folder of datasets."""
    return Path(os.environ.get(ROOT_VARIABLE) or Path.home() / ".minari" / "datasets")


def dataset_id(env_id: str, scenario_name: str, teacher: str) -> str:
    """Minari's name of a dataset, such as `EdgeLLM/Batching/carry-over/look-ahead-v0`."""
    return f"{env_id.removesuffix('-v0')}/{scenario_name}/{teacher}-v0"


def episode_seeds(seed: int, episodes: int) -> list[int]:
    """Seeds of that many episodes, each for `reset(seed=)`; more episodes only add seeds."""
    children = np.random.SeedSequence(seed, spawn_key=(Stream.DEMONSTRATION,)).spawn(episodes)
    return [int(child.generate_state(1)[0]) for child in children]


def make_dataset(
    scenario: str, teacher: str, env_id: str, episodes: int, seed: int, root: Path, *, force: bool = False
) -> str:
    """Play a teacher's episodes and store them as a Minari dataset in the folder `root`; the dataset's id.

    `scenario` is a preset's name or the path of a TOML file, by which the dataset recovers its environment. An episode
    begins with `reset(seed=)` of its stored seed, so its actions replayed from there bring the same rewards; in
    `Batching-v0` the requests of a batch are admitted from the first slot on. Infos are stored too. The dataset is
    there whole or not at all.

    Raises ValueError for an unknown name, for less than one episode and, without `force`, for a dataset that is there
    already; `ScenarioError` for a scenario that is not valid; `DependencyNotInstalled` without Minari.
    """
    try:
        from minari.dataset.minari_dataset import parse_dataset_id
        from minari.namespace import create_namespace, list_local_namespaces
    except ImportError:
        raise DependencyNotInstalled('minari is not installed: pip install "edge-llm-env[datasets]"') from None
    one_of("env", env_id, taught())
    if episodes < 1:
        raise ValueError(f"episodes = {episodes}: must be at least 1")
    name = dataset_id(env_id, load_scenario(scenario).name, teacher)
    namespace = parse_dataset_id(name)[0]  # raises for a name that Minari does not take
    place = root / name
    if place.exists() and not force:
        raise ValueError(f"dataset {name}: is in {root} already; --force replaces it")
    root.mkdir(parents=True, exist_ok=True)
    # HDF5 ends the process where it finds no room, so its files are made elsewhere, and then copied.
    with TemporaryDirectory() as made, TemporaryDirectory(prefix=".unfinished-", dir=root) as unfinished:
        with datasets_in(Path(made)):
            _store(scenario, teacher, env_id, episode_seeds(seed, episodes), seed, name)
        for file in sorted(path for path in Path(made, name).rglob("*") if path.is_file()):
            copied = Path(unfinished, file.relative_to(made))  # in a hidden folder, which Minari passes over
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)
        with datasets_in(root):
            if namespace not in list_local_namespaces():
                create_namespace(namespace)
        if place.exists():
            place.rename(Path(unfinished) / "replaced")
        (Path(unfinished) / name).rename(place)
    return name


def _store(scenario: str, teacher: str, env_id: str, seeds: list[int], seed: int, name: str) -> None:
    import minari

    env = gym.make(env_id, scenario=scenario)
    inner: Any = env.unwrapped
    make_teacher = teacher_of(teacher, inner.scenario, seed)
    minari.create_dataset_from_buffers(
        name,
        (played_episode(env, make_teacher, one) for one in tqdm(seeds, desc=name, unit="episode")),
        env=env,
        eval_env=env,
        algorithm_name=teacher,
        author="edge-llm-env",
        author_email="",
        code_permalink=f"edge-llm-env {__version__}",
        description=f"{teacher} in {env_id}, scenario {inner.scenario.name} (SHA-256 "
        f"{inner.scenario.fingerprint()}), seed {seed}",
        requirements=[f"edge-llm-env=={__version__}"],
    )
    env.close()


def played_episode(env: gym.Env, make_teacher: Callable[[Sequence[Workload]], Teacher], seed: int) -> EpisodeBuffer:
    """A teacher's episode from `reset(seed=seed)`, with n steps and the n + 1 observations and infos around them.

    (Minari's `DataCollector` makes the same of an environment, but needs jax for it.)
    """
    from minari.data_collector import EpisodeBuffer

    inner: Any = env.unwrapped
    teacher = make_teacher([draw_workload(inner.scenario, seeding.np_random(seed)[0])])
    steps = list(play(env, Teaching(teacher, env), seed=seed))
    return EpisodeBuffer(
        seed=seed,
        observations=[steps[0].observation, *(step.next_observation for step in steps)],
        actions=[step.action for step in steps],
        rewards=[step.reward for step in steps],
        terminations=[False] * len(steps),
        truncations=[step.truncated for step in steps],
        infos=by_name([steps[0].info, *(step.next_info for step in steps)]),
    )


class Teaching:
    """What a teacher does in a single environment: the first request it would still admit, or the whole batch."""

    def __init__(self, teacher: Teacher, env: gym.Env) -> None:
        self._teacher, self._env = teacher, env

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The teacher's action."""
        inner: Any = self._env.unwrapped
        remaining = self._teacher.remaining(inner.simulation)[0]
        if isinstance(self._env.action_space, gym.spaces.Discrete):
            return np.int64(remaining.argmax() if remaining.any() else inner.simulation.slots), state
        return remaining.astype(np.int8), state


def by_name(infos: list[dict[str, Any]]) -> dict[str, Any]:
    """Nested infos of equal keys as one, whose entries are lists."""
    return {
        key: by_name([info[key] for info in infos]) if isinstance(value, dict) else [info[key] for info in infos]
        for key, value in infos[0].items()
    }


@contextmanager
def datasets_in(root: Path) -> Iterator[None]:
    """Let Minari keep its datasets in a folder, for as long as the context lasts."""
    before = os.environ.get(ROOT_VARIABLE)
    os.environ[ROOT_VARIABLE] = str(root)
    try:
        yield
    finally:
        if before is None:
            del os.environ[ROOT_VARIABLE]
        else:
            os.environ[ROOT_VARIABLE] = before
