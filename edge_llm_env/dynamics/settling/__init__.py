"""The end of an epoch: what comes of what the node decided, by what is and not by what it believed."""
