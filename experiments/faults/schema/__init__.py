"""The fields of a scenario, found in its JSON schema: their values and their places."""
