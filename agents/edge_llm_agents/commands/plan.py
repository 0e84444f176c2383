"""What a comparison will do and how long it takes, said before anything heavy is imported."""

from __future__ import annotations

INSTALLING_S = 120
COMPILING_S = 45
PLAYING_S = 0.2
TRAINING_S = 25
HINDSIGHT_S = 2.0
"""Measured on two cores with the defaults; PLAYING_S is of a workload that everybody plays, HINDSIGHT_S of one."""


def plan(env_id: str, episodes: int, hindsight_episodes: int, trains: bool) -> list[str]:
    """A line for each part, with about how long it takes on two cores."""
    parts = [
        ("compiling", "the first time only", COMPILING_S),
        ("playing", f"rules and policies of the package on {episodes} workloads of {env_id}", PLAYING_S * episodes),
    ]
    if trains:
        parts.append(("training", "a fresh policy, which then plays too", TRAINING_S))
    if hindsight_episodes:
        hindsight = f"what could have been served, on {hindsight_episodes} workloads"
        parts.append(("hindsight", hindsight, HINDSIGHT_S * hindsight_episodes))
    return [f"{name:<12}{what}: about {_said(seconds)}" for name, what, seconds in parts]


def main() -> None:
    """The plan of `make compare` on a machine where nothing is installed yet; run as a file, by any Python."""
    print(f"{'installing':<12}packages into .venv, the first time only: about {_said(INSTALLING_S)}")
    print("\n".join(plan("EdgeLLM/Batching-v0", episodes=100, hindsight_episodes=10, trains=True)), flush=True)


def _said(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    main()
