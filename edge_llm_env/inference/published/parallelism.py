"""Parallelism: published times per token of groups of modules."""

from __future__ import annotations

from edge_llm_env.inference.catalog import load_decoder, load_link
from edge_llm_env.inference.factors.fitted import Effects, fitted_effects
from edge_llm_env.inference.factors.measured import Measured, adapted
from edge_llm_env.inference.mechanisms.chosen import Mechanisms
from edge_llm_env.inference.mechanisms.parallelism import Parallelism, star_bytes_per_token
from edge_llm_env.inference.published.comparison import Comparison, case_of, decode_s

SOURCE = "b4rtaz/distributed-llama: report/report.pdf, figures 3 to 6"
LINK = "raspberry-pi-ethernet"

ALONE = "decode 1312.5 ms at batch 1, context 64"
"""Llama-2-7B at Q40 on one Raspberry Pi 4B, which the predictions of groups heed."""

SERIAL_SHARE = 0.1
"""Of reading and multiplying, from the compute part of Llama-2-7B alone: 1307.9, 739, 458.8, 296.7 ms on 1, 2, 4, 8."""

TOKEN_MS = {
    ("llama-2-7b", 2): 793.7,
    ("llama-2-7b", 4): 494.0,
    ("llama-2-7b", 8): 588.2,
    ("llama-2-13b", 2): 1497.2,
    ("llama-2-13b", 4): 848.2,
    ("llama-2-13b", 8): 1114.9,
    ("llama-2-70b", 8): 4842.8,
}
"""Decoder and boards → time per token, computing and synchronising (ms)."""

SYNCHRONISED_KIB = {
    ("llama-2-7b", 2): 1112,
    ("llama-2-7b", 4): 2830,
    ("llama-2-7b", 8): 6008,
    ("llama-2-13b", 2): 1742,
    ("llama-2-13b", 4): 4430,
    ("llama-2-13b", 8): 9407,
    ("llama-2-70b", 8): 32873,
}
"""Decoder and boards → data synchronised per token (KiB)."""

SYNCHRONISING_MS = {
    "llama-2-7b": {2: 52.5, 4: 34.1, 8: 289.8},
    "llama-2-13b": {2: 30.9, 4: 99.5, 8: 652.9},
}
"""Decoder → boards → time per token for synchronising alone (ms)."""


def comparisons() -> list[Comparison]:
    """Every row: bytes, and times per token."""
    link = load_link(LINK)
    rows = []
    for (name, boards), said in SYNCHRONISED_KIB.items():
        counted = star_bytes_per_token(load_decoder(name), link, boards)
        rows.append(Comparison(f"{name} on {boards}: data", said, counted / 1024, "KiB", SOURCE))
    return rows + times() + left_out()


def times() -> list[Comparison]:
    """The times per token."""
    known = one_board()
    rows = []
    for (name, boards), said in TOKEN_MS.items():
        case = case_of(name, "w4a16-q4-0", "raspberry-pi-4-8gb", "llama.cpp")
        group = Mechanisms(parallelism=Parallelism(tensor=boards, link=LINK, serial_share=SERIAL_SHARE))
        token_s = decode_s(case, group, (1, 60, 8), modules=boards, known=known)
        rows.append(Comparison(f"{name} on {boards}", said, 1e3 * token_s, "ms/token", SOURCE))
    return rows


def left_out() -> list[Comparison]:
    """The times per token where the star's rates are of one decoder's rows, for the others."""
    return [
        row._replace(what=f"{row.what}, rates of {fitted}", unit="ms/token, rates of another decoder")
        for fitted in SYNCHRONISING_MS
        for row in _with_rates_of(fitted)
    ]


def _with_rates_of(fitted: str) -> list[Comparison]:
    link = load_link(LINK)
    rows = []
    for (name, boards), row in zip(TOKEN_MS, times(), strict=True):
        if name == fitted:
            continue
        counted = star_bytes_per_token(load_decoder(name), link, boards)
        own_rate = SYNCHRONISED_KIB[fitted, boards] * 1024 / SYNCHRONISING_MS[fitted][boards]
        other_ms = counted / own_rate - 1e3 * counted / link.of(boards)[1]
        rows.append(row._replace(predicted=row.predicted + other_ms))
    return rows


def one_board() -> Effects:
    """The effects of one board, given what was measured on it."""
    case = case_of("llama-2-7b", "w4a16-q4-0", "raspberry-pi-4-8gb", "llama.cpp")
    return adapted(case, [Measured.parsed(ALONE)], fitted_effects())
