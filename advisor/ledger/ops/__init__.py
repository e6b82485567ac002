"""One rule per op: what it allocates, saves and computes, forward and backward, in the order in which PyTorch does.

Names of allocations are ATen's. N stands for the flattened leading dimensions, B batch, T sequence, H heads,
K head size, V vocab. FLOPs count 2 per multiply-add, of matrix products and attention only, as
torch.utils.flop_counter.FlopCounterMode does; causal attention is not halved.
"""

from advisor.ledger.ops.activations import dropout, gelu, relu, silu, soft_cap, softmax, tanh
from advisor.ledger.ops.arithmetic import add, channel_scale, mul, neg, scale, shift
from advisor.ledger.ops.casts import autocast, cast, in_fp32
from advisor.ledger.ops.gradients import if_needed, new_gradient
from advisor.ledger.ops.norms import layer_norm, rms_norm
from advisor.ledger.ops.products import addmm, linear, matmul, multiply_batch, multiply_batch_gradients, save_factors
from advisor.ledger.ops.views import cat, chunk, contiguous, repeat, reshaped, shift_half, view, view_backward
from advisor.ledger.ops.vocabulary import cross_entropy, embedding

__all__ = [
    "add",
    "addmm",
    "autocast",
    "cast",
    "cat",
    "channel_scale",
    "chunk",
    "contiguous",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "if_needed",
    "in_fp32",
    "layer_norm",
    "linear",
    "matmul",
    "mul",
    "multiply_batch",
    "multiply_batch_gradients",
    "neg",
    "new_gradient",
    "relu",
    "repeat",
    "reshaped",
    "rms_norm",
    "save_factors",
    "scale",
    "shift",
    "shift_half",
    "silu",
    "soft_cap",
    "softmax",
    "tanh",
    "view",
    "view_backward",
]
