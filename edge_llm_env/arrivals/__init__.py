"""When requests arrive: each kind of process is a file, and an entry of the table."""
