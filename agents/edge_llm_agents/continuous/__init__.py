"""Training on continuous actions: values, bands and modules."""
