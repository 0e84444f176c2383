"""The main job: policies side by side on the same workloads."""
