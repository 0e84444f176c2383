"""What is learned of several nodes: bids, and placement by agents of their own."""
