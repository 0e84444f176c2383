from __future__ import annotations

import pytest

from edge_llm_env.support.naming import LONGEST_SHOWN, MOST_LISTED, closest, one_of, shown


def test_known_name_is_returned():
    assert one_of("fruit", "pear", {"apple", "pear"}) == "pear"


def test_unknown_name_lists_the_known_ones_in_order_and_the_closest():
    with pytest.raises(ValueError, match=r"^fruit = 'paer': must be one of apple, pear \(did you mean 'pear'\?\)$"):
        one_of("fruit", "paer", ["pear", "apple"])


def test_name_unlike_any_other_gets_no_guess():
    with pytest.raises(ValueError, match=r"^fruit = 'xyz': must be one of apple, pear$"):
        one_of("fruit", "xyz", ["pear", "apple"])


def test_a_long_list_is_left_to_the_command_that_shows_it_and_the_closest_are_offered():
    fruits = [f"apple-{i}" for i in range(MOST_LISTED)] + ["pear"]
    message = r"^fruit = 'paer': must be one of the 13 that `fruits list` lists; the closest: pear$"
    with pytest.raises(ValueError, match=message):
        one_of("fruit", "paer", fruits, "fruits list")
    with pytest.raises(ValueError, match=r"^fruit = 'xyz': must be one of the 13 that `fruits list` lists$"):
        one_of("fruit", "xyz", fruits, "fruits list")


def test_a_list_that_can_be_read_is_shown_though_a_command_shows_it_too():
    with pytest.raises(ValueError, match=r"^fruit = 'xyz': must be one of apple, pear$"):
        one_of("fruit", "xyz", ["pear", "apple"], "fruits list")


def test_the_closest_are_those_that_contain_the_name_then_the_best_spelling():
    choices = ["h100-pcie", "h100-sxm", "h200-sxm", "gh200-h100-like", "jetson-tx2", "t4"]
    assert closest("h100", choices) == ["h100-sxm", "h100-pcie", "gh200-h100-like", "h200-sxm"]
    assert closest("TX2", choices)[0] == "jetson-tx2"
    assert closest("", choices) == []


def test_a_list_that_nobody_would_read_is_cut():
    fruits = [f"fruit-{number:03}-of-a-long-name" for number in range(50)]
    with pytest.raises(ValueError, match=r"^fruit = 'xyz': must be one of 50 names, as fruit-000") as caught:
        one_of("fruit", "xyz", fruits)
    assert len(str(caught.value)) < 400
    with pytest.raises(TypeError, match=r"^fruit = 3: must be one of 50 names, as .*, …$"):
        one_of("fruit", 3, fruits)


def test_of_a_long_value_both_ends_are_shown():
    path = f"/{'folder/' * 30}file.zip"
    assert len(shown(path)) == LONGEST_SHOWN
    assert shown(path).startswith("'/folder/")
    assert shown(path).endswith("/file.zip'")
