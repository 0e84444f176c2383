"""Importing this makes `experiments`, which is not installed, importable from wherever a script is run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
