"""A network in a picture: its cells on a plane, what each node holds, and who is served where."""
