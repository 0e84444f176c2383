"""python -m edge_llm_env: what the suite knows, on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from edge_llm_env.inference.catalog import TABLES
from edge_llm_env.inference.catalog.listing import as_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m edge_llm_env", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    catalog = commands.add_parser("catalog", help="list decoders, devices and precisions with their sources")
    catalog.add_argument("table", nargs="?", choices=TABLES, help="one table; all of them if left out")
    chosen = parser.parse_args(arguments)
    print("\n\n".join(as_text(name) for name in ([chosen.table] if chosen.table else TABLES)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
