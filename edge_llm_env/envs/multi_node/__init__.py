"""Several nodes as one environment: bids of every node for the requests that it sees, decoded into an assignment."""
