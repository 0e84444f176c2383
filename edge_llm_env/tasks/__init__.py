"""Agent tasks: requests that are steps of something. What they are, how they are drawn, and how they run."""
