"""What a batch costs: each cost model is a file, and an entry of the table."""
