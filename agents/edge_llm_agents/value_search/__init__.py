"""Values of requests, found by search and decoded by the oracle."""
