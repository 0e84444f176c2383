"""What observations of `MultiNode-v0` show of arrivals, for who learns what models nodes should hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.envs.observation.features import LONG_AGO_EPOCHS
from edge_llm_env.nodes.params import NetworkParams, network_params
from edge_llm_env.scenarios.content import ScenarioError
from edge_llm_env.scenarios.schema import Scenario


def placing_params(scenario: Scenario) -> NetworkParams:
    """The parameters of a scenario's network; raises ScenarioError where nothing is placed, or no history is shown."""
    params = network_params(scenario)
    if not params.places or params.history == 0:
        raise ScenarioError(f"scenario {scenario.name}: network.placement must be true and history_epochs at least 1")
    return params


def observed_arrivals(
    observations: NDArray[np.float32], params: NetworkParams
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Arrivals of the last H epochs as shown, the last first, (rows, H, N, K), and the epochs since each class became
    hot in each cell, (rows, N, K): what stands last in an observation.
    """
    shape = (len(observations), params.history + 1, params.cells, params.classes)
    tail = observations[:, -(params.history + 1) * params.cells * params.classes :].reshape(shape)
    return tail[:, 1:], tail[:, 0] * np.float32(LONG_AGO_EPOCHS)
