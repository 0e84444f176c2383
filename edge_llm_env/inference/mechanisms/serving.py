"""What a pass, a batch and memory cost with mechanisms: each maps the cost that the ones before it leave.

Order: what changes the model, what changes terms, what divides them among modules, what streams, and last what a pass
yields. Without mechanisms it is the plain model, to the last bit.
"""

from __future__ import annotations

from edge_llm_env.inference.batch_cost import AffineCost, Polynomial
from edge_llm_env.inference.factors.fitted import Effects, apart, held_terms, overlapped
from edge_llm_env.inference.factors.fitted import iteration_s as plain_iteration_s
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import (
    attention_products,
    cache_passes,
    kv_traffic,
    linear_flops,
    weight_traffic,
)
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.mechanisms import (
    attention,
    images,
    kv_cache,
    offloading,
    parallelism,
    pruning,
    speculation,
)
from edge_llm_env.inference.mechanisms.chosen import Mechanisms
from edge_llm_env.inference.mechanisms.terms import Terms
from edge_llm_env.inference.work import kv_bytes_per_token, weight_bytes

MORE_TERMS = {
    "scores": "scores of attention that go to memory and back",
    "encoder": "encoding images",
    "links": "what modules tell each other",
    "streams": "waiting for what streams from elsewhere",
    "drafts": "drafting tokens",
}
"""Terms of time beside those of the plain model, and what they mean."""


def total(terms: Terms) -> IterationCost:
    """The sum of an iteration's terms."""
    cost = IterationCost()
    for term in terms.values():
        cost = cost.plus(term)
    return cost


def served_terms(case: Case, known: Effects, mechanisms: Mechanisms, *, modules: int, largest_batch: int) -> Terms:
    """Seconds of each term of a pass by which a sequence gets its tokens, drafts and links apart.

    A pass verifies what was drafted. Where modules work in parallel, terms are those of one of them.
    """
    parallel, cache, pruned = mechanisms.parallelism, mechanisms.kv_cache, mechanisms.pruning
    plain = case
    case = cached(case, mechanisms)
    terms = apart(case, known, modules=1 if parallel is not None else modules, largest_batch=largest_batch)
    if mechanisms.attention == "unfused":
        moved = kv_bytes_per_token(case.decoder, case.precision) * cache_passes(case.decoder, case.engine)
        per_byte_s = terms["kv_cache"].prefill_token / moved
        terms["scores"] = attention.scores(case.decoder, per_byte_s)
    if cache is not None:
        terms = kv_cache.attended(terms, cache, plain.precision)
    if pruned is not None:
        terms = pruning.skipping(terms, pruned, case.decoder, case.precision, case.device)
    if mechanisms.speculation is not None:
        terms = speculation.verifying(terms, case, tokens_per_pass(mechanisms), largest_batch)
    if parallel is not None:
        terms = parallelism.divided(terms, case.decoder, parallel)
    return overlapped(terms)


def cached(case: Case, mechanisms: Mechanisms) -> Case:
    """The case with the bits that its KV cache has."""
    cache = mechanisms.kv_cache
    return case if cache is None else case._replace(precision=cache.precision_of(case.precision))


def tokens_per_pass(mechanisms: Mechanisms) -> int:
    """Tokens of each sequence that decodes in a pass: one, or those drafted and the one after them."""
    return 1 if mechanisms.speculation is None else mechanisms.speculation.draft_tokens + 1


