"""Values from outside, checked, and what is wrong with them in one line."""
