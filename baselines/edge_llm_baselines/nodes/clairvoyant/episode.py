"""A whole episode of a network in hindsight: what each of its servers could serve, and when."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_llm_baselines.hindsight.episode import EpisodeProblem, Offers
from edge_llm_baselines.nodes.clairvoyant.batches import NetworkBatches
from edge_llm_baselines.nodes.clairvoyant.replay import Replayed
from edge_llm_baselines.nodes.clairvoyant.servers import OneModelServer, PlacingServer, Server
from edge_llm_baselines.residency.clairvoyant.episode import ModulesEpisode
from edge_llm_env.dynamics.modules import variant_rule
from edge_llm_env.dynamics.params import rule_of
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.nodes.params import network_params, node_at
from edge_llm_env.nodes.workload import at_server
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.workload.workload import Workload


class NetworkEpisode(NamedTuple):
    """The episode of each server, all of the same requests; every one has slots for all that are pending."""

    servers: tuple[EpisodeProblem | ModulesEpisode, ...]
    """Where models are placed, a `ModulesEpisode` of each node."""
    requests: int
    """N, requests on the workload."""

    @classmethod
    def of_workload(cls, scenario: Scenario, workload: Workload) -> NetworkEpisode:
        """The episode of a network on a workload; raises as those of its servers do."""
        params = network_params(scenario)
        servers: list[EpisodeProblem | ModulesEpisode] = []
        for server in range(params.servers):
            cell = scenario.cells[min(server, params.cells - 1)]
            there = at_server(scenario, server, workload)
            if params.places and server < params.cells:
                first = server * params.modules
                hosts = (first + np.arange(params.modules)) % params.variants
                servers.append(ModulesEpisode.of_workload(cell, there, keeps_split=False)._replace(hosts=hosts))
            else:
                servers.append(EpisodeProblem.of_workload(cell, there, node_at(params.nodes, server)))
        return cls(tuple(servers), workload.requests)

    def relaxed(self) -> list[Server]:
        """The servers as the bound asks them."""
        return [
            PlacingServer.of(server) if isinstance(server, ModulesEpisode) else OneModelServer(server)
            for server in self.servers
        ]

    def batches(self, played: Replayed | None = None) -> NetworkBatches:
        """All batches of the episode as one problem, of what nodes hold in an episode that was played.

        Raises ValueError for nodes of several modules, which compute several batches at once.
        """
        rules, offers = [], []
        for at, server in enumerate(self.servers):
            if isinstance(server, ModulesEpisode):
                if played is None or played.held.shape[2] != 1:
                    raise ValueError("episode: what nodes hold must be known, of one module each")
                of_node, there = _of_what_is_held(server, played.held[:, at, 0], played.ready_s[:, at, 0])
            else:
                of_node, there = [server.rule] * server.epochs, server.offers
            rules.append(of_node)
            offers.append(there)
        return NetworkBatches.of_servers(rules, offers, self.requests)


def _of_what_is_held(episode: ModulesEpisode, held: np.ndarray, ready_s: np.ndarray) -> tuple[list[Rule], Offers]:
    """A node's rule in every epoch, and the offers to it, where its module holds a variant, (epochs,), from then on."""
    params, all_offers, rule = episode.params, episode.offers, rule_of(episode.params)
    delay_s = np.maximum(0.0, ready_s - params.uplink_s)
    rules = [
        variant_rule(rule, params, int(variant), 1, max(0.0, rule.window_s - delay))
        for variant, delay in zip(held.tolist(), delay_s.tolist(), strict=True)
    ]
    epoch = all_offers.epoch
    serving = (rule.window_s - delay_s > 0.0)[epoch]
    kept = serving & episode.able[np.arange(len(epoch)), held[epoch]]
    candidates = Candidates(*(field[kept] for field in all_offers.candidates))
    candidates = candidates._replace(slack_s=candidates.slack_s - delay_s[epoch[kept]])
    first = np.searchsorted(epoch[kept], np.arange(len(all_offers.first)))
    return rules, Offers(all_offers.request[kept], epoch[kept], first, candidates)
