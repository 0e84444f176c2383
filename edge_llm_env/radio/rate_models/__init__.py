"""What a channel carries at a signal-to-noise ratio: each kind of rate model is a file, and an entry of the table."""
