"""`train`: any environment and algorithm, to a policy that `compare` takes."""
