"""Kinds of cases that are programs: commands, what ends them, and what they compile; a file for each."""
