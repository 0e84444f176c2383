"""What is measured of presets, as their pages have it."""
