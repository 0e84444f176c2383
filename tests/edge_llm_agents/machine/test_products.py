import pytest
import torch
from torch.nn import functional

from edge_llm_agents.machine import products
from edge_llm_agents.machine.products import Product, packs

CPU = torch.device("cpu")


@pytest.mark.skipif(
    not packs(CPU, torch.float32), reason="needs a torch that is built with oneDNN, as pip install torch has on x86-64"
)
@pytest.mark.parametrize("rows", [1, 2, 3, 5, 16, 33])
@torch.inference_mode()
def test_packed_weights_give_the_product(rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    weights = torch.randn(24, 40, generator=generator)
    given = torch.randn(rows, 40, generator=generator)
    assert torch.allclose(Product(weights)(given), functional.linear(given, weights), atol=1e-4)


@torch.inference_mode()
def test_without_the_operators_it_is_the_plain_product(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, given = torch.randn(8, 4), torch.randn(3, 4)
    monkeypatch.setattr(products, "_has_operators", lambda: False)
    assert torch.equal(Product(weights)(given), functional.linear(given, weights))
    assert not packs(CPU, torch.float32)
    halves = weights.to(torch.float16), given.to(torch.float16)
    monkeypatch.undo()
    assert not packs(CPU, torch.float16)
    assert torch.equal(Product(halves[0])(halves[1]), functional.linear(halves[1], halves[0]))
