"""A real machine: a decoder that runs on it, its calibration, schedules replayed on it, and a server."""
