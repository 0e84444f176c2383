"""What the records of the paper's points say, each with its 95 % interval over workloads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_agents.records.intervals import Interval, mean_interval, ratio_interval
from experiments.paper.measurements import Record

ORACLE = "DFTSP"


def throughput(record: Record, policy: str) -> Interval:
    """Requests served per second."""
    return mean_interval(_served(record, policy) / record["duration_s"])


def lead(record: Record, policy: str) -> Interval:
    """Requests per second that DFTSP serves more than a policy, workload by workload."""
    return mean_interval((_served(record, ORACLE) - _served(record, policy)) / record["duration_s"])


def gain(record: Record, policy: str) -> Interval:
    """Requests served by DFTSP for each one that a policy serves."""
    return ratio_interval(_served(record, ORACLE), _served(record, policy))


def static_batching(record: Record) -> str:
    """The name of the reading of StB that a record has."""
    return next(name for name in record["served"] if name.startswith("StB"))


def per_epoch(record: Record, search: str, quantity: str) -> Interval:
    """`nodes` or CPU `seconds` of a search per epoch."""
    epochs = np.array([len(candidates) for candidates in record["candidates"]])
    return mean_interval(np.array(record["searches"][search][quantity]) / epochs)


def node_reduction(record: Record, other: str) -> Interval:
    """Share of the nodes of another search that DFTSP saves, mean over workloads; none of a search without nodes."""
    ours, theirs = (np.array(record["searches"][name]["nodes"], dtype=float) for name in ("dftsp", other))
    return mean_interval(np.where(theirs > 0, 1.0 - ours / np.maximum(theirs, 1.0), 0.0))


def is_cut_short(record: Record, search: str) -> bool:
    """Whether a search used up its nodes in some epoch, so that its nodes and seconds are lower bounds."""
    return any(record["searches"][search]["stopped"])


def subsets_per_epoch(record: Record) -> float:
    """2^n for n pending requests, mean over epochs; infinite beyond what a float holds."""
    with np.errstate(over="ignore"):
        return float(np.mean(np.exp2(np.concatenate(record["candidates"]).astype(float))))


def _served(record: Record, policy: str) -> NDArray[np.float64]:
    return np.array(record["served"][policy], dtype=float)
