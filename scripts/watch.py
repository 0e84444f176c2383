"""Watch a policy play, in a window or as a GIF: python scripts/watch.py --policy oracle --gif out.gif."""

import sys

import repository  # noqa: F401 (Ctrl-C is silent from here on)

from edge_llm_agents.commands.running import run_options

if __name__ == "__main__":
    sys.exit(run_options("watch.py", "edge_llm_agents.commands.watch:Watch"))
