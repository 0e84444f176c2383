"""How many modules of a rack should be on: rules, plans, and what a clairvoyant earns."""
