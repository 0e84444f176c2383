"""A small run of each command, and the folder that it reads."""

from __future__ import annotations

import json
from pathlib import Path

SCENARIOS = {
    name: f'extends = "{preset}"\ndescription = "short"\n[epoch]\nepisode_epochs = {epochs}\n{more}'
    for name, preset, epochs, more in (
        ("short.toml", "carry-over", 3, ""),
        ("chat.toml", "chat-4090", 1, ""),
        ("road.toml", "mobile-uplink", 3, "visible_slots = 8\n"),
        ("nodes.toml", "placement", 15, "visible_slots = 8\n"),
        ("rack.toml", "feeder-rack", 3, "[node]\nmodules = 2\n"),
        ("tasks.toml", "agents-signals", 30, "visible_slots = 8\n"),
        ("chains.toml", "agents-chain", 30, "visible_slots = 8\n"),
        ("levels.toml", "specialists", 14, "visible_slots = 8\n[node]\nmodules = 1\n"),
    )
}
"""Short ones, by their names in the folder where a small run is."""

TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    f"2023-11-16 18:15:{second:02}.0000000,{10 + second},{5 + second}\n" for second in range(40)
)
"""Of trace.csv there."""

RULE = """from edge_llm_baselines import EpochPolicy
from edge_llm_baselines.rules.heuristics import NoBatching


def make(env):
    return EpochPolicy(NoBatching(), env)
"""
"""Of mine.py there."""

DEVICE = """[box]
source = "made up"
assumed = true
kind = "cpu"
fp16_flops_per_s = 5e10
memory_bytes = 8e9
memory_bandwidth_bytes_per_s = 1e10
power_w = 65.0
"""
ENGINE = '[torch-on-box]\nsource = "made up"\nassumed = true\nkind = "python"\noperations_per_layer = 30\n'
DECODER = {
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 128, "intermediate_size": 384, "vocab_size": 512,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 2048, "tie_word_embeddings": True,
}  # fmt: skip
CALIBRATION = {
    "decoder": "config.json", "backend": "torch", "precision": "w32a32", "torch_device": "cpu", "threads": 1,
    "clock": "processor", "batch": 4, "tokens": 128, "interval": 0.1, "slowdown": 0.1,
    "points": [{"held_out": True, "error": 0.1}],
}  # fmt: skip
"""A machine as `edge-llm calibrate` would have it, in machine/."""

SUBMISSION = {
    "provenance": {"versions": {"python": "3.11"}, "machine": {}},
    "cell": {"environment": "EdgeLLM/BatchSelection-v0", "scenario": "carry-over", "policy": "theirs", "seed": 0},
    "claim": {"made_for": "carry-over", "split": "test", "budget": "unlimited", "knows": "nothing", "algorithm": "",
              "bounded": 0},
    "scenario": None,
    "identity": {"scenario_fingerprint": "0", "episodes": 2, "workload_seed": 0, "workloads_sha256": "0",
                 "environment_sha256": "0", "policy_sha256": "0"},
    "runs": [{"seed": 0, "policy": {}, "policy_sha256": "0", "decisions": 0, "over_budget": False, "wall_s": None,
              "curve": [], "gained": [2, 3]}],
    "reference": {"policy": "DFTSP", "tuned": None, "gained": [2, 4]},
    "bound": [],
}  # fmt: skip
"""A record of somebody's, below submissions/."""

FILES = {
    **SCENARIOS,
    "trace.csv": TRACE,
    "tiny.yml": "EdgeLLM/Batching-v0: {default: {n_envs: 4, n_steps: 8, n_timesteps: 64, policy_kwargs: {width: 8}}}\n",
    "mine.py": RULE,
    "machine/device.toml": DEVICE,
    "machine/engine.toml": ENGINE,
    "machine/config.json": json.dumps(DECODER),
    "machine/calibration.json": json.dumps(CALIBRATION),
    "submissions/test/BatchSelection-v0/carry-over/theirs.json": json.dumps(SUBMISSION),
}
"""By their paths in the folder."""

SERVER = "http://a-server"
"""Stands for the address of a server, which is begun before the run."""

SERVE = ("edge-llm serve",)
"""What serves until it is told to end."""

_SHORT = ("--scenario", "short.toml")
_RUN = (*_SHORT, "--rows", "4", "--rollout-steps", "8", "--width", "8", "--steps", "64", "--checkpoint-every", "32",
        "--validation-episodes", "1", "--hindsight-episodes", "0", "--run-dir", "run")  # fmt: skip
_LEARNT = ("--episodes", "8", "--steps", "2", "--batch-size", "4", "--width", "4")
_SEARCHED = ("--generations", "1", "--episodes", "1", "--validation-episodes", "1")
_STRUCTURED = ("--rounds", "1", "--episodes", "2", "--rows", "2", "--copies", "1", "--horizon-epochs", "1",
               "--validation-episodes", "1")  # fmt: skip
