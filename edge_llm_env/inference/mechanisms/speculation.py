"""Speculative decoding: a cheap draft proposes tokens, and the model verifies them in one pass.

With k drafted tokens, each accepted with probability α given those before it, a pass yields m = (1 - α^{k+1})/(1 - α)
tokens in expectation (Leviathan et al., arXiv 2211.17192). It verifies k + 1 tokens of each sequence: weights and
caches are read once, products are made k + 1 times. Per token everything is divided by m, so a step is cheaper by up to
m while weights bind and dearer by (k + 1)/m where products do, which is the loss at large batches.

Why the cost stays affine: a request of n tokens takes (n - 1)/m steps in expectation (Wald's identity; never fewer,
and at most k/m more, as the last step may overshoot), and a step is linear in what is in it. Of a batch the passes are
counted that its longest output is expected to take; the last of several to be done takes longer, by chance.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_llm_env.inference.catalog import is_path, load_decoder, load_precision
from edge_llm_env.inference.catalog.limits import check_context_limit, check_stored_precision
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.factors.experts import experts_read
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.factors.terms import weight_traffic
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.mechanisms.terms import Terms
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.inference.work import parameters
from edge_llm_env.support.paths.file_path import FilePath
from edge_llm_env.support.section import Section

DRAFT = "speculation.draft"
"""The field as errors name it."""

HEAD = "head"
"""A draft of one layer on top of the model's features, as EAGLE's; it uses the model's embeddings and output head."""

LOOKUP = "lookup"
"""A draft that copies what followed the same words before, and takes no time."""


DraftName = Annotated[
    str,
    FilePath(
        lambda name, folder: name not in (HEAD, LOOKUP) and is_path(name, folder),
        lambda path, _: load_decoder(path).model_dump(mode="json"),
    ),
]
"""HEAD, LOOKUP, or a decoder as `DecoderName` has it."""


class Speculation(Section):
    """A draft, how far it looks ahead, and how often it is right."""

    draft: DraftName = Field(
        default=HEAD,
        description='catalogue name of the draft\'s decoder, or path as of `node.decoder`; "head" for one layer on '
        'the model\'s own features, as EAGLE has; "lookup" for n-grams of the prompt, which take no time',
    )
    draft_precision: str | None = Field(
        default=None, description="catalogue name of the draft's precision; if none is given, w16a16"
    )
    draft_tokens: Annotated[int, Field(ge=1, le=64)] = Field(
        description="tokens that are drafted one after another and verified in one pass, k"
    )
    acceptance: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="probability that a drafted token is accepted, given that those before it were, α"
    )

    @property
    def tokens_per_step(self) -> float:
        """Tokens of a sequence that a step yields, in expectation: m = (1 - α^{k+1})/(1 - α)."""
        return (1.0 - self.acceptance ** (self.draft_tokens + 1)) / (1.0 - self.acceptance)

    def draft_of(self, case: Case) -> Case | None:
        """What drafts for the model of a case; None where nothing is computed.

        A ValueError names the draft where the catalogue has none.
        """
        if self.draft == LOOKUP:
            return None
        decoder = head_of(case.decoder) if self.draft == HEAD else load_decoder(self.draft, DRAFT)
        return case._replace(decoder=decoder, precision=self._precision)

    @property
    def _precision(self) -> Precision:
        return load_precision(self.draft_precision or "w16a16", f"{DRAFT}_precision")

    def check(self, longest_tokens: int) -> None:
        """Raise ValueError, naming the field, where a draft's decoder cannot serve contexts of so many tokens.

        Or where its checkpoint stores its weights in other bits than `draft_precision` has.
        """
        if self.draft in (HEAD, LOOKUP):
            return
        decoder = load_decoder(self.draft, DRAFT)
        check_stored_precision(decoder, self.draft, self._precision, f"{DRAFT}_precision")
        check_context_limit(decoder, self.draft, longest_tokens, DRAFT)

    def own_weights_share(self, case: Case) -> float:
        """Part of the draft's weights that is its own: a head shares the model's output head."""
        if self.draft != HEAD:
            return 1.0
        own = head_weights(case.decoder)
        return own / (own + case.decoder.vocabulary * case.decoder.d_model)


