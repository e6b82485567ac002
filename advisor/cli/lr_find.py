"""advisor lr-find: one learning-rate range test, read by several rules."""

import dataclasses
import json
from typing import Any

import click

from advisor.cli import options
from advisor.errors import DeviceError
from advisor.gpus import local
from advisor.spec import Plan
from advisor.spec.recipe import Recipe
from advisor.spec.text import find_model
from studies import data as datasets
from studies.devices import device_of
from studies.job import Data, SweepJob
from studies.local import LocalExecutor
from studies.records import SweepRecord
from studies.watch import watch

HANG_SECONDS = 3600.0


@click.command("lr-find")
@click.argument("model", metavar="MODEL", default="tiny")
@options.data
@options.tokenizer
@click.option("--batch", type=int, default=16, show_default=True, help="Micro-batch [sequences].")
@click.option("--seq", "sequence", type=int, help="Sequence length [tokens]; by default the model's context.")
@click.option("--steps", type=int, default=100, show_default=True, help="Steps of the ramp.")
@click.option("--low", type=float, default=1e-5, show_default=True, help="First learning rate.")
@click.option("--high", type=float, default=1.0, show_default=True, help="Last learning rate.")
@options.seed
@options.as_json
def lr_find(model: str, as_json: bool, **values: Any) -> None:
    """Ramp the learning rate over MODEL's first steps on this machine, and read the loss by several rules.

    MODEL (by default tiny) is a preset or a model file whose vocabulary holds the tokens of the data. The
    training state is put back afterwards, byte for byte. The verdict is a range and a centre for a search, not the best
    learning rate itself.
    """
    sweep = _swept(_job(model, **values))
    click.echo(json.dumps(dataclasses.asdict(sweep)) if as_json else "\n".join(lines(sweep)))


def _job(name: str, data: str, tokenizer: str, batch: int, sequence: int | None, seed: int, **ramp: Any) -> SweepJob:
    """What to run. Raises InputError for a model or data that do not go together."""
    model = find_model(name).model
    plan = Plan(batch=batch, sequence=int(model.context) if sequence is None else sequence, precision="fp32")
    plan.check_against(model)
    datasets.read(data, tokenizer).check(model, plan)
    return SweepJob(
        model=model, plan=plan, recipe=Recipe(learning_rate=ramp["low"]), data=Data(source=data, tokenizer=tokenizer),
        device=device_of(local()), seed=seed, **ramp,
    )  # fmt: skip


def _swept(job: SweepJob) -> SweepRecord:
    """The sweep, run in a child process. Raises DeviceError when it could not be read."""
    with LocalExecutor([job.device]) as executor:
        outcome = watch(executor, job, limit_seconds=HANG_SECONDS, grace_seconds=0, should_stop=lambda: False).outcome
    if outcome.sweep is None:
        raise DeviceError(f"the sweep could not be read: {outcome.message}")
    return outcome.sweep


def lines(sweep: SweepRecord) -> list[str]:
    """The sweep for a person."""
    rules = [f"   {name:<14}{rate:.2e}" for name, rate in sweep.rules.items()]
    restored = "put back byte for byte" if sweep.restored else "NOT put back: do not go on from it"
    bounds = f"bounds for a search: {sweep.low:.2e} to {sweep.high:.2e}"
    return [sweep.verdict, "", *rules, "", bounds, f"training state {restored}"]
