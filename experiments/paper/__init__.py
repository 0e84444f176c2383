"""The evaluation of arXiv 2405.07140, as far as it is public, and what the assumed values decide of it."""
