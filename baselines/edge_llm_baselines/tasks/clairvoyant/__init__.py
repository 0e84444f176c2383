"""What could be completed of agent tasks if all calls were known."""
