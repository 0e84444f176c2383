"""The fit of the roofline model's parameters to measurements.

Times are linear in 1/η_c, 1/η_m, t_0 and t_b, and so the mean absolute percentage error is least at the solution of a
linear program: the global optimum, without starting values, and one in which outliers weigh no more than they are off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.inference.catalog import load_device
from edge_llm_env.inference.efficiency import Efficiency
from edge_llm_env.inference.validation.measurements import Measurement, roofline_prediction


def fitted(measurements: Sequence[Measurement], efficiency: Efficiency) -> Efficiency:
    """`efficiency` with the parameters that measurements tell, each metric's from its own rows.

    Decode gives η_c, η_m, t_0 and t_b; prefill, with that t_b, its own η_c, η_m and t_0; memory the runtime's bytes.
    Raises ValueError when a metric has no rows.
    """
    decode, prefill, memory = (
        [row for row in measurements if row.metric == metric] for metric in ("decode", "prefill", "memory")
    )
    for metric, rows in (("decode", decode), ("prefill", prefill), ("memory", memory)):
        if not rows:
            raise ValueError(f"measurements: none is of {metric}, so its parameters cannot be fitted")
    inverse_compute, inverse_bandwidth, step_s, sequence_s = _least_percentage_error(
        _time_terms(decode), np.zeros(len(decode)), _values(decode), least=np.array([1.0, 1.0, 0.0, 0.0])
    )
    changes = {
        "decode_compute": 1.0 / inverse_compute,
        "decode_bandwidth": 1.0 / inverse_bandwidth,
        "step_overhead_s": step_s,
        "sequence_overhead_s": sequence_s,
    }
    terms = _time_terms(prefill)
    inverse_compute, inverse_bandwidth, step_s = _least_percentage_error(
        terms[:, :3], sequence_s * terms[:, 3], _values(prefill), least=np.array([1.0, 1.0, 0.0])
    )
    changes |= {
        "prefill_compute": 1.0 / inverse_compute,
        "prefill_bandwidth": 1.0 / inverse_bandwidth,
        "prefill_overhead_s": step_s,
    }
    bare = efficiency.model_copy(update={"runtime_bytes": 0.0})
    without_runtime = np.array([roofline_prediction(row, bare) for row in memory])
    gigabytes = _least_percentage_error(
        np.full((len(memory), 1), 1e9), without_runtime, _values(memory), least=np.zeros(1)
    )
    changes["runtime_bytes"] = 1e9 * gigabytes[0]
    return Efficiency(**(efficiency.model_dump() | {name: float(value) for name, value in changes.items()}))


def _values(measurements: Sequence[Measurement]) -> NDArray[np.float64]:
    return np.array([row.value for row in measurements])


def _time_terms(measurements: Sequence[Measurement]) -> NDArray[np.float64]:
    """(rows, 4): FLOPs/P (s), bytes/BW (s), passes, and passes times sequences."""
    terms = np.empty((len(measurements), 4))
    for i, row in enumerate(measurements):
        device, work = load_device(row.device), row.work
        terms[i] = (
            work.flops.of_equals(row.batch, *row.lengths) / device.fp16_flops_per_s,
            work.bytes.of_equals(row.batch, *row.lengths) / device.memory_bandwidth_bytes_per_s,
            work.steps.base(*row.lengths),
            row.batch * work.steps.marginal(*row.lengths),
        )
    return terms


def _least_percentage_error(
    terms: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64], *, least: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The x ≥ `least` that minimises Σ |terms·x + known - values| / values, by HiGHS."""
    from scipy.optimize import linprog

    relative, target = terms / values[:, None], 1.0 - known / values
    rows, unknowns = terms.shape
    excess = -np.eye(rows)
    solution = linprog(
        np.concatenate([np.zeros(unknowns), np.ones(rows)]),
        A_ub=np.block([[relative, excess], [-relative, excess]]),
        b_ub=np.concatenate([target, -target]),
        bounds=[(bound, None) for bound in least] + [(0.0, None)] * rows,
    )
    if solution.x is None:
        raise RuntimeError(f"HiGHS found no fit: {solution.message}")
    return np.asarray(solution.x[:unknowns])
