"""Anybody's function as a policy of the suite."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from edge_llm_agents.records.hashes import file_sha256
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown


@dataclass(frozen=True)
class Function:
    """A function, by `module:function`, that takes the vector environment and returns a policy of its actions.

    The policy has SB3's `predict`; the environment's `unwrapped.simulation` and `unwrapped.scenario` are there to look
    at. A function that raises DoesNotPlayError is left out of that environment and scenario.
    """

    reference: str
    folder: str
    """Where the module is looked for before all else."""
    packages: ClassVar[tuple[str, ...]] = ()
    learned: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """As it is written."""
        return self.reference

    def sha256(self, env_id: str) -> str:
        """Of the module's own file; what it imports does not count."""
        return file_sha256(self.file())

    def file(self) -> Path:
        """The module's file; ValueError where there is none."""
        module, _, _ = self.reference.partition(":")
        if not all(part.isidentifier() for part in module.split(".")):
            raise ValueError(f"policy = {shown(self.reference)}: must be module:function, the module by its name")
        spec = self._found(find_spec, module)
        if spec is None or spec.origin is None:
            raise ValueError(f"policy = {shown(self.reference)}: there is no module {module!r} in {self.folder}")
        return Path(spec.origin)

    def policy(self, env_id: str, scenario: Scenario) -> MakePolicy:
        """What the function returns."""
        module, _, name = self.reference.partition(":")
        function = getattr(self._found(import_module, module), name, None)
        if not callable(function):
            raise ValueError(f"policy = {shown(self.reference)}: module {module!r} has no function {name!r}")
        return function

    def _found(self, find: Any, module: str) -> Any:
        """What `find` finds with the folder on the path, as for a script that lies there."""
        before = list(sys.path)
        sys.path.insert(0, self.folder)
        try:
            return find(module)
        except ModuleNotFoundError as error:
            raise ValueError(f"policy = {shown(self.reference)}: {error}") from None
        finally:
            sys.path[:] = before
