"""Fill the README's tables anew from the registry, the presets and results/: python scripts/update_readme.py."""

from __future__ import annotations

from pathlib import Path

from agents.documentation import with_tables
from agents.files import write_text

if __name__ == "__main__":
    readme = Path("README.md")
    write_text(readme, with_tables(readme.read_text(encoding="utf-8")))
