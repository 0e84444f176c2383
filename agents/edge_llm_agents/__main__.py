"""`edge-llm`, also as `python -m edge_llm_agents`."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command that the command line names; the exit status.

    While modules are imported, and when all is done, Ctrl-C ends the process at once and in silence.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edge_llm_agents.commands.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
