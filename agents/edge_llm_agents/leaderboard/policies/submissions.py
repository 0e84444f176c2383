"""How somebody names a policy of their own to the suite."""

from __future__ import annotations

import re
from pathlib import Path

from edge_llm_agents.evaluation.models import ALGORITHMS, refuse_unpickling
from edge_llm_agents.leaderboard.policies.function import Function
from edge_llm_agents.leaderboard.policies.model_file import ModelFile
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.leaderboard.policies.sources import Source
from edge_llm_agents.pretrained.saved_policies import load_policy
from edge_llm_agents.pretrained.shipped import is_saved, path_of
from edge_llm_env.support.naming import one_of, shown


def submission(text: str, folder: Path, *, unpickle: bool = False) -> tuple[str, Source]:
    """The name and the source that `NAME=SOURCE` stands for.

    SOURCE is `module:function`, the module being looked for in `folder` first; where `unpickle` allows it a zip of
    Stable-Baselines3, as FILE.zip or CLASS@FILE.zip; or a policy with a card, by its path without suffix. Raises
    ValueError for anything else, and for files that are not there.
    """
    name, equals, source = text.partition("=")
    if not (equals and source and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 .()-]*", name)):
        raise ValueError(
            f"policy = {shown(text)}: must be NAME=SOURCE, the name of letters, digits, spaces and . ( ) -"
        )
    if source.endswith(".zip"):
        algorithm, at, file = source.rpartition("@")
        if at:
            one_of("policy's class", algorithm, ALGORITHMS)
        if not Path(file).is_file():
            raise ValueError(f"policy = {shown(text)}: there is no file {file}")
        refuse_unpickling(text, unpickle)
        return name, ModelFile(str(Path(file).resolve()), algorithm or None)
    if ":" in source:
        function = Function(source, str(folder))
        function.file()  # raises where there is no such module
        return name, function
    load_policy(source)  # raises where there is none
    return name, SavedFile(str(path_of(source).resolve()) if is_saved(source) else source)
