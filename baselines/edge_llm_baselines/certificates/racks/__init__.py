"""Upper bounds on what racks earn whose policies do not know the future: who plans knows less, or pays for it."""
