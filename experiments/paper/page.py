"""The page on the paper's evaluation: what it claims, what was measured, and which assumption decides a difference."""

from __future__ import annotations

from collections.abc import Mapping

from edge_llm_env.scenarios import load_scenario
from experiments.paper.findings import (
    claim_survives,
    gain_range,
    gains_along,
    nodes_saved,
    order_under_all,
    ordering,
    slots_matter,
    time_saved,
    where_pruning_helps,
)
from experiments.paper.measurements import Measurements
from experiments.paper.points import FIGURES, Figure, all_points
from experiments.paper.sections import SECTIONS
from experiments.paper.tables import Measured
from experiments.speed.exact.solvers import PAPER_CLAIM

HEAD = """# The paper's evaluation

What arXiv 2405.07140 claims of DFTSP, what this suite measures, and which assumed value decides a difference. Made by
`python scripts/paper.py` and `python scripts/pages.py --record`; the numbers are in
[results/recorded/paper/](../results/recorded/paper/), a CSV file for each figure and the counts per workload in
`measurements.json`.

## What of the paper could be read

| source | what it says | read |
| --- | --- | --- |
| abstract of arXiv 2405.07140v1 | throughput is maximised under limits of latency, accuracy and the node's resources; \
DFTSP "surpasses other batching benchmarks in throughput across diverse user settings and quantization techniques" \
and "reduces time complexity by over 45% compared to the brute-force searching method" | yes |
| public summaries of it (alphaXiv, ScienceStack, Tomesphere), as far as their beginnings go | the same two claims \
and the problem's formulation; no further number | yes |
| simulation settings | those that the [presets](scenarios/index.md) give the paper as the source of | as quoted there |
| the figures, their captions, the text on results, how StB and NoB are defined | that throughput is shown against \
an arrival rate of 10 to 250 requests/s, the latency requirement, the quantization technique and the accuracy \
requirement, and complexity against brute force, is all that is known of them | no |

So the two claims of the abstract can be held against measurements, the curves cannot: where an axis has several
readings, both are shown.

## How it was measured

The presets `paper-bloom-3b`, `paper-bloom-7b1` and `paper-opt-13b`, at 50 requests/s and with 8-bit weights where a
figure does not vary them. {episodes} workloads of {epochs} epochs at each point, the same for every policy; intervals
are of 95 %: Student's t for means over workloads and for differences workload by workload, bootstrap for ratios. StB
serves first come first served, at most as many as are safe with the longest requests; NoB serves one request per epoch,
which is {nob:g} requests/s at most.

Every pending request is visible to the policies ({slots} slots at 250 requests/s): {beyond} waited beyond them. The
{preset_slots} slots of the presets are enough at 50 requests/s, but at 250 they would leave DFTSP {slots_matter}.
"""


def paper_page(measured: Measurements) -> str:
    """The page, as Markdown. Raises ValueError where points of the figures have not been measured."""
    missing = [point.key for point in all_points() if point.key not in measured.records]
    if missing:
        raise ValueError(f"measurements: must hold every point of the paper's figures; {missing[0]!r} is missing")
    found = {figure: measured.of(all_points(figures=(figure,))) for figure in FIGURES}
    parts = [_head(measured, found), _claims(found)]
    parts += [SECTIONS[figure](found[figure], measured.effort) for figure in FIGURES]
    return "\n".join(parts)


def _head(measured: Measurements, found: Mapping[Figure, Measured]) -> str:
    point, _ = found["arrival_rate"][-1]
    beyond = sum(
        record.get("beyond_visible", 0)
        for measured_points in found.values()
        for one, record in measured_points
        if one.line != "epoch.visible_slots"
    )
    scenario = point.scenario(measured.effort.epochs)
    return HEAD.format(
        episodes=measured.effort.episodes,
        epochs=scenario.epoch.episode_epochs,
        slots=scenario.epoch.visible_slots,
        beyond=beyond,
        preset_slots=load_scenario(point.preset).epoch.visible_slots,
        slots_matter=slots_matter(found["sensitivity"]),
        nob=1.0 / scenario.epoch.epoch_s,
    )


def _claims(found: Mapping[Figure, Measured]) -> str:
    settings = [*found["arrival_rate"], *found["latency_requirement"]]
    sensitivity, complexity = found["sensitivity"], found["complexity"]
    claims = [
        (
            "DFTSP surpasses other batching benchmarks in throughput across diverse user settings",
            f"{ordering(settings)}. Requests served by DFTSP for each one served by StB, by arrival rate in "
            f"requests/s: {gains_along(found['arrival_rate'])}.",
            f"Under what is assumed and its alternatives, {order_under_all(sensitivity)}. How large the gain over "
            f"StB is depends on them, at the preset's load: {gain_range(sensitivity)}.",
        ),
        (
            "... and quantization techniques",
            f"{ordering(found['quantization'])}.",
            "Which precision serves most is decided by β (assumed below 16 bits), ΔPPL (assumed at 8 bits) and f "
            "(assumed): with fewer bits batches are faster, but requests that ask for more accuracy are lost.",
        ),
        (
            f"DFTSP reduces time complexity by over {100 * PAPER_CLAIM:.0f} % compared to brute force",
            f"Of the nodes of the unpruned tree it saves: {nodes_saved(complexity, 'unpruned')}. Of its CPU time: "
            f"{time_saved(complexity, 'unpruned')}. Of the nodes of the same tree begun at DFTSP's own bound on the "
            f"batch size: {nodes_saved(complexity, 'unpruned_below_bound')}.",
            "What brute force means. Against the whole tree the claim holds in "
            f"{claim_survives(sensitivity)}; from the same bound, online pruning itself saves "
            f"nodes in: {where_pruning_helps(sensitivity)}.",
        ),
    ]
    parts = [
        f"### {number}. {claim}\n\n**Measured.** {measured}\n\n**What decides.** {decides}\n"
        for number, (claim, measured, decides) in enumerate(claims, 1)
    ]
    return "\n".join(["## Claim by claim\n", *parts])
