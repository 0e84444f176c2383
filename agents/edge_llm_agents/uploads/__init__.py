"""Learned uploads: an order of who sends along a road, around the rule of optimal stopping, found by search."""
