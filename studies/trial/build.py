"""The model spec as a torch module, and its initial weights."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import nn

from advisor.ledger.mup import STANDARD, WidthScale
from advisor.spec import BDH, Decoder, Encoder, Model, Plan, Seq2Seq
from studies.trial.modules.bdh import BDHModule
from studies.trial.modules.decoder import DecoderModule
from studies.trial.modules.encoder import EncoderModule
from studies.trial.modules.lora import add_adapters
from studies.trial.modules.seq2seq import Seq2SeqModule

LanguageModel: TypeAlias = DecoderModule | EncoderModule | BDHModule
# family -> its module: (spec, plan) -> module
MODULES: dict[type, Any] = {Decoder: DecoderModule, Encoder: EncoderModule, BDH: BDHModule, Seq2Seq: Seq2SeqModule}


def build(spec: Model, plan: Plan) -> LanguageModel:
    """The module that trains, on the default device; bf16 weights when the plan says pure-bf16."""
    module: LanguageModel = MODULES[type(spec)](spec, plan)
    if plan.precision == "pure-bf16":
        for parameter in module.parameters():  # tables of angles stay in fp32
            parameter.data = parameter.data.to(torch.bfloat16)
    if plan.lora is not None:
        add_adapters(module, plan.lora)
    return module


def initialize(module: LanguageModel, seed: int, scales: Mapping[str, WidthScale] = STANDARD) -> None:
    """Matrices normal(0, the family's `initial_std` times its scale, 1 unless given), norms 1, biases 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        if parameter.dim() < 2:
            nn.init.constant_(parameter, 1.0 if name.endswith(("norm.weight", "_scale")) else 0.0)
        else:
            std = module.initial_std(name) * scales.get(name, WidthScale()).initial
            values = torch.empty(parameter.shape).normal_(0.0, std, generator=generator)
            with torch.no_grad():
                parameter.copy_(values)
