"""Plain-Python references of agent tasks."""
