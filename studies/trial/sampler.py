"""Tokens from a model that a trial has left."""

import torch

from advisor.errors import StoreError
from studies.job import Outcome, SampleJob
from studies.trial import checkpoint, generation
from studies.trial.build import build
from studies.trial.computing import as_planned
from studies.trial.state import TrainingState


def run(job: SampleJob) -> Outcome:
    """COMPLETE with the tokens. Raises StoreError for a checkpoint that is not of this model, InputError."""
    device = torch.device(job.device.name)
    with device:
        module = build(job.model, job.plan)
    _load(module, checkpoint.load(job.checkpoint), job)
    reader = generation.reader(module.eval(), job.model, job.plan, device, job.source)
    with as_planned(job.plan, device):
        found = tuple(generation.tokens(reader, job.prompt, job.sampling))
    return Outcome(state="COMPLETE", tokens=found)


def _load(module: torch.nn.Module, state: TrainingState, job: SampleJob) -> None:
    """The averaged weights where the plan has them: their loss is the trial's."""
    prefix = "average.module." if job.plan.ema else "module."
    weights = {name.removeprefix(prefix): t for name, t in state.tensors.items() if name.startswith(prefix)}
    known = dict(module.named_parameters())  # tied ones once
    if {name: t.shape for name, t in weights.items() if name in known} != {n: p.shape for n, p in known.items()}:
        raise StoreError(f"checkpoint {job.checkpoint} is not of this trial's model")
    with torch.no_grad():
        for name, parameter in known.items():
            parameter.copy_(weights[name])
