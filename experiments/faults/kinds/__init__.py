"""Kinds of cases, a file for each."""
