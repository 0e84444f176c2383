"""Rules for agent tasks: whose calls go first."""
