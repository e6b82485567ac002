"""Model specs as torch modules: the same declarations that the ledger reads.

Shape suffixes: B batch, T sequence, D d_model, H heads, G key-value heads, K head size, R rotated part of a head,
F hidden, V vocab.
"""
