"""Several nodes: rules that say who serves whom, and policies made of them."""
