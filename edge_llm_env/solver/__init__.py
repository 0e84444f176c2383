"""The most valuable batch of an epoch, exactly: the compiled search behind solvers and environments."""