def time_terms(
    case: Case, known: Effects, mechanisms: Mechanisms, *, modules: int = 1, largest_batch: int = 1
) -> dict[str, IterationCost]:
    """Seconds of each term of a pass, `MORE_TERMS` among them; per token of a sequence, where a pass yields several.

    Raises ValueError, one line, where the modules cannot be parallel as is asked for.
    """
    parallel, speculated, offloaded = mechanisms.parallelism, mechanisms.speculation, mechanisms.offloading
    if parallel is not None:
        parallel.check(case.decoder, modules)
    terms = dict(served_terms(case, known, mechanisms, modules=modules, largest_batch=largest_batch))
    if parallel is not None:
        terms["links"] = parallelism.communication_s(case.decoder, parallel, tokens_per_pass(mechanisms))
        terms = {term: parallelism.filling(cost, parallel) for term, cost in terms.items()}
    if offloaded is not None:
        links = modules if parallel is None else modules // parallel.data
        plain = total(terms)
        weights, cache = _moved(case, mechanisms, largest_batch)
        share = offloaded.weights_share(_all_weights_bytes(case, mechanisms))
        longer = offloading.streamed(plain, weights, cache, offloaded, share=share, links=links)
        terms["streams"] = longer.plus(plain.scaled(-1.0))
    if speculated is not None:
        draft = speculated.draft_of(case)
        nothing = IterationCost()
        drafts = nothing if draft is None else plain_iteration_s(draft, known, largest_batch=largest_batch)
        terms = {term: speculation.speculated(cost, nothing, speculated) for term, cost in terms.items()}
        terms["drafts"] = speculation.speculated(nothing, drafts, speculated)
    if mechanisms.images is not None:
        tokens = mechanisms.images.kept_tokens(case.decoder)
        terms = {term: images.longer(cost, tokens) for term, cost in terms.items()}
        pooled = 1 if parallel is not None else modules
        per_flop_s = _per_flop_s(apart(case, known, modules=pooled), case)
        terms["encoder"] = IterationCost(prefill_sequence=mechanisms.images.encoder_flops * per_flop_s)
    return terms


def _moved(case: Case, mechanisms: Mechanisms, largest_batch: int) -> tuple[IterationCost, IterationCost]:
    """Bytes of weights, as stored, and of cache, as kept, that a pass of one copy of the model needs."""
    case = cached(case, mechanisms)
    weights = weight_traffic(case.decoder, case.precision, largest_batch)
    cache = kv_traffic(case.decoder, case.precision)
    if mechanisms.pruning is not None:
        weights = weights.scaled(pruning.read_share(mechanisms.pruning, case.decoder, case.precision))
    return weights, cache if mechanisms.kv_cache is None else cache.scaled(mechanisms.kv_cache.kept_share)


def _all_weights_bytes(case: Case, mechanisms: Mechanisms) -> float:
    """Bytes of the weights as stored, in all copies of the model."""
    whole = weight_bytes(case.decoder, case.precision)
    if mechanisms.pruning is not None:
        whole *= pruning.held_share(mechanisms.pruning, case.decoder, case.precision)
    return whole if mechanisms.parallelism is None else mechanisms.parallelism.data * whole


def _per_flop_s(terms: Terms, case: Case) -> float:
    """Time of a product as prompts are multiplied; as single tokens, where an engine takes prompts token by token."""
    prefill, flops = terms["prefill_compute"].prefill_token, linear_flops(case.decoder)
    if prefill:
        return prefill / flops.prefill_token
    return terms["compute"].decode_sequence / flops.decode_sequence


def iteration_s(
    case: Case, known: Effects, mechanisms: Mechanisms, *, modules: int = 1, largest_batch: int = 1
) -> IterationCost:
    """Seconds of a pass, the sum of `time_terms`."""
    return total(time_terms(case, known, mechanisms, modules=modules, largest_batch=largest_batch))


def batch_s(cost: IterationCost, mechanisms: Mechanisms) -> AffineCost:
    """Seconds of a batch, of its passes; of groups that share it, a bound."""
    batch = cost.of_batch()
    parallel = mechanisms.parallelism
    return batch if parallel is None or parallel.groups == 1 else parallelism.among(batch, parallel.groups)


