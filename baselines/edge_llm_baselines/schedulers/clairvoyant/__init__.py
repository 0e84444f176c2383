"""What is known of an episode of iterations with everything about it known: a schedule, and a bound."""
