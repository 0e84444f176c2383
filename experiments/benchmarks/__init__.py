"""The sub-commands of `scripts/benchmark.py`: options, and what is printed and written."""
