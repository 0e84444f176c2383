"""What is in a trace: the command `python -m edge_llm_env trace FILE --format azure`."""

from __future__ import annotations

import argparse
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.clock import ClockRestarts
from edge_llm_env.traces.parsing.formats import FORMATS
from edge_llm_env.traces.parsing.units import TimeUnit
from edge_llm_env.traces.reading import load_trace
from edge_llm_env.traces.trace import Trace

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)


def add_command(commands: Any) -> None:
    """Add `trace` to the subparsers of a command line."""
    command = commands.add_parser("trace", help="count, rate, variation and lengths of a trace of requests")
    command.add_argument("file", metavar="FILE")
    command.add_argument("--format", required=True, choices=FORMATS, help="how the file writes its requests")
    command.add_argument(
        "--time-unit", default="auto", choices=("auto", *get_args(TimeUnit)), help="of times, if not the format's"
    )
    command.add_argument(
        "--clock-restarts",
        default="refuse",
        choices=get_args(ClockRestarts),
        help="where times fall back: sort all rows, or continue from the latest time above",
    )
    command.add_argument("--skip-bad-rows", action="store_true", help="leave malformed rows out and count them")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the summary of a trace; the exit status. Raises TraceError or OSError where it cannot be read."""
    trace = load_trace(
        options.file,
        options.format,
        time_unit=options.time_unit,
        clock_restarts=options.clock_restarts,
        skip_bad_rows=options.skip_bad_rows,
    )
    print("\n".join(lines(trace)))
    return 0


def lines(trace: Trace) -> list[str]:
    """The summary of a trace, as lines of text."""
    span_s = float(trace.time_s[-1])
    gaps_s = np.diff(trace.time_s)
    moving = span_s > 0
    left = trace.left
    described = {
        "requests": f"{len(trace.time_s):,}",
        "failed": f"{left.failed:,} (no answer; left out)",
        "empty": f"{left.empty:,} (no tokens; left out)",
        "malformed": f"{left.malformed:,} (left out)",
        "moved": f"{trace.moved:,} (stood below a later one; put in order)",
        "restarts": f"{trace.restarts:,} (of the clock; what follows was appended)",
        "times": f"read as {trace.unit}",
        "duration": f"{span_s:,.1f} s",
        "rate": f"{len(gaps_s) / span_s:.3f} requests/s" if moving else "undefined: all requests have one time",
        "variation": f"{gaps_s.std() / gaps_s.mean():.3f} (standard deviation over mean of times between requests)"
        if moving
        else "undefined",
        "quantile": "".join(f"{quantile:>9.0%}" for quantile in QUANTILES) + f"{'mean':>9}",
        "prompt": _lengths(trace.prompt_tokens),
        "output": _lengths(trace.output_tokens),
        "index": str(trace.index or "none"),
    }
    first = [f"the first row left out, {left.first_bad}"] if left.first_bad else []
    return [f"{name:<10}{value}" for name, value in described.items()] + [
        f"note: {on}" for on in (*first, *trace.notes)
    ]


def _lengths(tokens: NDArray[np.int32]) -> str:
    quantiles = np.quantile(tokens, QUANTILES)
    return "".join(f"{quantile:>9.0f}" for quantile in quantiles) + f"{tokens.mean():>9.1f}"
