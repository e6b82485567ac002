"""One training step on random tokens, to be timed or measured again and again. Shape suffixes: B batch, T sequence."""

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from advisor.ledger.mup import width_scales
from advisor.spec import Model, Plan, Seq2Seq, vocabulary
from advisor.spec.plan import DTYPES
from studies.trial.build import build, initialize
from studies.trial.computing import as_planned
from studies.trial.plan_optimizer import optimizers_of


class SingleStep:
    """The optimizer step that a plan describes, of any family, on one device; its random tokens stay the same."""

    def __init__(self, model: Model, plan: Plan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        with device:
            self.module = build(model, plan)
            self.batch = _random_batch(model, plan)
        initialize(self.module, 0, width_scales(model, plan))
        if plan.compile:
            self.module.compile()
        self.optimizers = optimizers_of(self.module, plan)
        self.scaler = torch.amp.GradScaler(device.type, enabled=DTYPES[plan.precision].scaled)
        average = get_ema_multi_avg_fn()  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.module, multi_avg_fn=average) if plan.ema else None

    def __call__(self) -> None:
        for _ in range(int(self.plan.accumulation)):
            self._micro_batch()
        if self.plan.grad_clip:
            for optimizer in self.optimizers:
                self.scaler.unscale_(optimizer)
            clip_grad_norm_(self.module.parameters(), 1.0)
        for optimizer in self.optimizers:
            self.scaler.step(optimizer)
        self.scaler.update()
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update_parameters(self.module)

    def live_tensors(self) -> list[Tensor]:
        """What lives before and after every step but the first: weights, buffers, states, the batch."""
        states = [v for o in self.optimizers for state in o.state.values() for v in state.values()]
        averaged = [] if self.average is None else [*self.average.parameters(), *self.average.buffers()]
        tensors = [*self.module.parameters(), *self.module.buffers(), *states, *averaged, *self.batch]
        return [t for t in tensors if isinstance(t, Tensor)]

    def _micro_batch(self) -> None:
        with as_planned(self.plan, self.device):
            logits_BTV, loss = self.module(*self.batch)
        if not self.plan.keep_logits:
            del logits_BTV
        self.scaler.scale(loss).backward()


def _random_batch(model: Model, plan: Plan) -> list[Tensor]:
    """Ids and targets, of an encoder-decoder source, target and labels; with `padding`, a mask that keeps all."""
    lengths = [plan.sequence, plan.target]
    if isinstance(model, Seq2Seq):
        lengths.append(plan.target)
    batch = [torch.randint(int(vocabulary(model)), (int(plan.batch), int(length))) for length in lengths]
    return [*batch, torch.ones_like(batch[0], dtype=torch.bool)] if plan.padding else batch
