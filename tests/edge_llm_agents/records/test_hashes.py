"""Code by what it does: what changes a hash and what does not."""

from collections.abc import Callable
from pathlib import Path

import gymnasium as gym
import pytest

import edge_llm_env  # noqa: F401 (registers the ids)
from edge_llm_agents.records import closure
from edge_llm_agents.records.closure import import_closure, statements
from edge_llm_agents.records.hashes import code_sha256, environment_sha256, function_sha256
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_baselines.solvers.dftsp import DFTSP

FILES = {
    "__init__": "from mine.two import double as doubled\n",
    "one": "from mine import doubled\n\ndef quadruple(x):\n    return doubled(doubled(x))\n",
    "two": "def double(x):\n    return 2 * x\n",
    "three": "Y = 1\n",
}


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a package `mine`, with some files changed, and hashes `mine.one`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def hashed(start: str = "mine.one", **files: str | None) -> str:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        for name, text in (FILES | files).items():
            path = folder / f"{name.replace('__init__', '@').replace('__', '/').replace('@', '__init__')}.py"
            path.unlink(missing_ok=True)
            if text is not None:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
        for cached in (code_sha256, closure._read, closure._home, closure._path):
            cached.cache_clear()
        return code_sha256(start)

    yield hashed
    for cached in (code_sha256, closure._read, closure._home, closure._path):
        cached.cache_clear()


def test_what_explains_and_where_names_come_from_do_not_count() -> None:
    plain = statements("def double(x):\n    return 2 * x\n")
    assert statements('"""Doubling."""\n\ndef double(x):  # twice\n    """2x."""\n    return (2 *\n  x)') == plain
    assert statements("from typing import Any\n\nimport os\n\ndef double(x):\n    return 2 * x\n") == plain
    assert statements("def double(x):\n    return 3 * x\n") != plain
    assert statements("from a import f as g\n") != statements("from a import h as g\n")


def test_what_is_imported_counts_and_what_is_not_does_not(mine: Callable[..., str]) -> None:
    before = mine()
    assert mine(three="Y = 2\n") == before
    assert mine(two="def double(x):\n    return x + x\n") != before
    assert mine(two="def double(x):\n    from mine import three\n    return 2 * x\n") != before
    assert mine() == before


def test_a_file_that_moves_or_is_renamed_changes_nothing(mine: Callable[..., str]) -> None:
    before = mine()
    assert (
        mine(two=None, __init__="from mine.deep.doubling import double as doubled\n", deep__doubling=FILES["two"])
        == before
    )
    assert mine("mine.first", one=None, first=FILES["one"]) == before
    assert (
        mine(one=FILES["one"].replace("from mine import doubled", "from mine.two import double as doubled")) != before
    )


def test_a_package_counts_only_as_the_module_that_it_has_a_name_from(mine: Callable[..., str]) -> None:
    before = mine()
    assert mine(__init__=FILES["__init__"] + "from mine.three import Y\nversion = 2\n") == before


def test_a_module_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"module 'edge_llm_baselines\.dtfsp': there is no such module"):
        code_sha256("edge_llm_baselines.dtfsp")


def test_an_environment_is_followed_from_its_entry_point_into_all_that_it_does() -> None:
    found = import_closure(["edge_llm_env.envs.batching.environment"])
    assert found.keys() >= {
        "edge_llm_env.envs.batching.kernel", "edge_llm_env.dynamics.epoch", "edge_llm_env.feasibility.rule",
        "edge_llm_env.workload.generator", "edge_llm_env.arrivals.poisson",
        "edge_llm_env.inference.cost_models.roofline",
    }  # fmt: skip
    apart = ("edge_llm_env.envs.joint", "edge_llm_env.solver", "edge_llm_env.rendering", "edge_llm_env.wrappers")
    assert not [name for name in found if name.startswith(apart)]
    ids = [name for name in gym.registry if str(name).startswith("EdgeLLM/")]
    assert len({environment_sha256(str(name)) for name in ids}) == len(ids) >= 5


def test_every_baseline_has_a_hash_of_its_own_code() -> None:
    rules = baselines_of("EdgeLLM/BatchSelection-v0").rules
    assert len({(function_sha256(rule.policy), rule.tunable) for rule in rules.values()}) == len(rules)
    again = baselines_of("EdgeLLM/Batching-v0").rules["dftsp"]
    assert function_sha256(again.policy) == function_sha256(rules["dftsp"].policy)


def test_a_function_in_a_table_counts_with_what_it_refers_to_and_not_with_its_neighbours() -> None:
    def module(text: str) -> Callable[..., object]:
        names: dict[str, object] = {"__name__": "mine", "DFTSP": DFTSP}
        exec(text, names)  # as a module that stands in no file
        return names["policy"]  # type: ignore[return-value]

    text = "def helper(x):\n    return {0} * x\n\ndef policy(x):\n    {2}\n    return helper(DFTSP({1}))\n"
    before = function_sha256(module(text.format(2, "", "'what it is'")))
    assert function_sha256(module(text.format(2, "", "'in other words'"))) == before
    assert function_sha256(module("def other():\n    return 1\n\n" + text.format(2, "", "'what it is'"))) == before
    assert function_sha256(module(text.format(3, "", "'what it is'"))) != before
    assert function_sha256(module(text.format(2, "prunes=False", "'what it is'"))) != before
