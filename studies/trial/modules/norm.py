"""Layer norm and RMS norm."""

from torch import nn

from advisor.spec import Norm


def norm_layer(spec: Norm, width: int) -> nn.Module:
    """The norm over the last dimension, of this width."""
    return nn.RMSNorm(width) if spec.kind == "rms" else nn.LayerNorm(width, bias=spec.bias)
