"""A replay's record as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_llm_agents.machine.replay.record import parts_of
from edge_llm_env.support.tables import Table


def table(record: Mapping[str, Any]) -> Table:
    """A row for each policy."""
    whole, first, further = parts_of(next(iter(record["summary"]["policies"].values())))
    rows = [
        (
            policy,
            str(one["cells"]),
            str(one["scheduled"]),
            str(one["on_time"]),
            f"{100.0 * (one['on_time_share'] - 1.0):+.1f}",
            f"{100.0 * (one['on_time_share_least'] - 1.0):+.1f} to {100.0 * (one['on_time_share_most'] - 1.0):+.1f}",
            f"{100.0 * one[f'{whole}_error']['median']:+.1f}",
            f"{100.0 * one[f'{whole}_error']['tenth']:+.1f} to {100.0 * one[f'{whole}_error']['nine_tenths']:+.1f}",
            f"{100.0 * one[f'{first}_error']['median']:+.1f}",
            f"{100.0 * one[f'{further}_error']['median']:+.1f}",
            f"{one['ttft_s']:.2f}",
            f"{1e3 * one['tpot_s']:.1f}",
        )
        for policy, one in record["summary"]["policies"].items()
    ]
    return Table(
        (
            "policy",
            "episodes",
            "served, simulated",
            "on time, real",
            "difference, %",
            "of an episode, %",
            f"{whole} time, %",
            f"of a {whole}, 80 %",
            f"{first}, %",
            f"{further}, %",
            "TTFT, s",
            "TPOT, ms",
        ),
        rows,
    )


def calibration_table(record: Mapping[str, Any]) -> Table:
    """The machine, how far off its calibration was, what was replayed and whether policies kept their order."""
    calibration, settings, order = record["calibration"], record["settings"], record["summary"]["order"]
    rows = [
        ("parameters of the decoder", f"{settings['parameters'] / 1e6:.1f} million"),
        ("threads, clock", f"{settings['threads']}, {settings['clock']}"),
        ("calibrated up to", f"{calibration['most_batch']} sequences, {calibration['most_tokens']} tokens"),
        ("points held out", str(calibration["held_out_points"])),
        ("largest error of these", f"{100.0 * calibration['held_out_largest_error']:.1f} %"),
        ("two thirds of these within", f"{100.0 * calibration['interval']:.1f} %"),
        ("points fitted to", str(calibration["fitted_points"])),
        ("largest error of those", f"{100.0 * calibration['fitted_largest_error']:.1f} %"),
        ("slowest twentieth of rounds", f"{100.0 * calibration['slowdown']:.1f} % slower than the median round"),
        ("epoch", f"{settings['epoch_s']:.2f} s, {settings['episode_epochs']} in an episode"),
        ("arrivals", f"{settings['rate_per_s']:.1f} per s"),
        ("margin of the plans", f"{100.0 * settings['margin']:.0f} %"),
        ("order of policies kept", f"in {order['kept']} of {order['episodes']} episodes, repetitions counted"),
    ]
    return Table(("what", "measured"), rows)
