"""Several cells in one scenario: what is said of each, what joins them, and crowds that move through them."""
