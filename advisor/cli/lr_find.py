"""advisor lr-find: one learning-rate range test, read by several rules."""

import dataclasses
import json
import math
from typing import Any

import click

from advisor.cli import options
from advisor.errors import DeviceError
from advisor.gpus import local
from advisor.law import transfer
from advisor.spec import Plan
from advisor.spec.own import Own
from advisor.spec.recipe import Recipe
from advisor.spec.text import find_model
from studies import data as datasets
from studies import ramp
from studies.devices import device_of
from studies.executors.local import LocalExecutor
from studies.executors.watch import watch
from studies.job import Data, SweepJob
from studies.records import SweepRecord
from studies.trial import lr_answer

HANG_SECONDS = 3600.0
WIDER = f"less for models wider than {ramp.WIDTH}"


@click.command("lr-find")
@click.argument("model", metavar="MODEL", default="tiny")
@options.data
@options.tokenizer
@click.option(
    "--batch",
    type=int,
    default=16,
    show_default=True,
    help="Micro-batch of a run [sequences]; the ramp has half of it.",
)
@click.option("--seq", "sequence", type=int, help="Sequence length [tokens]; by default the model's context.")
@click.option("--steps", type=int, default=ramp.STEPS, show_default=True, help="Steps of the ramp.")
@click.option("--low", type=float, help=f"First learning rate; by default {ramp.LOW:g}, {WIDER}.")
@click.option("--high", type=float, help=f"Last learning rate; by default {ramp.HIGH:g}, {WIDER}.")
@options.seed
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Sweeps, each of another seed."
)
@click.option("--parametrization", default="standard", show_default=True, help="standard or mup.")
@click.option("--base-width", type=int, default=256, show_default=True, help="Width of which a rate is with mup.")
@click.option("--steps-of-run", type=int, help="Carry the answer to a run of so many steps.")
@click.option("--width", type=int, help="Carry the answer to this d_model, all else alike.")
@options.as_json
def lr_find(model: str, seeds: int, steps_of_run: int | None, width: int | None, as_json: bool, **values: Any) -> None:
    """Ramp the learning rate over MODEL's first steps on this machine, and read the loss by several rules.

    MODEL (by default tiny) is a preset or a model file whose vocabulary holds the tokens of the data. The
    training state is put back afterwards, byte for byte. The answer is a learning rate with an interval and a range for
    a search; there is none where rules or seeds disagree by more than an octave.
    """
    job = _job(model, **values)
    transfers = _transfers(job, steps_of_run, width)
    swept = _swept(job, seeds)
    carried = _carried(swept, transfers)
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(swept), "carried": carried}))
    else:
        click.echo("\n".join([*lines(swept), *_carried_lines(carried)]))


def _job(
    name: str, data: str, tokenizer: str, batch: int, sequence: int | None, seed: int, parametrization: Any,
    base_width: int, steps: int, low: float | None, high: float | None,
) -> SweepJob:  # fmt: skip
    """What to run. Raises InputError for a model or data that do not go together."""
    model = find_model(name).model
    plan = Plan(
        batch=batch, sequence=int(model.context) if sequence is None else sequence, precision="fp32",
        parametrization=parametrization, base_width=base_width,
    )  # fmt: skip
    plan.check_against(model)
    datasets.read(data, tokenizer).check(model, plan)
    first, last = ramp.ends_of(model, plan)
    low, high = first if low is None else low, last if high is None else high
    return SweepJob(
        model=model, plan=ramp.plan_of(plan), recipe=Recipe(learning_rate=low), steps=steps, low=low, high=high,
        data=Data(source=data, tokenizer=tokenizer), device=device_of(local()), seed=seed,
    )  # fmt: skip


def _swept(job: SweepJob, seeds: int) -> SweepRecord:
    """The sweeps, each run in a child process, as one. Raises DeviceError when one could not be read."""
    jobs = [dataclasses.replace(job, seed=job.seed + more) for more in range(seeds)]
    with LocalExecutor([job.device]) as executor:
        return lr_answer.joined([_one(executor, of_seed) for of_seed in jobs])


def _one(executor: LocalExecutor, job: SweepJob) -> SweepRecord:
    outcome = watch(executor, job, limit_seconds=HANG_SECONDS, grace_seconds=0, should_stop=lambda: False).outcome
    if outcome.sweep is None:
        raise DeviceError(f"the sweep could not be read: {outcome.message}")
    return outcome.sweep


def _transfers(job: SweepJob, steps: int | None, width: int | None) -> list[transfer.Transfer]:
    """From the run that an answer is for to the one that is asked about. Raises InputError."""
    wanted = [] if steps is None else [transfer.to_steps(lr_answer.HORIZON, steps)]
    if width is not None and not isinstance(job.model, Own):
        wanted.append(transfer.to_width(int(job.model.d_model), width, job.plan.parametrization))
    return wanted


def _carried(sweep: SweepRecord, transfers: list[transfer.Transfer]) -> dict[str, Any] | None:
    """The answer for that run, with how it came about; None where there is nothing to carry."""
    if sweep.centre is None or sweep.interval is None or not transfers:
        return None
    factor = math.prod(step.factor for step in transfers)
    return {
        "centre": sweep.centre * factor,
        "interval": [rate * factor for rate in sweep.interval],
        "transfers": [dataclasses.asdict(step) | {"text": str(step)} for step in transfers],
    }


def _carried_lines(carried: dict[str, Any] | None) -> list[str]:
    if carried is None:
        return []
    low, high = carried["interval"]
    head = f"carried: {carried['centre']:.2e} ({low:.2e} to {high:.2e})"
    return ["", head, *(f"   {step['text']}" for step in carried["transfers"])]


def lines(sweep: SweepRecord) -> list[str]:
    """The sweep for a person."""
    rules = [f"   {name:<14}{rate:.2e}" for name, rate in sweep.rules.items()]
    restored = "put back byte for byte" if sweep.restored else "NOT put back: do not go on from it"
    bounds = f"bounds for a search: {sweep.low:.2e} to {sweep.high:.2e}"
    return [sweep.verdict, "", *rules, "", bounds, f"training state {restored}"]
