"""Paths of files: where one is that something names, and which fields of a schema name one."""
