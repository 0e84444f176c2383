"""Watch a policy play, in a window or as a GIF: python scripts/watch.py --policy oracle --gif out.gif."""

import sys

from edge_llm_agents.commands.running import run_options
from edge_llm_agents.commands.watch import Watch

if __name__ == "__main__":
    sys.exit(run_options("watch.py", Watch))
