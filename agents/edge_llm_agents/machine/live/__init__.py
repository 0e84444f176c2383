"""Policies that decide as time passes, over a decoder that computes: by epochs, or between iterations."""
