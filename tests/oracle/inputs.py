"""The batch that a family's module takes."""

import torch

from advisor.spec import Model, Plan, Seq2Seq


def inputs(model: Model, plan: Plan) -> list[torch.Tensor]:
    """Token ids and targets; of an encoder-decoder source ids, target ids and labels."""
    lengths = [plan.sequence, plan.target]
    if isinstance(model, Seq2Seq):
        lengths.append(plan.target)
    return [torch.zeros(plan.batch, length, dtype=torch.long) for length in lengths]
