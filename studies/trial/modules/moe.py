"""Mixture of experts: the token-expert pairs, sorted by expert, in grouped matrix products.

Shape suffixes: N tokens, E experts, A experts of a token, P = N * A pairs. No shape depends on the routing. On CUDA
grouped products have a kernel of their own for bf16 (Hopper); elsewhere, and in fp32, they are a loop over the experts.
"""

import torch
from torch import Tensor, nn

from advisor.spec import MoE
from studies.trial.modules.mlp import ACTIVATIONS, GatedMLP, PlainMLP


class Experts(nn.Module):
    """E MLPs of one shape; x_PD, of which each expert has the rows up to its offset -> PD."""

    def __init__(self, spec: MoE, d_model: int) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.empty(spec.experts, spec.hidden, d_model))
        self.activation = ACTIVATIONS[spec.activation]
        self.down = nn.Parameter(torch.empty(spec.experts, d_model, spec.hidden))
        self.gate = nn.Parameter(torch.empty(spec.experts, spec.hidden, d_model)) if spec.gated else None

    def forward(self, x_PD: Tensor, offsets_E: Tensor) -> Tensor:
        if self.gate is None:
            hidden_PF = self.activation(grouped_linear(x_PD, self.up, offsets_E))
        else:
            gated_PF = self.activation(grouped_linear(x_PD, self.gate, offsets_E))
            hidden_PF = gated_PF * grouped_linear(x_PD, self.up, offsets_E)
            del gated_PF
        return grouped_linear(hidden_PF, self.down, offsets_E)


def grouped_linear(x_PI: Tensor, weight_EOI: Tensor, offsets_E: Tensor) -> Tensor:
    """Each row times its expert's weight -> PO; autocast, which does not know grouped products, casts only x."""
    return torch._grouped_mm(x_PI, weight_EOI.to(x_PI.dtype).mT, offs=offsets_E)


class SharedExpert(nn.Module):
    """An expert that all tokens go through, times a gate from 0 to 1."""

    def __init__(self, spec: MoE, d_model: int) -> None:
        super().__init__()
        assert spec.shared is not None
        self.mlp = (GatedMLP if spec.gated else PlainMLP)(spec.shared, d_model)
        self.gate = nn.Linear(d_model, 1, bias=False)

    def forward(self, x_ND: Tensor) -> Tensor:
        y_ND: Tensor = self.mlp(x_ND)
        return torch.sigmoid(self.gate(x_ND)) * y_ND


class MixtureOfExperts(nn.Module):
    """The outputs of each token's experts, weighted by the router; x_BTD -> BTD."""

    def __init__(self, spec: MoE, d_model: int) -> None:
        super().__init__()
        self.active, self.normalized = spec.active, spec.normalized
        self.router = nn.Linear(d_model, spec.experts, bias=False)
        self.experts = Experts(spec, d_model)
        self.shared = None if spec.shared is None else SharedExpert(spec, d_model)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        x_ND = x_BTD.view(-1, x_BTD.size(-1))
        logits_NE = self.router(x_ND)
        weights_NA, experts_NA = self._route(logits_NE)
        y_ND = self._mixed(x_ND.to(logits_NE.dtype), weights_NA.to(logits_NE.dtype), experts_NA)
        if self.shared is not None:
            y_ND = y_ND + self.shared(x_ND)
        return self.dropout(y_ND.view(x_BTD.shape))

    def _route(self, logits_NE: Tensor) -> tuple[Tensor, Tensor]:
        """Weights in fp32, and which experts."""
        weights_NA, experts_NA = logits_NE.softmax(-1, dtype=torch.float32).topk(self.active, dim=-1)
        if self.normalized:
            weights_NA = weights_NA / weights_NA.sum(-1, keepdim=True)
        return weights_NA, experts_NA

    def _mixed(self, x_ND: Tensor, weights_NA: Tensor, experts_NA: Tensor) -> Tensor:
        sorted_P, order_P = experts_NA.view(-1).sort(stable=True)
        experts_E = torch.arange(self.router.out_features, device=x_ND.device)
        offsets_E = torch.searchsorted(sorted_P, experts_E, right=True, out_int32=True)
        y_PD = self.experts(x_ND.index_select(0, order_P // self.active), offsets_E)
        y_NAD = y_PD.index_select(0, order_P.argsort()).view(*experts_NA.shape, -1)
        return (weights_NA.unsqueeze(1) @ y_NAD).squeeze(1)
