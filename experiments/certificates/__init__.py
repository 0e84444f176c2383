"""Certified intervals: from the best policy known to what none without knowledge of the future exceeds."""
