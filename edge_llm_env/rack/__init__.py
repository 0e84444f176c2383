"""A rack of modules that are powered and started as the load comes and goes, and serve in groups."""
