"""Which batches can be served in an epoch: requests, the sums of a batch, and the one rule."""