_EARNING = ("--seeds", "0", "--evaluation-episodes", "2", "--name", "mine")
_JUDGED = (*_EARNING, "--hindsight-episodes", "0")

SMALL: dict[str, tuple[str, ...]] = {
    "edge-llm list": (),
    "edge-llm predict": ("bloom-3b", "w16a16", "jetson-tx2", "--prompt", "64", "--output", "64"),
    "edge-llm catalog": ("engines",),
    "edge-llm trace": ("trace.csv", "--format", "azure"),
    "edge-llm compare": (*_SHORT, "--episodes", "2", "--no-train", "--hindsight-episodes", "0"),
    "edge-llm train policy": (*_SHORT, "--env", "EdgeLLM/Compute-v0", "--algorithm", "ppo", "--steps", "64"),
    "edge-llm train run": _RUN,
    "edge-llm train admission": (*_SHORT, *_JUDGED, "--config", "tiny.yml", "--run-dir", "run"),
    "edge-llm train values": (*_SHORT, *_JUDGED, *_SEARCHED),
    "edge-llm train structured": (*_SHORT, *_JUDGED, *_STRUCTURED),
    "edge-llm train allocations": (*_SHORT, *_JUDGED, "--env", "EdgeLLM/Bandwidth-v0", *_SEARCHED),
    "edge-llm train uploads": ("--scenario", "road.toml", *_JUDGED, *_SEARCHED),
    "edge-llm train schedulers": ("--scenario", "chat.toml", *_JUDGED, *_SEARCHED),
    "edge-llm train placements": ("--scenario", "nodes.toml", *_JUDGED, *_LEARNT, "--tuning-episodes", "1"),
    "edge-llm train placement-searches": ("--scenario", "nodes.toml", *_JUDGED, *_SEARCHED),
    "edge-llm train tasks": ("--scenario", "tasks.toml", *_JUDGED, *_LEARNT, "--validation-episodes", "1"),
    "edge-llm train calls": ("--scenario", "chains.toml", *_JUDGED, *_SEARCHED),
    "edge-llm train racks": ("--scenario", "rack.toml", *_EARNING, "--episodes", "4", "--validation-episodes", "1",
                             "--ridges", "3", "--cautions", "0.5"),
    "edge-llm train levels": ("--scenario", "levels.toml", *_EARNING, *_SEARCHED),
    "edge-llm watch": (*_SHORT, "--epochs", "1", "--gif", "out.gif"),
    "edge-llm leaderboard rank": ("--scenarios", "short.toml", "--environments", "EdgeLLM/Compute-v0", "--episodes",
                                  "2", "--hindsight-episodes", "0", "--workers", "1"),
    "edge-llm leaderboard submit": (*_SHORT, "--policy", "mine=mine:make", "--env", "EdgeLLM/BatchSelection-v0",
                                    "--episodes", "2", "--bounded", "0", "--results", "submissions"),
    "edge-llm leaderboard verify": (),
    "edge-llm leaderboard report": ("--results", "submissions"),
    "edge-llm leaderboard check": (),
    "edge-llm leaderboard baselines": (*_SHORT, "--environments", "EdgeLLM/Compute-v0", "--algorithms", "ppo",
                                       "--seeds", "1", "--decisions", "64", "--points", "1", "--curve-episodes", "1",
                                       "--episodes", "2", "--bounded", "0", "--results", "submissions"),
    "edge-llm calibrate": ("--decoder", "1m", "--batch", "4", "--tokens", "32", "--seconds", "0.01", "--machine",
                           "made"),
    "edge-llm replay": ("--machine", "machine", "--policy", "fcfs", "--episodes", "1", "--seconds", "0.3", "--results",
                        "replay.json"),
    "edge-llm serve": ("--machine", "machine", "--port", "0"),
    "edge-llm load": ("--machine", "machine", "--seconds", "0.2", "--url", SERVER),
    "datasets.py minari": (*_SHORT, "--teachers", "dftsp", "--envs", "EdgeLLM/BatchSelection-v0", "--episodes", "1",
                           "--root", "minari"),
    "datasets.py demonstrations": (*_SHORT, "--teacher", "dftsp", "--episodes", "1"),
    "tune.py": (*_SHORT, "--trials", "1", "--steps", "64", "--validation-episodes", "1"),
    "paper.py": ("--presets", "paper-opt-13b", "--episodes", "1", "--epochs", "1", "--figures", "accuracy_requirement"),
}  # fmt: skip
"""The arguments that make a command take seconds, in a folder that `begin_folder` has filled.

Of a command that is not here, since it takes minutes or writes into the repository, only what is refused as it is read
is tried. What `verify` and `check` are given is always something else.
"""


def begin_folder(folder: Path) -> None:
    """Put what small runs read into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
