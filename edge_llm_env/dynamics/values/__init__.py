"""What an agent's numbers do to an epoch: requests by value, in a few passes without search, and modules by logits."""
