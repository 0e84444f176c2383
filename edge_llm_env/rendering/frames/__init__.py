"""What a frame shows, gathered from a node's state."""
