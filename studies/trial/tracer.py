"""Measures steps of models of the user's own: what the ledger says of declared ones."""

from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from advisor.spec import Plan
from advisor.spec.own import Own
from advisor.spec.recipe import Recipe
from studies.job import Data, Device, Outcome, TraceJob, TrialJob
from studies.needs import Needs
from studies.trial.out_of_memory import is_out_of_memory
from studies.trial.step_memory import cpu_peak, cuda_peaks
from studies.trial.trainer import Trainer


def run(job: TraceJob) -> Outcome:
    """COMPLETE with what each config needs. Raises ObjectiveError."""
    return Outcome(state="COMPLETE", needs=tuple(_needs(*config, job.device) for config in job.configs))


def _needs(own: Own, plan: Plan, recipe: Recipe, device: Device) -> Needs | None:
    """None where memory runs out."""
    try:
        step = RealStep(own, plan, recipe, device)
        with FlopCounterMode(display=False) as counter:
            step()  # the first: it makes the optimizer's states
        peak = cuda_peaks(step)[0] if device.name.startswith("cuda") else cpu_peak(step)
    except Exception as error:
        if is_out_of_memory(error):
            return None
        raise
    parameters = sum(p.numel() for p in step.trainer.module.parameters())
    return Needs(parameters=parameters, flops=max(float(counter.get_total_flops()), 1.0), memory_bytes=peak)


class RealStep:
    """A trial's step, again and again."""

    def __init__(self, own: Own, plan: Plan, recipe: Recipe, device: Device) -> None:
        self.trainer = Trainer(
            TrialJob(
                model=own, plan=plan, recipe=recipe, data=Data(), device=device, seed=0, steps=1, eval_every=1,
                eval_batches=1, flops_per_step=0.0,
            )
        )  # fmt: skip

    def __call__(self) -> None:
        self.trainer.step(self.trainer.recipe.learning_rate)

    def live_tensors(self) -> list[Tensor]:
        """Weights, buffers, their averages, the optimizers' states."""
        states = [v for o in self.trainer.optimizers for state in o.state.values() for v in state.values()]
        modules = [m for m in (self.trainer.module, self.trainer.average) if m is not None]
        tensors = [t for module in modules for t in (*module.parameters(), *module.buffers())]
        return [t for t in (*tensors, *states) if isinstance(t, Tensor)]
