"""What environments share that serve the calls of agent tasks: observation, state from outside, mechanism."""
