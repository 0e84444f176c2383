"""Search of a single box by dynamic programming over its core, where branching takes long.

Where values are nearly proportional to costs, or a few kinds of requests repeat, the linear relaxation says little and
a tree branches without end, but the sums of costs are few. First only the resources that have a price are looked at, a
relaxation: if the rule accepts the batches it finds, they are the best of all. If not, all scarce resources are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.feasibility.rule import TOLERANCE, Rule
from edge_llm_env.solver.box_splitting import load_worth
from edge_llm_env.solver.boxes import HIGH, SLACK
from edge_llm_env.solver.candidates import Candidates, batch_is_feasible
from edge_llm_env.solver.dynamic_programme.core import Core, core_of
from edge_llm_env.solver.dynamic_programme.states import (
    NOTHING,
    Histories,
    Outlook,
    States,
    decide_next,
    histories_of_room,
    states_of_room,
)
from edge_llm_env.solver.item_search import goal_of
from edge_llm_env.solver.linear_programme.relaxation import AT_ONE, RESOURCES, Relaxation
from edge_llm_env.solver.linear_programme.simplex import resume_prices, tighten
from edge_llm_env.solver.search_state import FIRST_PATIENCE, LIMIT, NODES, PATIENCE, Search
from edge_llm_env.solver.subproblems import COMPUTE, MEMORY
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating, compiled_apart

STATES_PER_NODE = 64
"""States that take about as long as a node."""

FIRST_STATES, MORE_STATES = 2**19, 8
"""States of the first dynamic programme, all in all, and how many times as many later ones have."""

NEARLY, MANY = 0.005, 1.0 / 3.0
"""How close to 1 efficiencies are where values are nearly proportional to costs, or requests multiples of each other;
and of how large a part of the requests that is so.
"""

AT_ONCE = 8
"""A dynamic programme has room for one in so many of its states after any one decision."""

SPARE = 0.9 * TOLERANCE
"""What is taken off slackened capacities here: a tenth of the tolerance is plenty for adding in another order."""


@compiled_allocating
def search_core(rule: Rule, candidates: Candidates, search: Search) -> bool:
    """Search the single `box` for its best batch, improving the incumbent; False if that was not brought to an end."""
    lp, best, goal = search.relaxation, search.best, goal_of(search.best)
    size = load_worth(rule, candidates, search, goal)
    if size == 0:
        return True
    resume_prices(lp, size)
    bound = tighten(lp, size, goal)
    if bound < goal:
        return True
    first = search.counts[PATIENCE] == FIRST_PATIENCE
    most = FIRST_STATES if first else FIRST_STATES * MORE_STATES
    most = STATES_PER_NODE * min(most // STATES_PER_NODE, search.counts[LIMIT] - search.counts[NODES])
    allowed = allowed_exactly(rule, search)
    looked_at = -1
    for priced_only in (True, False):
        core = core_of(lp, size, bound, goal_of(best), best.step, allowed, search.levels.per_unit, priced_only)
        if core.looked_at == looked_at:
            return False
        looked_at = core.looked_at
        if first and nearly_proportional(core) < MANY * free_requests(lp, size):
            return False
        finished, states = search_states(rule, candidates, search, core, size, most)
        search.counts[NODES] += states // STATES_PER_NODE
        most -= states
        if finished:
            return True
    return False


@compiled
def nearly_proportional(core: Core) -> int:
    """How many requests of a core are of an efficiency close to 1."""
    count = 0
    for efficiency in core.efficiency:
        count += abs(efficiency - 1.0) <= NEARLY
    return count


@compiled
def free_requests(lp: Relaxation, size: int) -> int:
    """How many requests of a relaxation are free."""
    count = 0
    for i in range(size):
        count += lp.free[i]
    return count


@compiled_allocating
def allowed_exactly(rule: Rule, search: Search) -> NDArray[np.float64]:
    """Capacities of the single `box` that is loaded, float of shape (4,), slackened for rounding only."""
    allowed = np.empty(RESOURCES)
    for j in range(RESOURCES):
        scale = 1.0
        if j == MEMORY:
            scale = rule.memory_limit_bytes * search.levels.per_unit[MEMORY]
        elif j == COMPUTE:
            scale = search.levels.threshold_s[search.box[SLACK, HIGH]] * search.levels.per_unit[COMPUTE]
        allowed[j] = search.relaxation.capacity[j] - SPARE * scale
    return allowed


@compiled_allocating
def search_states(
    rule: Rule, candidates: Candidates, search: Search, core: Core, size: int, most_states: int
) -> tuple[bool, int]:
    """Decide the core request by request; whether that came to an end, and the states that it took.

    It does not where it takes more states than that, or the rule rejects a batch that the states hold.
    """
    best = search.best
    unit = best.step if best.step > 0.0 else 1.0
    requests = len(core.request)
    adds_at, leaves_at = outlooks(core)
    room = max(most_states // AT_ONCE, 1)
    source, target = states_of_room(room), states_of_room(room)
    histories = histories_of_room(max(most_states, 0))
    source.used[0] = 1
    source.value[0], source.history[0] = core.start_value, NOTHING
    for j in range(RESOURCES):
        source.cost[0, j] = core.start_cost[j]
    trial = np.zeros(len(best.selected), dtype=np.bool_)
    states = 0
    if requests == 0 and source.value[0] >= goal_of(best) / unit:
        return take_state(rule, candidates, search, core, size, histories, source, 0, trial), states
    for position in range(requests):
        count = source.used[0]
        if 2 * count > room or states + 2 * count > most_states:
            return False, states
        outlook = Outlook(adds_at[position + 1], leaves_at[position + 1])
        found = decide_next(source, target, histories, core, position, outlook, goal_of(best) / unit)
        states += target.used[0]
        if found != NOTHING and not take_state(rule, candidates, search, core, size, histories, target, found, trial):
            return False, states
        source, target = target, source
        if source.used[0] == 0:
            break
    return True, states


@compiled_apart
def take_state(
    rule: Rule,
    candidates: Candidates,
    search: Search,
    core: Core,
    size: int,
    histories: Histories,
    states: States,
    found: int,
    trial: NDArray[np.bool_],
) -> bool:
    """Make the batch of a state the incumbent; False if the rule rejects it. `trial` is room for a batch."""
    write_trial(search, core, size, histories, states.history[found], trial)
    if not batch_is_feasible(rule, candidates, trial):
        return False
    best = search.best
    for i in range(len(trial)):
        best.selected[i] = trial[i]
    best.value[0] = states.value[found] * (best.step if best.step > 0.0 else 1.0)
    return True


@compiled_allocating
def outlooks(core: Core) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(m + 1,) each, what `Outlook` says once the first k requests are decided."""
    requests = len(core.request)
    adds_at, leaves_at = np.zeros(requests + 1), np.empty(requests + 1)
    leaves_at[requests] = np.inf
    for position in range(requests - 1, -1, -1):
        adds_at[position], leaves_at[position] = adds_at[position + 1], leaves_at[position + 1]
        if core.taken[position]:
            leaves_at[position] = min(leaves_at[position], core.efficiency[position])
        else:
            adds_at[position] = max(adds_at[position], core.efficiency[position])
    return adds_at, leaves_at


@compiled
def write_trial(
    search: Search, core: Core, size: int, histories: Histories, history: int, trial: NDArray[np.bool_]
) -> None:
    """Write the batch of a state: what the relaxation takes, with the requests of a history turned round."""
    trial[:] = False
    for i in range(size):
        if search.relaxation.free[i] and search.relaxation.state[i] == AT_ONE:
            trial[search.levels.among[i]] = True
    while history != NOTHING:
        candidate = search.levels.among[core.request[histories.turned[history]]]
        trial[candidate] = not trial[candidate]
        history = histories.before[history]
