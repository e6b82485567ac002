"""advisor run: size, tune and report, end to end."""

import json
from typing import Any

import click

import studies
from advisor.cli import answer, options, report, sitting
from advisor.cli.propose import lines
from advisor.errors import InputError
from advisor.files import slug
from advisor.gpus import GPU
from advisor.propose import Answer, propose
from advisor.propose.reader import question
from advisor.propose.target import as_target
from advisor.units import format_seconds
from studies.answer import Answer as Tuned
from studies.job import Device
from studies.records import StudyRecord


@click.command()
@options.gpu
@click.option(
    "--hours", type=float, default=24.0, show_default=True, help="Training time on that GPU [h], for the proposals."
)
@click.option(
    "--budget",
    type=options.DURATION,
    default="3m",
    show_default=True,
    metavar="DURATION",
    help="Wall-clock of the tuning on this machine.",
)
@options.study
@options.slots
@options.objectives
@click.option("--name", help="Name of the study; by default made of GPU and budget.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the study that was interrupted last, or with --name; with --gpu, begin if there is none.",
)
@options.store
@options.as_json
def run(
    gpu: GPU | None, gpus: int | None, hours: float, slots: tuple[Device, ...], ray: str | None, name: str | None,
    resume: bool, as_json: bool, store_url: str, **asked: Any,
) -> None:  # fmt: skip
    """Propose models for a GPU, tune a small proxy on this machine, write the report.

    The proposals are sized for --gpu. What is tuned is a small proxy on the device at hand, and the answer says so.
    Ctrl-C at any point loses nothing: advisor run --resume goes on.
    """
    begun = (name or _unfinished(store_url)) if resume else None
    if resume and not begun and gpu is None:
        raise InputError("--resume", expected="an unfinished study in the store", got=store_url)
    if begun:
        record = sitting.go_on(begun, store_url, slots, ray)
    else:
        found = propose(question(options.required(gpu), gpus, hours, **options.DEFAULT_TARGET))
        if not as_json:
            click.echo("\n".join(["1. What to train", "", *lines(found), "", "2. With which hyperparameters", ""]))
        record = sitting.start(_settings(found, name, store_url, devices=slots, **asked), ray)
    path = str(report.write(record))
    if as_json:
        click.echo(json.dumps(_as_data(record) | {"report": path}))
    else:
        click.echo("\n".join([*answer.lines(record), "", "3. The evidence", "", f"   {path}"]))


def _settings(found: Answer, name: str | None, store_url: str, budget: float, **asked: Any) -> studies.Settings:
    return studies.Settings(
        name=name or _free_name(found.question.gpu.name, budget, store_url), budget_seconds=budget, store=store_url,
        target=as_target(found), command=sitting.command_line(), **asked,
    )  # fmt: skip


def _free_name(gpu: str, budget: float, store_url: str) -> str:
    """A name that the store does not have yet: 'rtx-4090-3m', 'rtx-4090-3m-2', ..."""
    base = slug(f"{gpu} {format_seconds(budget).removesuffix('00s')}")
    with studies.open_store(store_url, create=True) as store:
        taken = set(store.names())
    return next(n for n in (base, *(f"{base}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def _unfinished(store_url: str) -> str | None:
    """The unfinished study that was created last."""
    with studies.open_store(store_url, create=True) as store:
        unfinished = [s for s in store.summaries() if s.state != "FINISHED"]
    return max(unfinished, key=lambda s: s.created).name if unfinished else None


def _as_data(record: StudyRecord) -> dict[str, Any]:
    return {"gpu": record.target.get("gpu"), "proposals": record.target.get("proposals")} | Tuned.of(record).as_data()
