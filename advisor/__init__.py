"""Sizes and tunes transformers for the GPU you have."""

__version__ = "0.1.0"
