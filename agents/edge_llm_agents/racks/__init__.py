"""Learned policies of a rack's modules: what is expected of the load, learned, and a plan for each module."""
