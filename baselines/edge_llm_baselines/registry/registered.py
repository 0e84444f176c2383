"""Which baselines stand against which id."""

from __future__ import annotations

from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Tunable
from edge_llm_baselines.registry.suite import SUITE
from edge_llm_env.registration import environment
from edge_llm_env.support.naming import one_of, shown

_REGISTERED: dict[str, Baselines] = dict(SUITE)


def register_baselines(env_id: str, baselines: Baselines) -> None:
    """Hold an environment's policies against baselines.

    The same baselines again change nothing. Raises ValueError for an id that no environment has, and for one that has
    other baselines.
    """
    environment(env_id)
    if _REGISTERED.setdefault(env_id, baselines) is not baselines:
        raise ValueError(f"env_id = {shown(env_id)}: has other baselines, must be an id without")


def baselines_of(env_id: str) -> Baselines:
    """The baselines of an environment; random actions alone where nobody registered any.

    Raises ValueError for an id that no environment has.
    """
    environment(env_id)
    return _REGISTERED.get(env_id) or Baselines("random", {"random": RANDOM})


def tunables() -> list[Tunable]:
    """All that is tuned of any environment's baselines, each once."""
    return list(dict.fromkeys(one for baselines in _REGISTERED.values() for one in baselines.tunables))


def baseline(env_id: str, key: str) -> Baseline:
    """The baseline that is typed so, `oracle` for the one that others are held against; ValueError for another key."""
    known = baselines_of(env_id)
    return known.rules[known.oracle if key == "oracle" else one_of("policy", key, ["oracle", *known.rules])]
