"""`Bandwidth-v0` where uploads carry over, once more in plain Python.

Written from `docs/model.md` and the environment's page, on the reference node, and sharing no code with the kernels.
"""

from __future__ import annotations

import math

from edge_llm_env import Scenario, Workload
from tests.references.plain_node import TOLERANCE, Request
from tests.references.plain_simulator import ReferenceSimulator


class UploadSimulator(ReferenceSimulator):
    """One episode; the node computes, where shares are granted, in order of arrival."""

    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self.sent_bits = dict.fromkeys(range(workload.requests), 0.0)
        super().__init__(scenario, workload)
        self.distance_m = workload.distance_m.reshape(workload.requests, -1)
        whole = self.node.uplink_share
        self.node.uplink_share = lambda request: whole(request) * self.rest_bits(request) / self.bits(request)  # type: ignore[method-assign]

    def bits(self, request: Request) -> float:
        return request.prompt_tokens * self.scenario.radio.uplink_bits_per_token

    def rest_bits(self, request: Request) -> float:
        return self.bits(request) - self.sent_bits[request.index]

    # --- values

    def step_values(self, action: list[float]) -> float:
        """The batch of the values, and what it leaves of the uplink to the others in the same order."""
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        split = action[-1]
        wanted = [slot for slot in range(len(self.visible)) if action[slot] > -1.0]
        alive = [slot for slot in wanted if math.isfinite(self.node.uplink_share(self.visible[slot]))]
        order = sorted(alive, key=lambda slot: -(1.0 + action[slot]) / self.node.uplink_share(self.visible[slot]))
        batch = self._most_valuable(order, action, max(0.0, split))
        spare = self._spare(batch) * (1.0 + min(0.0, split))
        rest = [self.visible[slot] for slot in order if self.visible[slot] not in batch]
        self.not_admitted = len(wanted) - len(batch)
        used = 0.0
        grants = []
        for request in rest:
            grant = min(spare - used, self._usable(request))
            grants.append((request, grant))
            used += grant
        self._finish(batch, grants, used)
        return sum(self.reward_terms.values())

    def _most_valuable(self, order: list[int], action: list[float], kept: float) -> list[Request]:
        servable = [slot for slot in order if self.node.can_serve([self.visible[slot]], self.start_s)]
        slacks = sorted({self.node.slack_s(self.visible[slot], self.start_s) for slot in servable})
        best, most = [], 0.0
        for least in slacks:
            batch: list[Request] = []
            value = 0.0
            for slot in servable:
                request = self.visible[slot]
                if self.node.slack_s(request, self.start_s) >= least and self._fits([*batch, request], kept):
                    batch.append(request)
                    value += 1.0 + action[slot]
            if value > most:
                best, most = batch, value
            if all(self.node.slack_s(request, self.start_s) >= self.node.window_s for request in batch):
                break  # no slack keeps anybody out
        return best

    def _fits(self, batch: list[Request], kept: float) -> bool:
        node = self.node
        if not node.can_compute(batch, self.start_s):
            return False
        uplink, downlink = sum(map(node.uplink_share, batch)) + kept, sum(map(node.downlink_share, batch))
        taken_s = node.parts_s(batch) + node.compute_s(batch) + (kept * node.uplink_s if node.flexible else 0.0)
        limits = [node.window_s, *(node.slack_s(request, self.start_s) for request in batch)]
        return max(uplink, downlink) <= 1 + TOLERANCE and all(taken_s <= limit * (1 + TOLERANCE) for limit in limits)

    def _spare(self, batch: list[Request]) -> float:
        node = self.node
        spare = max(0.0, 1.0 - sum(map(node.uplink_share, batch)))
        if node.flexible:
            limit_s = min([node.window_s, *(node.slack_s(request, self.start_s) for request in batch)])
            taken_s = node.parts_s(batch) + node.compute_s(batch) if batch else 0.0
            spare = min(spare, max(0.0, limit_s - taken_s) / node.uplink_s)
        return spare

    def _usable(self, request: Request) -> float:
        """The share with which a request sends all but its last token."""
        left_bits = max(0.0, self.rest_bits(request) - self.scenario.radio.uplink_bits_per_token)
        share = self.node.uplink_share(request)
        return share * left_bits / self.rest_bits(request) if math.isfinite(share) else 0.0

    # --- shares, in parts of fixed length

    def step_shares(self, action: list[float]) -> float:
        """Who is granted enough both ways is computed, in order of arrival; the others send with what they have."""
        self.reward_terms = dict.fromkeys(self.reward_terms, 0.0)
        slots = self.scenario.epoch.visible_slots
        bands = []
        for first in (0, slots):
            shares = [(1.0 + action[first + slot]) / 2.0 for slot in range(len(self.visible))]
            total = sum(shares)
            bands.append([share if total <= 1 + TOLERANCE else share / total for share in shares])
        batch: list[Request] = []
        for slot, request in enumerate(self.visible):
            enough = bands[0][slot] >= self.node.uplink_share(request) and bands[1][slot] >= self.node.downlink_share(
                request
            )
            if enough and self.node.can_compute([*batch, request], self.start_s):
                batch.append(request)
        granted = [slot for slot in range(len(self.visible)) if bands[0][slot] > 0 or bands[1][slot] > 0]
        self.not_admitted = len(granted) - len(batch)
        grants = [
            (request, min(bands[0][slot], self._usable(request)))
            for slot, request in enumerate(self.visible)
            if request not in batch
        ]
        self._finish(batch, grants, 0.0)
        self.utilisation["uplink"], self.utilisation["downlink"] = sum(bands[0]), sum(bands[1])
        return sum(self.reward_terms.values())

    def _finish(self, batch: list[Request], grants: list[tuple[Request, float]], used: float) -> None:
        for request in batch:
            self._admit(self.visible.index(request))
        sends = [
            (request, grant * self.rest_bits(request) / self.node.uplink_share(request))
            for request, grant in grants
            if grant > 0
        ]
        use = self._use_of(batch)
        for request, bits in sends:
            self.sent_bits[request.index] += bits
        self.epochs += 1
        self._begin_epoch()
        for request in batch:
            self.sent_bits[request.index] = self.bits(request)
        self.utilisation = use
        self.utilisation["uplink"] += used
        if self.node.flexible:
            self.utilisation["compute"] += used * self.node.uplink_s / self.node.window_s

    # --- what is seen

    def uploads(self) -> list[dict[str, float]]:
        """The features of uploads, by name, of every visible slot; of what is to come where users are on a road."""
        return [self._upload(request) for request in self.visible]

    def _upload(self, request: Request) -> dict[str, float]:
        share = self.node.uplink_share(request)
        features = {
            "sent": self.sent_bits[request.index] / self.bits(request),
            "upload": share / (1.0 + share) if math.isfinite(share) else 1.0,
        }
        expected = self._expected_gains(request)
        for name, gain in (
            ("rate_to_best", max(expected, default=None)),
            ("rate_to_mean", sum(expected) / len(expected) if expected else None),
        ):
            if gain is None:
                features[name] = 1.0
            else:
                now, then = self._rate(self._gain(request)), self._rate(gain)
                features[name] = now / (now + then)
        return features

    def _gain(self, request: Request) -> float:
        return request.uplink_gains[min(request.epochs_pending, len(request.uplink_gains) - 1)]

    def _rate(self, gain: float) -> float:
        radio = self.scenario.radio
        noise_w = 10 ** (radio.noise_dbm_per_hz / 10) / 1000 * radio.uplink_bandwidth_hz
        return math.log2(1 + 10 ** (radio.device_power_dbm / 10) / 1000 * gain / noise_w)

    def _expected_gains(self, request: Request) -> list[float]:
        """Of the later epochs in which it could still be computed, on a road with averaged fading."""
        radio, epoch_s = self.scenario.radio, self.scenario.epoch.epoch_s
        slack_s = self.node.slack_s(request, self.start_s) - self.node.compute_s([request])
        blocks = self.distance_m.shape[1]
        later = min(max(0, int(slack_s / epoch_s)), blocks)
        loss = radio.path_loss
        variance = (loss.shadowing_db * math.log(10) / 10) ** 2
        speed = (radio.road.min_speed_m_per_s + radio.road.max_speed_m_per_s) / 2

        def usual(block: int) -> float:
            kilometres = self.distance_m[request.index, min(block, blocks - 1)] / 1000
            return 10 ** (-(loss.intercept_db + loss.slope_db * math.log10(kilometres)) / 10) * math.exp(variance / 2)

        now = request.epochs_pending
        above = self._gain(request) / usual(now) - 1
        gains = []
        for k in range(1, later + 1):
            kept = math.exp(-speed * epoch_s * k / radio.road.shadowing_correlation_m)
            correlation = (math.exp(variance * kept) - 1) / (math.exp(variance) - 1)
            gains.append(usual(now + k) * (1 + correlation * above))
        return gains
