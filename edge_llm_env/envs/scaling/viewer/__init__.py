"""Showing a rack of modules: which are on, what arrives and is served, and what is counted at feeder cells."""
