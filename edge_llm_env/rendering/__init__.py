"""What an environment's `render` shows: a snapshot of one epoch as plain data, drawn as pixels or as text.

A frame shows one epoch: before the first step the one that begins, after a step the one that the step acted in, with
what became of it. Nothing is kept where the environment has no render mode.
"""
