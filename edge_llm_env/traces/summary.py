"""What is in a trace: the command `python -m edge_llm_env trace FILE --format azure`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.traces.formats import FORMATS, TraceError
from edge_llm_env.traces.reading import Trace, load_trace

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)


def add_command(commands: Any) -> None:
    """Add `trace` to the subparsers of a command line."""
    command = commands.add_parser("trace", help="count, rate, variation and lengths of a trace of requests")
    command.add_argument("file", metavar="FILE")
    command.add_argument("--format", required=True, choices=FORMATS, help="how the file writes its requests")
    command.add_argument("--skip-bad-rows", action="store_true", help="leave malformed rows out and count them")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the summary of a trace, or the one line of its error if it cannot be read; the exit status."""
    try:
        trace = load_trace(options.file, options.format, skip_bad_rows=options.skip_bad_rows)
    except TraceError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines(trace)))
    return 0


def lines(trace: Trace) -> list[str]:
    """The summary of a trace, as lines of text."""
    span_s = float(trace.time_s[-1])
    gaps_s = np.diff(trace.time_s)
    moving = span_s > 0
    described = {
        "requests": f"{len(trace.time_s):,}",
        "failed": f"{trace.failed:,} (no output; left out)",
        "skipped": f"{trace.skipped:,} (malformed; left out)",
        "duration": f"{span_s:,.1f} s",
        "rate": f"{len(gaps_s) / span_s:.3f} requests/s" if moving else "undefined: all requests have one time",
        "variation": f"{gaps_s.std() / gaps_s.mean():.3f} (standard deviation over mean of times between requests)"
        if moving
        else "undefined",
        "quantile": "".join(f"{quantile:>9.0%}" for quantile in QUANTILES) + f"{'mean':>9}",
        "prompt": _lengths(trace.prompt_tokens),
        "output": _lengths(trace.output_tokens),
    }
    return [f"{name:<10}{value}" for name, value in described.items()]


def _lengths(tokens: NDArray[np.int64]) -> str:
    quantiles = np.quantile(tokens, QUANTILES)
    return "".join(f"{quantile:>9.0f}" for quantile in quantiles) + f"{tokens.mean():>9.1f}"
