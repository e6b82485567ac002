"""One figure per file: `info(...)` computes plain data, its `draw()` adds no number."""
