"""Algorithms that are run by the protocol: each is a file, or an entry of `table.LEARNERS`."""
