from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_env.rendering.frames.frame import Score
from edge_llm_env.rendering.text import TIMELINE_WIDTH, as_text, bar, module_mark, on_scale
from tests.edge_llm_env.rendering.frames import SMALL, frame, with_requests
from tests.support.allocation import CAPPED
from tests.support.helpers import small_scenario, workload_at

# 60 characters are 2 s: the uplink's 0.2 s are 6 of them, 0.2 to 1.0 s are the 6th to the 30th, 0.5 s of loading are 15
EXPECTED = f"""\
EdgeLLM/Compute-v0, by-hand: epoch 3 of 50, 6 to 8 s
arrived 9, served 5, expired 1, rejected 0, pending 3

uplink   [{"=" * 6}{"." * 54}] 12.5% of the band
small    [{"." * 6}{"#" * 24}{"." * 30}] 2 requests, 0.800 s, to end by 1.200 s
large    [{"~" * 15}{"." * 45}] 0 requests
downlink [{"." * 54}{"-" * 6}] 0.0% of the band

pending at 6 s: 3, and 2 beyond the visible
request  prompt  output  alone s  slack s
      6     512     128    0.400    1.000  [#####               ]  served by small
      7     128     128    0.250    2.000  [##########          ]  waits
      4     128     256    0.400    3.000  [###############     ]  served by small

uplink   [##                  ]  12.5%
downlink [                    ]   0.0%
memory   [##########          ]  50.0%  8 of 16 GB
compute  [####################] 100.0%  1.6 of 1.6 s

modules A b .
      A small
      B large

served after 3 epochs: 5, exact 6, difference -1"""


def test_text_of_a_small_frame_is_what_one_writes_by_hand():
    assert as_text(SMALL) == EXPECTED


def test_what_there_is_nothing_of_is_left_out():
    text = as_text(frame(requests=(), beyond_visible=0, modules=(), variants=(), score=Score((), (), "exact")))
    assert "pending at 6 s: 0\n\nuplink" in text
    assert "modules" not in text
    assert "exact" not in text


def test_every_request_has_a_line_the_least_slack_first():
    lines = as_text(with_requests(300)).splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("request")) + 1
    assert [int(line.split()[0]) for line in lines[first : first + 300]] == [10**6 + i for i in range(300)]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], "." * 60),
        ([(0.0, 2.0, "#")], "#" * 60),
        ([(1.0, 1.0, "#")], "." * 60),
        ([(1.0, 1.001, "#")], "." * 30 + "#" + "." * 29),
        ([(1.9999, 2.0, "#")], "." * 59 + "#"),
        ([(1.0, 9.0, "#")], "." * 30 + "#" * 30),
        ([(2.5, 3.0, "#")], "." * 59 + "#"),
    ],
)
def test_a_span_has_its_part_of_the_scale_and_at_least_one_mark(spans: list[tuple[float, float, str]], expected: str):
    assert TIMELINE_WIDTH == 60
    assert on_scale(spans, 2.0) == expected


def test_bars_are_full_beyond_one():
    assert [bar(fraction).count("#") for fraction in (-0.1, 0.0, 0.5, 1.0, 7.0)] == [0, 0, 10, 20, 20]


def test_modules_have_a_letter_small_while_they_load():
    assert [module_mark(0, False), module_mark(2, True), module_mark(None, False)] == ["A", "c", "."]


def test_what_is_sent_of_an_upload_is_shown_where_uploads_carry_over():
    """An uplink of 512 tokens: 128 complete, and of 800 the other 384 are sent."""
    overrides = CAPPED | {"radio.transfers": "carried_over"}
    env = gym.make("EdgeLLM/Bandwidth-v0", scenario=small_scenario(**overrides), render_mode="ansi").unwrapped
    env.reset(options={"workload": workload_at([0.0, 0.1], prompt_tokens=[128, 800])})
    env.step(np.zeros(7))
    text = env.render()
    assert "served, 100% sent" in text
    assert "waits, 48% sent" in text
