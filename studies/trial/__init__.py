"""One trial: the only folder that imports torch."""
