"""What the system gives and takes: how commands end, files that are whole, cores."""
