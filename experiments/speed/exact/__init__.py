"""How much work exact solvers do, and how fast they are beside general ones."""
