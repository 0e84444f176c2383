"""Dynamic programming over the few requests that a linear relaxation does not settle."""
