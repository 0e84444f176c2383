"""The fields of the records that every environment writes: what they are, in which unit, and what follows from what."""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field of a record."""

    unit: str
    """Of its number or numbers; empty where it has none."""
    meaning: str


COUNT = "requests"

PROVENANCE = {
    "versions": Field("", "Python's, and of each package that the results may depend on, by name"),
    "machine": Field("", "`machine` (architecture), `system`, `cores` that the process may use: what times depend on"),
}
"""In `provenance` of every record. What records from before version 0.2.0 did not say is missing."""

CELL = {
    "environment": Field("", "id of the registry; `preparation` for what several cells of a scenario need"),
    "scenario": Field("", "name of the scenario"),
    "policy": Field("", "name of the policy in tables"),
    "seed": Field("", "which of the policy's training seeds, counted from 0"),
}
"""In `cell` of every cell: where it stands."""

IDENTITY = {
    "scenario_fingerprint": Field("", "SHA-256 of every value of the scenario, the catalogue's included"),
    "episodes": Field("workloads", "how many were played"),
    "workload_seed": Field("", "seed that they were drawn with"),
    "workloads_sha256": Field("", "SHA-256 of every array of every workload"),
    "policy_sha256": Field("", "SHA-256 of the policy's code and of the loop that plays it, with all that they import, "
                               "of weights, and of what is tuned of a rule"),
    "environment_sha256": Field("", "SHA-256 of the environment's code with all that it imports; not in preparations"),
}  # fmt: skip
"""In `identity` of every cell: what its results follow from. A cell is stale where one of these, or a version of its
provenance, is another now. Code counts by what it does, not by where it stands or how it is explained."""

PLAYED = {
    "source": Field("", "`rule`, or what the policy was made from: a file's name, `module:function`"),
    "learned": Field("", "whether it was trained, so that another training seed might have made another policy"),
    "served": Field(COUNT, "served, of each workload"),
    "settled": Field(COUNT, "served, expired or rejected, of all workloads"),
    "expired": Field(COUNT, "that became impossible to serve, of all workloads"),
    "decision_us": Field("µs", "wall-clock time to decide on one epoch of one workload, all being decided on at once"),
    "decision_alone_us": Field("µs", "the same for a single workload"),
    "jobs_at_once": Field("", "jobs that ran beside it, which times depend on; -1: one per core"),
}
"""Of a cell of a policy in an environment."""

EARNED = {
    "reward": Field("", "sum of an episode's rewards, of each workload, where policies are ranked by it"),
}
"""Of a cell of a policy where the reward of an episode counts, beside PLAYED and what is in one of BESIDE."""

BESIDE = {
    "modules": Field("modules", "on, in the mean of epochs and workloads; of environments that switch modules"),
    "accuracy": Field("", "delivered, in the mean of workloads; of environments that choose service levels"),
}
"""What else policies are told apart by, where the reward of an episode counts: an environment has one of these."""

PREPARED = {
    "hindsight": {
        "served": Field(COUNT, "by the best schedule found, of each workload"),
        "upper_bound": Field(COUNT, "that no policy exceeds, of each workload"),
    },
    "tuning": {"tuned": Field("", "best value of everything that is tuned of a rule, by its name")},
    "training": {
        "environment": Field("", "id that the policy plays"),
        "description": Field("", "what it takes to make the policy of its arrays"),
        "arrays": Field("", "its weights: `dtype` and `values`, by name"),
        "card": Field("", "what its card says"),
    },
}
"""Of the cells that prepare a scenario, by the first word of their policy's name."""
