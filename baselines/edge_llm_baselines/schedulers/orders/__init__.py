"""Schedulers that choose whom to admit first."""
