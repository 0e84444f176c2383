"""Uploads that carry over: the uplink that a batch leaves, and who goes on sending with it."""
