"""What a node believes of the lengths of outputs: each kind is a file, and an entry of the table."""
