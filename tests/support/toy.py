"""The environment that the documentation adds, in a module of its own.

`python -m tests.support.toy FOLDER SEED STEPS` imports it from a folder and prints the digest of its trajectory, by its
id.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import gymnasium as gym

from edge_llm_baselines.registry import registered
from edge_llm_env.registration import ENVIRONMENTS
from tests.support.trajectories import digest_of_trajectory

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "environment.md"
MODULE = "toy_environment"


def write_toy(folder: Path) -> None:
    """Write the module as the page shows it."""
    (code,) = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (folder / f"{MODULE}.py").write_text(code, encoding="utf-8")


@contextmanager
def toy_module(folder: Path) -> Iterator[ModuleType]:
    """The module from the folder that it was written to; afterwards nothing knows of it or of its id any more."""
    sys.path.insert(0, str(folder))
    try:
        toy = importlib.import_module(MODULE)
        yield toy
        for registry in (ENVIRONMENTS, registered._REGISTERED, gym.registry):
            registry.pop(toy.ENTRY.id, None)
    finally:
        sys.modules.pop(MODULE, None)
        sys.path.remove(str(folder))


if __name__ == "__main__":
    folder, seed, steps = Path(sys.argv[1]), *map(int, sys.argv[2:])
    with toy_module(folder) as toy:
        toy.register()
        print(json.dumps({toy.ENTRY.id: digest_of_trajectory(toy.ENTRY.id, seed, steps)}))
