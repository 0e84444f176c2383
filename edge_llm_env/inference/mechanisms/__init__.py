"""What a service can turn beside the batch: compression, speculation, offloading, parallelism, kernels.

Each mechanism is a file: its settings, and a map of one pass's cost (`IterationCost`) onto another. As the cost of a
batch is the sum of its passes, what holds of it (affine, monotone, equal to the iterations) holds with any mechanism.
"""
