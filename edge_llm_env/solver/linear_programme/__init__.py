"""Linear programmes with a handful of rows: their relaxation by prices, and the simplex method."""
