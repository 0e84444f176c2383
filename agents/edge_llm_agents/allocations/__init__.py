"""Learned allocations: values of requests and logits of modules as functions of observations, found by search."""
