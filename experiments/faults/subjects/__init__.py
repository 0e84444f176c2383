"""What is called by cases of misuse, and right arguments of it."""
