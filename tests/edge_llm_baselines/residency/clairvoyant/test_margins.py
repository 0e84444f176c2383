"""Flows of time against linear programmes, and that what epochs add to those before is a bound on all together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_baselines.residency.clairvoyant.margins import Waiting, flow, times_of
from edge_llm_env import draw_workloads, load_scenario
from tests.support.allocation import tiers


def random_case(seed: int) -> tuple[Waiting, np.ndarray]:
    """Requests that wait for epochs in a row, those of most weight per time first, and the time of the epochs."""
    rng = np.random.default_rng(seed)
    epochs, size = int(rng.integers(1, 6)), int(rng.integers(1, 9))
    ends = np.sort(rng.integers(0, epochs, (size, 2)), axis=1)
    takes_s, weight = rng.uniform(0.2, 2.0, size), rng.uniform(0.0, 1.0, size)
    order = np.argsort(-weight / takes_s)
    waiting = Waiting(order, ends[order, 0], ends[order, 1], takes_s[order], (weight / takes_s)[order])
    return waiting, rng.uniform(0.0, 2.0, epochs) * (rng.random(epochs) < 0.8)


def by_programme(waiting: Waiting, has_s: np.ndarray) -> float:
    """The same by HiGHS: seconds of each epoch for each request."""
    size, epochs = len(waiting.request), len(has_s)
    late = np.arange(epochs)
    allowed = (waiting.first[:, None] <= late) & (late <= waiting.last[:, None])
    rows = [np.repeat(np.eye(size)[i], epochs) for i in range(size)]
    rows += [np.tile(np.eye(epochs)[t], size) for t in range(epochs)]
    found = linprog(
        -np.repeat(waiting.per_s, epochs),
        A_ub=np.array(rows),
        b_ub=np.concatenate([waiting.takes_s, has_s]),
        bounds=[(0.0, None if one else 0.0) for one in allowed.reshape(-1)],
    )
    return -found.fun


@pytest.mark.parametrize("seed", range(60))
def test_a_flow_is_the_optimum_of_its_programme(seed: int):
    waiting, has_s = random_case(seed)
    taken_s = np.zeros(len(waiting.request))
    assert flow(waiting, has_s, taken_s) == pytest.approx(by_programme(waiting, has_s), abs=1e-7)
    assert (taken_s <= waiting.takes_s + 1e-12).all()


@pytest.mark.parametrize("seed", range(200))
def test_what_epochs_add_to_few_before_is_at_least_what_they_serve_together(seed: int):
    waiting, has_s = random_case(seed)
    rng = np.random.default_rng(1000 + seed)
    taken_s = np.zeros(len(waiting.request))
    for looks_back in range(3):
        total = 0.0
        for epoch in range(len(has_s)):
            known = np.zeros(len(has_s))
            known[max(0, epoch - looks_back) : epoch] = has_s[max(0, epoch - looks_back) : epoch]
            known *= rng.random(len(has_s)) < 0.7  # less than there was may be reckoned
            before = flow(waiting, known, taken_s)
            known[epoch] = has_s[epoch]
            total += flow(waiting, known, taken_s) - before
        assert total >= flow(waiting, has_s, taken_s) - 1e-9


@pytest.mark.parametrize("scenario", [tiers(), load_scenario("specialists-compute", **{"epoch.episode_epochs": 4})])
def test_batches_take_no_more_time_than_modules_have(scenario):
    """Random batches that a variant can serve: the times reckoned of their requests fit the time reckoned of it."""
    (workload,) = draw_workloads(scenario, 1, 0)
    episode = ModulesEpisode.of_workload(scenario, workload, keeps_split=True)
    times, offers, rng = times_of(episode), episode.offers, np.random.default_rng(0)
    checked = 0
    for _ in range(300):
        variant, count = int(rng.integers(len(scenario.variants))), int(rng.integers(1, scenario.node.modules + 1))
        cost = scenario.variants[variant].batch_cost[count - 1].compute_s
        epoch = int(rng.integers(len(offers.first) - 1))
        members = [o for o in range(offers.first[epoch], offers.first[epoch + 1]) if episode.able[o, variant]]
        rng.shuffle(members)
        batch: list[int] = []
        for offer in members:
            s, n = (np.array(column)[[*batch, offer]] for column in offers.candidates[:2])
            t_s = cost.base(s.max(), n.max()) + sum(map(cost.marginal, s, n))
            if t_s <= min(episode.params.window_s, offers.candidates.slack_s[[*batch, offer]].min()):
                batch.append(offer)
        assert times.takes_s[batch, variant].sum() <= times.has_s[variant, count, 0] + 1e-6
        checked += len(batch) > 1
    assert checked > 20