def memory_bytes(case: Case, known: Effects, mechanisms: Mechanisms, *, modules: int = 1) -> AffineCost:
    """Bytes that a batch holds in the memory of all modules, weights and runtime included."""
    case = cached(case, mechanisms)
    terms = held_terms(case, known, modules=modules)
    if mechanisms.pruning is not None:
        terms = pruning.held(terms, mechanisms.pruning, case.decoder, case.precision)
    if mechanisms.kv_cache is not None:
        terms = kv_cache.held(terms, mechanisms.kv_cache)
    if mechanisms.attention == "unfused":
        terms["held_scores"] = attention.held_scores(case.decoder)
    if mechanisms.offloading is not None:
        share = mechanisms.offloading.weights_share(_all_weights_bytes(case, mechanisms))
        terms = offloading.held(terms, case.decoder, mechanisms.offloading, share)
    if mechanisms.speculation is not None and (draft := mechanisms.speculation.draft_of(case)) is not None:
        drafts = held_terms(draft, known)
        own = mechanisms.speculation.own_weights_share(case)
        terms |= {"draft_weights": drafts["held_weights"].scaled(own), "draft_cache": drafts["held_cache"]}
    if mechanisms.parallelism is not None:
        terms = parallelism.held(terms, case.decoder, mechanisms.parallelism)
    held = AffineCost(Polynomial(), Polynomial())
    for cost in terms.values():
        held = held.plus(cost)
    if mechanisms.images is not None:
        encoder = AffineCost(Polynomial(constant=2.0 * mechanisms.images.encoder_weights), Polynomial())
        held = images.longer_held(held, mechanisms.images.kept_tokens(case.decoder)).plus(encoder)
    return held


def work(case: Case, mechanisms: Mechanisms, *, largest_batch: int = 1) -> tuple[IterationCost, IterationCost]:
    """FLOPs of a pass and bytes that it moves in the modules' memory; per token, where it yields several."""
    plain = case
    case = cached(case, mechanisms)
    amounts = _amounts(case, largest_batch)
    if mechanisms.attention == "unfused":
        amounts["weights"] = amounts["weights"].plus(attention.scores(case.decoder, 1.0))
    if mechanisms.kv_cache is not None:
        amounts = kv_cache.attended(amounts, mechanisms.kv_cache, plain.precision)
    if mechanisms.pruning is not None:
        amounts = pruning.skipping(amounts, mechanisms.pruning, case.decoder, case.precision, case.device)
    speculated, parallel = mechanisms.speculation, mechanisms.parallelism
    if speculated is not None:
        amounts = speculation.verifying(amounts, case, tokens_per_pass(mechanisms), largest_batch)
    if parallel is not None:
        amounts["weights"] = parallelism.copied(amounts["weights"], parallel)
        amounts["kv_cache"] = amounts["kv_cache"].scaled(parallelism.cache_copies(case.decoder, parallel))
    flops, moved = amounts["compute"], amounts["weights"].plus(amounts["kv_cache"])
    if speculated is not None:
        draft = speculated.draft_of(case)
        drafts = {"compute": IterationCost(), "weights": IterationCost(), "kv_cache": IterationCost()}
        if draft is not None:
            drafts = _amounts(draft, largest_batch)
        flops = speculation.speculated(flops, drafts["compute"], speculated)
        moved = speculation.speculated(moved, drafts["weights"].plus(drafts["kv_cache"]), speculated)
    if mechanisms.images is not None:
        tokens = mechanisms.images.kept_tokens(case.decoder)
        encoder = IterationCost(prefill_sequence=mechanisms.images.encoder_flops)
        flops, moved = images.longer(flops, tokens).plus(encoder), images.longer(moved, tokens)
    return flops, moved


def _amounts(case: Case, largest_batch: int) -> dict[str, IterationCost]:
    return {
        "compute": linear_flops(case.decoder).plus(attention_products(case.decoder)),
        "weights": weight_traffic(case.decoder, case.precision, largest_batch),
        "kv_cache": kv_traffic(case.decoder, case.precision).scaled(cache_passes(case.decoder, case.engine)),
    }
