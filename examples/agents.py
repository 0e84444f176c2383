"""Rules and learned policies on agent tasks, and one task followed through the epochs: python examples/agents.py.

A task is a chain or a graph of model calls with tools between; it counts when its last call is answered in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import tyro

from edge_llm_agents import load_policy
from edge_llm_agents.pretrained.shipped import policies_for
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env import Workload, draw_workloads, load_scenario

ENV_ID = "EdgeLLM/BatchSelection-v0"


@dataclass(frozen=True)
class Args:
    """Settings."""

    scenario: str = "agents-signals"
    """a preset's name or the path of a TOML file"""
    rules: tuple[str, ...] = ("fewest-calls", "dftsp")
    """rules to play, by their keys; those that are not for the scenario are left out, and some take a minute to tune"""
    episodes: int = 4
    """held-out workloads"""
    seed: int = 0
    """of the workloads, and of what rules are tuned on"""
    follow: int = 9
    """the task of the first workload to follow under the first rule; of those with several calls, from 0"""


def policies(args: Args) -> dict[str, MakePolicy]:
    """The rules, tuned, and the policies that the package has for the scenario."""
    scenario, known = load_scenario(args.scenario), baselines_of(ENV_ID).rules
    found = {}
    for key in args.rules:
        if known[key].plays(scenario):
            found[known[key].name] = known[key].acting(args.seed, known[key].tuned(scenario, args.seed))
    return found | {name: load_policy(name, scenario)[0].acting for name in policies_for(scenario)}


def follow(make_policy: MakePolicy, args: Args, workload: Workload) -> None:
    """Play a workload and print what becomes of one task, call by call."""
    assert workload.task is not None  # requests are calls of tasks
    assert workload.tool_s is not None
    several = np.flatnonzero(np.bincount(workload.task) > 1)
    task = int(several[args.follow % len(several)])
    calls = np.flatnonzero(workload.task == task)
    env = gym.make(ENV_ID, scenario=args.scenario)
    simulation, served = env.unwrapped.simulation, 0
    due_s = workload.arrival_s[calls[0]] + workload.latency_requirement_s[calls[0]]
    print(f"task {task}: {len(calls)} calls, arrives at {workload.arrival_s[calls[0]]:.1f} s, due at {due_s:.1f} s")
    for epoch, _ in enumerate(play(env, make_policy(env), workloads=[workload]), start=1):
        now = int(simulation.state.calls_served[0, calls[0]])
        if now > served:
            kept = int(simulation.state.cached_tokens[0, calls[0]])
            tool = f"tool for {workload.tool_s[calls[now]]:.1f} s, " if now < len(calls) else ""
            print(f"epoch {epoch}: {now} of {len(calls)} calls answered, {tool}{kept} tokens of its cache kept")
            served = now
    env.close()
    print("completed" if served == len(calls) else f"not completed: {served} of its calls were answered for nothing")


def main(args: Args) -> dict[str, float]:
    """Play, print, follow; tasks completed by each policy, of all that ended (%)."""
    scenario, percent = load_scenario(args.scenario), {}
    workloads = draw_workloads(scenario, args.episodes, args.seed)
    playing = policies(args)
    for name, make_policy in playing.items():
        found = roll_out(make_policy, ENV_ID, scenario, workloads)
        percent[name] = 100.0 * float(found.served.sum() / max(1, found.settled.sum()))
        print(f"{name}: {percent[name]:.1f} % of the tasks that ended, reward {found.reward.mean():.1f} per episode")
    follow(next(iter(playing.values())), args, workloads[0])
    return percent


if __name__ == "__main__":
    main(tyro.cli(Args))
