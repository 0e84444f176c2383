"""Training the shipped policies, and experiments about learning."""
