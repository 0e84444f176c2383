"""What every script imports first: `experiments`, which is not installed, becomes importable from wherever it is run.

While modules are imported, and when all is done, Ctrl-C ends a script at once and in silence.
"""

import signal
import sys
from pathlib import Path

signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
