"""Public traces of language-model requests: their formats, reading them, and what is in one."""
