"""How tasks run on a node's rows: which calls can be served when, what becomes of their caches, what an agent sees."""
