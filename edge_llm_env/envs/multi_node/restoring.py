"""A network's state from outside, checked before any kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import NDArray

from edge_llm_env.dynamics.state import N_ARRIVED, N_EPOCHS, NOT_ARRIVED, REJECTED
from edge_llm_env.envs.restoring import checked_state
from edge_llm_env.nodes.decoding import NOBODY
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.nodes.state import PER_REQUEST, NetworkState
from edge_llm_env.support.checking.states import MOST_COUNTED, check_numbers, check_within


def checked_network_state(arrays: Mapping[str, NDArray], simulation: NetworkSimulation) -> NetworkState:
    """A state that kernels can go on from; raises ValueError naming the array whose numbers they could not use."""
    of_nodes = {f"rows.{name.removeprefix('rows.nodes.')}": one for name, one in arrays.items() if ".nodes." in name}
    try:
        nodes = checked_state(of_nodes, simulation.rows_of_nodes)
    except ValueError as error:
        raise ValueError(str(error).replace("'rows.", "'rows.nodes.", 1)) from None
    named = {name: arrays[f"rows.{name}"] for name in NetworkState._fields if name != "nodes"}
    state, params = NetworkState(nodes=nodes, **named), simulation.params
    capacity, rows = nodes.status.shape[1], len(state.counters)
    for name in PER_REQUEST:
        if named[name].shape[1] != capacity:
            raise ValueError(f"state['rows.{name}'] has room for {named[name].shape[1]} requests: must be {capacity}")
    shared = (("requests", nodes.requests), ("counters", nodes.counters[:, N_ARRIVED]))
    for name, array in (*shared, ("counters", nodes.counters[:, N_EPOCHS])):
        of_row = array.reshape(rows, params.servers)
        if (of_row != of_row[:, :1]).any():
            raise ValueError(f"state['rows.nodes.{name}']: must be the same for all servers of a row")
    check_within("rows.cell", state.cell, 0, params.cells - 1)
    check_within("rows.status", state.status, NOT_ARRIVED, REJECTED)
    check_within("rows.served_by", state.served_by, NOBODY, params.servers - 1)
    check_within("rows.oldest", state.oldest, 0, nodes.requests[:: params.servers])
    check_within("rows.counters", state.counters, 0, MOST_COUNTED)
    check_within("rows.counters (epochs)", state.counters[:, N_EPOCHS], 0, params.episode_epochs)
    for name, array in named.items():
        if array.dtype.kind == "f":
            check_numbers(f"rows.{name}", array, may_be_infinite=name == "hot_since_s")
            if name != "reward_terms" and (array < 0).any():
                raise ValueError(f"state['rows.{name}'] has {array.min()}: every number must be at least 0")
    if not state.action_mask[:, -1].all():
        raise ValueError("state['rows.action_mask'] closes the last action of a row: must leave it open")
    return state
