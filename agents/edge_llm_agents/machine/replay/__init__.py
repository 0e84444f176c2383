"""An episode of the simulator, taken again on a real decoder."""
