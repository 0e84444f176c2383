import math

import pytest
import torch

from edge_llm_agents.machine.decoder import Piece, TorchDecoder
from edge_llm_agents.machine.products import Product
from edge_llm_env.inference.decoder import DecoderConfig
from tests.edge_llm_agents.machine.support import TINY, greedy

SMALL = TINY.model_copy(update={"vocabulary": 97})


def decoder(config: DecoderConfig = SMALL, slots: int = 4, positions: int = 64) -> TorchDecoder:
    return TorchDecoder(config, slots=slots, positions=positions)


def test_sequences_of_a_pass_do_not_see_each_other() -> None:
    prompts = [[5, 9, 2, 77, 31], [1], [60, 61, 62, 63, 64, 65, 66]]
    one = decoder()
    alone = [greedy(one, 3, prompt, 6) for prompt in prompts]
    together = [[token] for token in one.run([Piece(slot, prompt, 0) for slot, prompt in enumerate(prompts)])]
    for _ in range(5):
        pieces = [Piece(i, made[-1:], len(prompts[i]) + len(made) - 1) for i, made in enumerate(together)]
        for made, token in zip(together, one.run(pieces), strict=True):
            made.append(token)
    assert together == alone


def test_a_prompt_in_parts_beside_others_is_the_whole_prompt() -> None:
    prompt, one = [3, 14, 15, 92, 65, 35, 89, 79], decoder()
    whole = greedy(one, 0, prompt, 4)
    one.run([Piece(1, prompt[:3], 0), Piece(2, [8, 8], 0)])
    one.run([Piece(2, [9], 2), Piece(1, prompt[3:5], 3)])
    made = one.run([Piece(1, prompt[5:], 5)])
    while len(made) < 4:
        made += one.run([Piece(1, made[-1:], len(prompt) + len(made) - 1)])
    assert made == whole


@pytest.mark.parametrize("change", [{"gated_ffn": False}, {"tied_embeddings": False}, {"kv_heads": 4}, {"kv_heads": 1}])
def test_a_token_far_back_matters(change: dict[str, object]) -> None:
    one = decoder(SMALL.model_copy(update=change))
    assert len({greedy(one, 0, [first, *range(40)], 3)[-1] for first in range(12)}) > 1


def test_weights_follow_the_seed() -> None:
    assert greedy(decoder(), 0, [1, 2, 3], 8) == greedy(decoder(), 0, [1, 2, 3], 8)
    other = TorchDecoder(SMALL, slots=1, positions=64, seed=1)
    assert greedy(other, 0, [1, 2, 3], 8) != greedy(decoder(), 0, [1, 2, 3], 8)
    assert decoder().precision == "w32a32"
    assert decoder().run([]) == []


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (Piece(0, [], 0), "piece of 0 tokens in slot 0: there must be both"),
        (Piece(4, [1], 0), "piece of 1 tokens in slot 4: there must be both"),
        (Piece(0, [1, 2], 63), "piece of 2 tokens after 63: must fit into 64"),
    ],
)
def test_impossible_pieces_are_refused(piece: Piece, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decoder().run([piece])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"experts": 4}, "decoder: experts = 4: is not what"),
        ({"window": 16, "window_layers": 1}, "decoder: window = 16: is not what"),
        ({"head_dim": 7}, "decoder: head_dim = 7: is not what"),
    ],
)
def test_other_layers_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decoder(SMALL.model_copy(update=change))


def test_a_decoder_needs_room() -> None:
    with pytest.raises(ValueError, match="slots = 0: must be at least 1"):
        decoder(slots=0)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_must_be_one_of_torchs(seed: int) -> None:
    with pytest.raises(ValueError, match=r"seed = .*: must be in 0\.\.18446744073709551615"):
        TorchDecoder(SMALL, slots=4, positions=64, seed=seed)


def test_parameters_are_those_of_its_configuration() -> None:
    from edge_llm_env.inference.work import parameters

    held = decoder()
    products = [part for layer in held._layers for part in layer if isinstance(part, Product)]
    assert held._embeddings.numel() + sum(math.prod(one.shape) for one in products) == parameters(SMALL)
    assert held._embeddings.dtype is torch.float32
