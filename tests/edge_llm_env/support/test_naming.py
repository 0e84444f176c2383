from __future__ import annotations

import pytest

from edge_llm_env.support.naming import one_of


def test_known_name_is_returned():
    assert one_of("fruit", "pear", {"apple", "pear"}) == "pear"


def test_unknown_name_lists_the_known_ones_in_order_and_the_closest():
    with pytest.raises(ValueError, match=r"^fruit = 'paer': must be one of apple, pear \(did you mean 'pear'\?\)$"):
        one_of("fruit", "paer", ["pear", "apple"])


def test_name_unlike_any_other_gets_no_guess():
    with pytest.raises(ValueError, match=r"^fruit = 'xyz': must be one of apple, pear$"):
        one_of("fruit", "xyz", ["pear", "apple"])
