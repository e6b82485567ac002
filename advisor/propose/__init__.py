"""Candidates, those that fit, ranked: which model to train on a GPU in a time."""
