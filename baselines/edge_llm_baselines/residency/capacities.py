"""What crews are expected to serve: requests of mean size, by what they ask for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.residency.transitions import late_s
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.support.compilation.compiling import compiled_allocating


class Demand(NamedTuple):
    """Kinds of requests: of one class, and such that the same variants can serve them, fewest first."""

    of_class: NDArray[np.int64]
    """(D,) the class of each kind."""
    share: NDArray[np.float64]
    """(D,) its share of that class."""
    served_by: NDArray[np.bool_]
    """(D, G) whether each variant can serve it."""

    @classmethod
    def of(cls, scenario: Scenario, params: NodeParams) -> Demand:
        """Those of a scenario; a kind that no variant can serve is left out."""
        required = scenario.workload.accuracy_requirement
        found = []
        for each in range(params.variant_accuracy.shape[1]):
            offered = params.variant_accuracy[:, each]
            below = required.low - 1.0
            for limit in sorted({float(one) for one in offered if one >= required.low}):
                able = offered >= limit
                width = required.high - required.low
                share = (min(limit, required.high) - max(below, required.low)) / width if width else float(below < 0)
                below = limit
                if share > 0.0:
                    found.append((able.sum(), each, share, able))
        found.sort(key=lambda kind: kind[0])
        return cls(
            np.array([kind[1] for kind in found]),
            np.array([kind[2] for kind in found]),
            np.array([kind[3] for kind in found]),
        )

    def by_kind(self, by_class: NDArray[np.float64]) -> NDArray[np.float64]:
        """Requests of each kind, (..., D), of those of each class, (..., K)."""
        return by_class[..., self.of_class] * self.share


def crew_capacities(scenario: Scenario, params: NodeParams, crews: NDArray[np.int64]) -> NDArray[np.float64]:
    """Requests of mean size that the modules of each variant can serve in an epoch, (C, G), of crews (C, G, 2)."""
    asked = scenario.workload
    variants, late = scenario.variants, late_s(params)
    capacities = np.zeros(crews.shape[:2])
    for at, crew in enumerate(crews.tolist()):
        for variant, (loaded, loading) in enumerate(crew):
            for modules, window_s in ((loaded, params.window_s), (loading, params.window_s - late[variant])):
                if modules and window_s > 0.0:
                    cost = variants[variant].batch_cost[modules - 1].compute_s
                    base_s = cost.base(asked.longest_prompt_tokens, asked.longest_output_tokens)
                    each_s = np.mean(
                        [
                            cost.marginal(s, n)
                            for s in lengths(asked.prompt_tokens)
                            for n in lengths(asked.output_tokens)
                        ]
                    )
                    capacities[at, variant] += max(0.0, (window_s - base_s) / each_s)
    return capacities


def lengths(asked: object) -> tuple[int, ...]:
    """The token counts that requests are drawn from; raises ValueError for those of a trace."""
    if not isinstance(asked, tuple):
        raise ValueError('workload lengths = "trace": a plan needs lists of token counts')
    return asked


@compiled_allocating
def expected_served(
    capacities: NDArray[np.float64], served_by: NDArray[np.bool_], demand: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Requests that each crew serves, (C,), of so many of each kind, (D,): the cheapest variants first."""
    crews, variants = capacities.shape
    served = np.zeros(crews)
    left = np.zeros(len(demand))
    for crew in range(crews):
        left[:] = demand
        for variant in range(variants):
            room = capacities[crew, variant]
            for kind in range(len(demand)):
                if room > 0.0 and served_by[kind, variant]:
                    taken = min(room, left[kind])
                    room -= taken
                    left[kind] -= taken
                    served[crew] += taken
    return served
