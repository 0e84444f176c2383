from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import ScenarioError, load_scenario
from edge_llm_env.inference.factors.experts import experts_read
from edge_llm_env.inference.factors.fitted import fitted_effects
from edge_llm_env.inference.factors.terms import weight_traffic
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms
from edge_llm_env.inference.mechanisms.serving import iteration_s, work
from edge_llm_env.inference.mechanisms.speculation import Speculation, speculated, verifying
from edge_llm_env.inference.published.comparison import case_of, decode_s

VERIFY = IterationCost(
    decode_pass=7.0, decode_sequence=0.5, decode_context=1e-3, prefill_pass=9.0, prefill_token=0.1, prefill_sequence=0.2
)
DRAFT = IterationCost(decode_pass=0.3, decode_sequence=0.02, decode_context=1e-4, prefill_pass=0.4, prefill_token=0.01)


class Certain(Speculation):
    """Drafts of which always as many are accepted, so that steps can be counted."""

    certain_tokens: int

    @property
    def tokens_per_step(self) -> float:
        return float(self.certain_tokens)


@pytest.mark.parametrize(("k", "m"), [(1, 1), (3, 1), (3, 2), (3, 4), (7, 5)])
def test_a_batch_costs_what_its_steps_add_up_to(k: int, m: int):
    prompts, outputs = [10, 300, 77], [1 + 2 * m, 1 + 6 * m, 1 + 6 * m]
    chunks = [(s, 0, True) for s in prompts]
    total = VERIFY.of_pass(chunks=chunks) + DRAFT.of_pass(chunks=chunks)
    done = [1, 1, 1]
    while any(now < n for now, n in zip(done, outputs, strict=True)):
        alive = [i for i in range(3) if done[i] < outputs[i]]
        total += VERIFY.of_pass(contexts=[prompts[i] + done[i] + k for i in alive])
        total += sum(DRAFT.of_pass(contexts=[prompts[i] + done[i] + j for i in alive]) for j in range(k))
        done = [now + m if now < n else now for now, n in zip(done, outputs, strict=True)]
    cost = speculated(VERIFY, DRAFT, Certain(draft_tokens=k, acceptance=0.5, certain_tokens=m)).of_batch()
    affine = cost.base(max(prompts), max(outputs)) + sum(map(cost.marginal, prompts, outputs))
    assert affine == pytest.approx(total, rel=1e-12)


def test_steps_of_a_request_are_as_many_as_expected_and_at_most_one_draft_more():
    k, alpha, n = 4, 0.6, 60
    chain = Speculation(draft_tokens=k, acceptance=alpha)
    rng = np.random.default_rng(0)
    steps = np.zeros(4000)
    left = np.full(4000, n - 1)
    while (left > 0).any():
        accepted = np.cumprod(rng.random((4000, k)) < alpha, axis=1).sum(axis=1)
        steps += left > 0
        left -= accepted + 1
    expected, spread = (n - 1) / chain.tokens_per_step, steps.std() / np.sqrt(len(steps))
    assert expected - 4 * spread <= steps.mean() <= expected + k / chain.tokens_per_step + 4 * spread


def test_tokens_per_step_by_hand():
    # 1 + 0.5 + 0.25 + 0.125
    assert Speculation(draft_tokens=3, acceptance=0.5).tokens_per_step == 1.875
    assert Speculation(draft_tokens=3, acceptance=0.0).tokens_per_step == 1.0


def test_worked_example_at_batch_one():
    """Verifying costs a pass, drafting k small ones; the request gets m tokens for both (Leviathan et al.)."""
    alpha, k, c = 0.8, 4, 0.05
    verify, draft = IterationCost(decode_pass=1.0), IterationCost(decode_pass=c)
    speed_up = 1.0 / speculated(verify, draft, Speculation(draft_tokens=k, acceptance=alpha)).decode_pass
    assert speed_up == pytest.approx((1 - alpha ** (k + 1)) / ((1 - alpha) * (k * c + 1)))


def test_speculation_pays_while_weights_bind_and_loses_where_products_do():
    case = case_of("llama-3.1-8b", "w16a16", "h100-sxm", "vllm")
    chain = Mechanisms(speculation=Speculation(draft_tokens=5, acceptance=0.615))
    gains = [decode_s(case, NONE, (b, 300, 200)) / decode_s(case, chain, (b, 300, 200)) for b in (1, 8, 32, 128, 256)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 1.5 > 1.0 > gains[-1]


def test_a_lookup_takes_no_time_and_what_is_verified_does():
    case = case_of("llama-3.1-8b", "w16a16", "h100-sxm", "vllm")
    plain = iteration_s(case, fitted_effects(), NONE)
    lookup = Mechanisms(speculation=Speculation(draft="lookup", draft_tokens=3, acceptance=0.0))
    verified = iteration_s(case, fitted_effects(), lookup)
    assert verified.prefill_token == plain.prefill_token
    assert verified.decode_pass == pytest.approx(plain.decode_pass, rel=0.02)  # more of the products is hidden
    assert plain.decode_sequence < verified.decode_sequence < 4 * plain.decode_sequence
    flops, _ = work(case, lookup)
    assert flops.decode_context == pytest.approx(4 * work(case, NONE)[0].decode_context)


def test_a_mixture_reads_the_experts_of_all_tokens_that_are_verified():
    case = case_of("qwen3-30b-a3b", "w16a16", "h100-sxm", "vllm")
    unit = {"compute": IterationCost(decode_sequence=1.0)}
    for largest in (1, 2, 16):
        plain = weight_traffic(case.decoder, case.precision, largest)
        same = verifying(unit | {"weights": plain}, case, 1, largest)["weights"]
        assert same.decode_pass == pytest.approx(plain.decode_pass)
        assert same.decode_sequence == pytest.approx(plain.decode_sequence)
    more = verifying(unit | {"weights": weight_traffic(case.decoder, case.precision, 16)}, case, 4, 16)["weights"]
    per_expert = weight_traffic(case.decoder, case.precision, 1).decode_sequence / (
        experts_read(case.decoder, 2) - experts_read(case.decoder, 1)
    )
    added = (more.decode_pass + 16 * more.decode_sequence) - (more.decode_pass + more.decode_sequence)
    assert added == pytest.approx(per_expert * (experts_read(case.decoder, 64) - experts_read(case.decoder, 4)))


def test_variants_draft_one_by_one():
    draft = {"draft_tokens": 3, "acceptance": 0.615}
    weights = {"node.precision": "w16a16", "node.storage_bandwidth_bytes_per_s": 2e9}
    same = {"decoder": "llama-3.1-8b", "precision": "w16a16"}
    both = load_scenario("orin-llama-8b", **weights, **{"node.variants": [same, same | {"speculation": draft}]})
    drafting, plain = both.variants  # the cheaper first
    alone = load_scenario("orin-llama-8b", **weights)
    assert plain.batch_cost[0] == alone.batch_cost
    assert drafting.batch_cost[0] == load_scenario("orin-llama-8b", **weights, **{"node.speculation": draft}).batch_cost
    shorter = [same, same | {"speculation": draft | {"draft_tokens": 1}}]
    assert both.fingerprint() != load_scenario(both, **{"node.variants": shorter}).fingerprint()
    every = load_scenario(both, **{"node.speculation": draft})
    assert [one.batch_cost for one in every.variants] == 2 * [drafting.batch_cost]
    unknown = same | {"speculation": draft | {"draft": "nothing"}}
    with pytest.raises(ScenarioError, match=r"node\.variants\[0\]\.speculation\.draft = 'nothing'"):
        load_scenario(alone, **{"node.variants": [unknown]})
