"""`edge-llm`, and the parts of it that scripts of the repository have too."""