def head_of(decoder: DecoderConfig) -> DecoderConfig:
    """EAGLE's draft head: one dense layer, and a matrix of 2·d·d that joins features and embeddings (arXiv 2401.15077).

    It shares the output head, which a draft pass reads: of Llama-3.1-8B it has 0.25e9 weights of its own.
    """
    d = decoder.d_model
    return decoder.model_copy(
        update={
            "layers": 1,
            "d_ff": max(decoder.d_ff * decoder.experts_per_token + decoder.shared_d_ff, decoder.dense_d_ff),
            "experts": 1,
            "experts_per_token": 1,
            "shared_d_ff": 0,
            "dense_layers": 0,
            "dense_d_ff": 0,
            "tied_embeddings": True,
            "positions": 0,
            "window_layers": min(decoder.window_layers, 1),
            "window": decoder.window if decoder.window_layers else None,
            "other_weights": 2 * d * d,
        }
    )


def head_weights(decoder: DecoderConfig) -> float:
    """Weights that a draft head adds to the model's: those of a layer and of the joint, without the output head."""
    return parameters(head_of(decoder)) - decoder.vocabulary * decoder.d_model


def verifying(terms: Terms, case: Case, tokens: int, largest_batch: int) -> dict[str, IterationCost]:
    """The terms of an iteration in which each sequence has so many tokens in place of one.

    Weights and KV cache are read once; products are made for each token, of further ones as for a prompt, and of a
    mixture as many experts are read as that many tokens use. Bookkeeping is per token that a sequence gets, so it is
    left as it is.
    """
    changed = dict(terms)
    compute = terms["compute"]
    prompts = terms.get("prefill_compute", compute)
    further = prompts.prefill_token + prompts.prefill_sequence or compute.decode_sequence
    changed["compute"] = compute._replace(
        decode_sequence=compute.decode_sequence + (tokens - 1) * min(further, compute.decode_sequence),
        decode_context=compute.decode_context * tokens,
    )
    if case.decoder.experts > 1:
        read = weight_traffic(case.decoder, case.precision, largest_batch)
        more = _traffic(case, tokens, largest_batch)
        weights = terms["weights"]
        each = weights.decode_pass / read.decode_pass
        changed["weights"] = weights._replace(
            decode_pass=each * more.decode_pass, decode_sequence=each * more.decode_sequence
        )
    return changed


def _traffic(case: Case, tokens: int, largest_batch: int) -> IterationCost:
    """`weight_traffic` of a mixture where each sequence has so many tokens: the chord from one sequence to the most."""
    decoder = case.decoder
    last = max(largest_batch, 2)
    alone, all_of_them = experts_read(decoder, tokens), experts_read(decoder, tokens * last)
    each = (all_of_them - alone) / (last - 1)
    one = weight_traffic(decoder, case.precision, 1)  # its chord goes from one sequence to two
    per_expert = one.decode_sequence / (experts_read(decoder, 2) - experts_read(decoder, 1))
    first = one.decode_pass + one.decode_sequence - per_expert * experts_read(decoder, 1)
    return IterationCost(decode_pass=first + per_expert * (alone - each), decode_sequence=per_expert * each)


def speculated(verify: IterationCost, draft: IterationCost, speculation: Speculation) -> IterationCost:
    """The cost per token of a sequence, of passes that verify k + 1 tokens and of k passes of the draft before each.

    Where t tokens are done, a step verifies at a context of s + t + k tokens and drafts at s + t, ..., s + t + k - 1;
    with t = 1, 1 + m, 1 + 2m, ... these sum to a request's contexts, (n - 1)(s + n/2), over m, and per step
    k + (1 - m)/2 and k·((1 - m)/2 + (k - 1)/2) tokens more. The draft also prefills the prompt.
    """
    m, k = speculation.tokens_per_step, speculation.draft_tokens
    more = verify.decode_context * (k + 0.5 * (1.0 - m)) + draft.decode_context * k * 0.5 * (k - m)
    return IterationCost(
        decode_pass=(verify.decode_pass + k * draft.decode_pass) / m,
        decode_sequence=(verify.decode_sequence + k * draft.decode_sequence + more) / m,
        decode_context=(verify.decode_context + k * draft.decode_context) / m,
        prefill_pass=verify.prefill_pass + draft.prefill_pass,
        prefill_token=verify.prefill_token + draft.prefill_token,
        prefill_pair=verify.prefill_pair + draft.prefill_pair,
        prefill_sequence=verify.prefill_sequence + draft.prefill_sequence,
    )
