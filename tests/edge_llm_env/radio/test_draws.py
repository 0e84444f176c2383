"""Random numbers of several episodes: each generator gives what it gives alone."""

import numpy as np
import pytest

from edge_llm_env.radio.draws import Draws

USERS = (3, 0, 5)


def generators() -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(len(USERS))]


@pytest.mark.parametrize("distribution", ["random", "standard_exponential", "standard_normal"])
def test_episodes_stand_one_behind_the_other_as_their_generators_draw_them(distribution: str):
    draws = Draws(generators(), USERS)
    drawn = [getattr(draws, distribution)(before, after) for before, after in [((2,), (4,)), ((), ())]]
    for seed, users in enumerate(USERS):
        rng, first = np.random.default_rng(seed), sum(USERS[:seed])
        for numbers, shape in zip(drawn, [(2, users, 4), (users,)], strict=True):
            mine = numbers.take(range(first, first + users), axis=len(shape) // 2)
            np.testing.assert_array_equal(mine, getattr(rng, distribution)(shape))


def test_each_episode_can_be_drawn_alone():
    alone = Draws(generators(), USERS)
    parts = [(one.users, users, one.random()) for one, users in alone.episodes()]
    assert [users for users, *_ in parts] == list(USERS)
    assert [place for _, place, _ in parts] == [slice(0, 3), slice(3, 3), slice(3, 8)]
    together = Draws(generators(), USERS).random()
    np.testing.assert_array_equal(np.concatenate([numbers for *_, numbers in parts]), together)
