"""The pages on the environments."""
