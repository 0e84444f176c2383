"""What each environment is held against."""
