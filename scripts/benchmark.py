"""Measure speeds, check solvers and look for faults: python scripts/benchmark.py environments."""

from __future__ import annotations

import sys

import one_thread  # noqa: F401 (before NumPy)
import repository  # noqa: F401 (makes experiments importable)

from edge_llm_agents.commands.running import Command, run_command

COMMANDS = {
    "environments": Command(
        "experiments.benchmarks.speed:Environments",
        "steps per second beside CartPole's, phases of a step, first compilation",
    ),
    "solvers": Command(
        "experiments.benchmarks.oracles:Solvers", "exact solvers against HiGHS and CP-SAT, DFTSP's pruning"
    ),
    "proofs": Command(
        "experiments.benchmarks.oracles:Proofs",
        "whether exact solvers are exact, and what the hard knapsack classes cost",
    ),
    "roofline-proofs": Command(
        "experiments.benchmarks.oracles:RooflineProofs",
        "whether exact solvers are exact with costs of the roofline model",
    ),
    "assignments": Command(
        "experiments.benchmarks.assignments:Assignments",
        "solvers of several nodes against each other, and how long they take",
    ),
    "scale": Command(
        "experiments.benchmarks.assignments:Scale", "what an epoch of up to 100 nodes and 10,000 requests takes"
    ),
    "levels": Command(
        "experiments.benchmarks.levels:Levels", "the exact epoch of service levels beside HiGHS, and how long both take"
    ),
    "rack-controls": Command(
        "experiments.learning.rack_controls:RackControls",
        "worlds in which learning how many modules are on is worth little",
    ),
    "hindsight": Command(
        "experiments.benchmarks.oracles:Hindsight", "hindsight's schedule and bound against DFTSP and look-ahead"
    ),
    "certificates": Command(
        "experiments.benchmarks.certificates:Certificates",
        "certified intervals: the best policy known, and what none without knowledge of the future exceeds",
    ),
    "first-use": Command("experiments.benchmarks.speed:FirstUse", "how long the first steps of environments compile"),
    "training": Command(
        "experiments.benchmarks.speed:Training", "how long a fresh masked policy takes, and what it reaches"
    ),
    "workers": Command(
        "experiments.benchmarks.speed:Workers", "what two workers of joblib or of Ray save over one process", "cluster"
    ),
    "allocation": Command(
        "experiments.benchmarks.allocations:Allocation", "whether oracles of allocations keep their word"
    ),
    "trials": Command(
        "experiments.benchmarks.allocations:Trials", "what plain PPO and SAC learn with each way to say an allocation"
    ),
    "unit-time": Command(
        "experiments.benchmarks.schedules:UnitTime", "bound, optimum and schedulers in tiny instances of iterations"
    ),
    "schedules": Command(
        "experiments.benchmarks.schedules:Schedules", "what schedulers serve, a schedule in hindsight and a bound"
    ),
    "engine-learners": Command(
        "experiments.benchmarks.schedules:EngineLearners", "what MaskablePPO learns of scheduling an engine"
    ),
    "trace-halves": Command(
        "experiments.benchmarks.schedules:TraceHalves", "schedulers learned on half of a trace, judged on the other"
    ),
    "both-ways": Command(
        "experiments.benchmarks.schedules:BothWays", "the same requests served in epochs and in iterations"
    ),
    "tasks": Command("experiments.benchmarks.tasks:Tasks", "what rules complete of agent tasks"),
    "task-caches": Command("experiments.benchmarks.tasks:TaskCaches", "what keeping caches of agent tasks is worth"),
    "model": Command("experiments.benchmarks.model:Model", "the cost models against published measurements"),
    "faults": Command(
        "experiments.benchmarks.faults:Faults", "whether malformed and odd inputs crash, hang or mislead anything"
    ),
    "soak": Command("experiments.benchmarks.faults:Soak", "long and large episodes: memory, counters, time of a step"),
}

if __name__ == "__main__":
    sys.exit(run_command("benchmark.py", COMMANDS))
