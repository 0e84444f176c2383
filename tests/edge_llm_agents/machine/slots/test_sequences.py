from __future__ import annotations

import pytest

from edge_llm_agents.machine.decoder import TorchDecoder
from edge_llm_agents.machine.slots.sequences import SlottedDecoder
from tests.edge_llm_agents.machine.support import TINY, alone


def test_a_sequence_that_left_and_is_computed_anew_goes_on_as_it_would_have() -> None:
    prompt, other = [3, 14, 15, 92, 65], [35, 89]
    expected = alone(prompt, 8)
    one = SlottedDecoder(TorchDecoder(TINY, slots=2, positions=64), 2)
    one.hold(7, prompt)
    assert one.run([(7, 2)]) == []
    one.hold(8, other)
    made = [token for number, token in one.run([(8, 2), (7, 3)]) if number == 7]
    made += [token for number, token in one.run([(7, 1), (8, 1)]) if number == 7]
    one.leave(7)
    assert sorted(one.held) == [8]
    one.hold(7, prompt + made)
    assert one.run([(8, 1), (7, 4)])[0][0] == 8
    made += [token for _, token in one.run([(7, 3)])]
    while len(made) < 8:
        made += [token for number, token in one.run([(7, 1), (8, 1)]) if number == 7]
    assert made == expected


def test_no_slot_is_given_twice() -> None:
    one = SlottedDecoder(TorchDecoder(TINY, slots=1, positions=8), 1)
    one.hold(1, [5])
    for number in (1, 2):
        with pytest.raises(RuntimeError, match=f"sequence {number}: must be another"):
            one.hold(number, [6])
    one.leave(1)
    one.hold(2, [6])
