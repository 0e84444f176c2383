"""From the file of a trace to its requests: compression, formats, units, rows that are wrong."""
