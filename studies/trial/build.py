"""The model spec as a torch module, and its initial weights."""

import math

import torch
from torch import nn

from advisor.spec import Decoder, Plan
from studies.trial.modules.decoder import DecoderModule

STD = 0.02


def build(spec: Decoder, plan: Plan) -> DecoderModule:
    """The module that trains, on the default device; bf16 weights when the plan says pure-bf16."""
    module = DecoderModule(spec, plan)
    if plan.precision == "pure-bf16":
        for parameter in module.parameters():  # tables of angles stay in fp32
            parameter.data = parameter.data.to(torch.bfloat16)
    return module


def initialize(module: DecoderModule, seed: int) -> None:
    """GPT-2's (Radford et al. 2019): normal(0, 0.02), residual outputs scaled by 1/sqrt(2 * depth), biases 0."""
    generator = torch.Generator().manual_seed(seed)
    residual = STD / math.sqrt(2 * len(module.blocks))
    for name, parameter in module.named_parameters():
        if parameter.dim() < 2:
            nn.init.constant_(parameter, 1.0 if name.endswith("norm.weight") else 0.0)
        else:
            std = residual if name.endswith(("attention.out.weight", "mlp.down.weight")) else STD
            values = torch.empty(parameter.shape).normal_(0.0, std, generator=generator)
            with torch.no_grad():
                parameter.copy_(values)
