"""The wireless cell: where users are, how strong their channel is, and the bandwidth they need."""
