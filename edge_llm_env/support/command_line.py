"""Parsing a command line with errors of one line."""

from __future__ import annotations

import argparse
from typing import NoReturn


class OneLineParser(argparse.ArgumentParser):
    """A parser, and its subparsers, that say what is wrong in one line beginning with `error:`; exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Print the line and exit."""
        self.exit(2, f"error: {self.prog}: {message}\n")
