"""Measuring a decoder on this machine, and an engine that predicts it."""
