"""One model in training: module, optimizer, data and random numbers, and the step that changes them.

Shape suffixes: B batch, T sequence, V vocab.
"""

import math
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from advisor.ledger.mup import STANDARD, WidthScale, width_scales
from advisor.spec import vocabulary
from advisor.spec.own import Own
from advisor.spec.plan import DTYPES
from studies import data
from studies.job import SweepJob, TrialJob
from studies.trial.batches import Batch, Batches, batches
from studies.trial.build import build, initialize
from studies.trial.computing import as_planned
from studies.trial.objective import OwnBatches, make
from studies.trial.optimizer import optimizers
from studies.trial.progress import Progress


class Trainer:
    """Everything that a training step reads or changes, all of it made from the job alone.

    The three seeds (weights, data, dropout) are independent streams of `job.seed`: two jobs of one seed see the
    same batches, whatever their models. Raises InputError for data or a plan that the model cannot use.
    """

    def __init__(self, job: TrialJob | SweepJob) -> None:
        weights, draws, dropout = (int(s) for s in np.random.SeedSequence(job.seed).generate_state(3))
        self.recipe, self.plan = job.recipe, job.plan
        self.device = torch.device(job.device.name)
        torch.set_float32_matmul_precision("high" if job.recipe.tf32 else "highest")
        scales: Mapping[str, WidthScale] = STANDARD
        self.module: Any
        self.batches: Batches | OwnBatches
        if isinstance(job.model, Own):
            seed_everything(weights)
            self.vocabulary = math.inf  # of a loss of the user's own, nobody knows how high it may be
            self.module, self.batches = make(job.model, self.device, draws)
        else:
            self.vocabulary = int(vocabulary(job.model))
            dataset = data.read_same(job.data.source, job.data.tokenizer, job.data.sha256)
            self.batches = batches(dataset, job.model, job.plan, self.device, draws)
            with self.device:
                self.module = build(job.model, job.plan)
            scales = width_scales(job.model, job.plan)
            initialize(self.module, weights, scales)
        self.average = averaged(self.module, job.recipe.ema_decay) if job.plan.ema else None
        if job.plan.compile:
            self.module.compile()
        self.optimizers = optimizers(self.module, job.recipe, job.plan, scales)
        self.progress = Progress(job.recipe)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=DTYPES[job.plan.precision].scaled)
        self.steps_done = 0
        seed_everything(dropout)

    def step(self, learning_rate: float) -> Tensor:
        """One optimizer step on the plan's micro-batches.

        Returns their mean loss [nats/token] as a tensor, so that a GPU need not be waited for.
        """
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * group["lr_scale"]
        losses = [self._micro_batch() for _ in range(int(self.plan.accumulation))]
        loss = torch.stack(losses).mean() if len(losses) > 1 else losses[0]
        self._clip()
        for optimizer in self.optimizers:
            self.scaler.step(optimizer)
        self.scaler.update()
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update_parameters(self.module)
        self.steps_done += 1
        return loss

    def _clip(self) -> None:
        if self.recipe.grad_clip:
            for optimizer in self.optimizers:
                self.scaler.unscale_(optimizer)
            clip_grad_norm_(self.module.parameters(), self.recipe.grad_clip)

    def _micro_batch(self) -> Tensor:
        """Adds a micro-batch's share of the step's gradient; returns its loss."""
        logits_BTV, loss = self._forward(self.module, self.batches.draw())
        if not self.plan.keep_logits:
            del logits_BTV
        share = loss / int(self.plan.accumulation) if self.plan.accumulation > 1 else loss
        self.scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, batches: int) -> float:
        """Mean loss [nats/token] of the first to last of the fixed validation batches, without dropout.

        Of the averaged weights, if there are some: they are what such a training is for.
        """
        module = self.module if self.average is None else self.average.module
        module.eval()
        try:
            losses = [self._forward(module, batch)[1].float() for batch in self.batches.validation(batches)]
            return torch.stack(losses).mean().item()
        finally:
            module.train()

    def _forward(self, module: nn.Module, batch: Batch) -> tuple[Tensor | None, Tensor]:
        with as_planned(self.plan, self.device):
            logits_BTV, loss = module(*batch)
        return logits_BTV, loss


def averaged(module: nn.Module, decay: float) -> AveragedModel:
    """A copy of the module that follows its weights: decay * average + (1 - decay) * weights, after every step."""
    follow = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(module, multi_avg_fn=follow)


def seed_everything(seed: int) -> None:
    """Seeds the generators of Python, NumPy and torch (every device)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
