"""What a comparison will do and how long it takes, said before anything heavy is imported."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT = "EdgeLLM/Batching-v0"
"""What `make compare` plays."""

INSTALLING_S = 120

COMPILING_S = {
    DEFAULT: 29,
    "EdgeLLM/BatchSelection-v0": 28,
    "EdgeLLM/Bandwidth-v0": 33,
    "EdgeLLM/Compute-v0": 64,
    "EdgeLLM/Joint-v0": 39,
    "EdgeLLM/ContinuousBatching-v0": 21,
    "EdgeLLM/MultiNode-v0": 107,
    "EdgeLLM/Scaling-v0": 8,
    "EdgeLLM/ServiceLevel-v0": 27,
}
"""Until an environment has made its first steps, by id; what its rules and hindsight compile comes on top."""


class Seconds(NamedTuple):
    """How long each part takes with the defaults, on two cores."""

    tuning: float
    playing: float
    """A workload, by everybody."""
    training: float
    hindsight: float
    """A workload."""


TAKEN = {DEFAULT: Seconds(tuning=4, playing=0.1, training=25, hindsight=2.0)}
"""By id, where it was measured; elsewhere the bar of a part tells, once it has begun."""


def plan(env_id: str, episodes: int, hindsight_episodes: int, trains: bool, values: int = 1) -> list[str]:
    """A line for each part, with about how long it takes where that is known; `values` is how many a sweep has."""
    taken = TAKEN.get(env_id)
    each = f", at each of {values} values" if values > 1 else ""
    playing = f"rules and policies of the package on {episodes} workloads of {env_id}{each}"
    parts: list[tuple[str, str, float | None]] = [
        ("compiling", "the environment, the first time only; its rules come on top", COMPILING_S.get(env_id)),
        ("tuning", f"what rules leave open, on other workloads{each}", taken and values * taken.tuning),
        ("playing", playing, taken and values * episodes * taken.playing),
    ]
    if trains:
        parts.append(("training", "a fresh policy, which then plays too", taken and taken.training))
    if hindsight_episodes:
        what = f"what could have been served, on {hindsight_episodes} workloads{each}"
        parts.append(("hindsight", what, taken and values * hindsight_episodes * taken.hindsight))
    return [f"{name:<12}{what}{_about(seconds)}" for name, what, seconds in parts]


def main() -> None:
    """The plan of `make compare` on a machine where nothing is installed yet; run as a file, by any Python."""
    print(f"{'installing':<12}packages into .venv, the first time only{_about(INSTALLING_S)}")
    print("\n".join(plan(DEFAULT, episodes=100, hindsight_episodes=10, trains=True)), flush=True)


def _about(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f": about {max(1, round(seconds))} s" if seconds < 120 else f": about {seconds / 60:.0f} min"


if __name__ == "__main__":
    main()
