"""advisor tune: a tuning study of short real trials within a time budget."""

import json
from typing import Any

import click

import studies
from advisor.cli import answer, options, sitting
from advisor.errors import InputError
from studies.answer import Answer
from studies.job import Device


@click.command()
@click.argument("name")
@click.option("--budget", type=options.DURATION, metavar="DURATION", help="Wall-clock of the whole study, such as 3m.")
@options.study
@click.option(
    "--memory", type=options.BYTES, metavar="BYTES", help="Memory that a step may take; by default the device's."
)
@click.option(
    "--objective", default="", metavar="FILE:FUNCTION", help="Tune a model of your own; --space is a file of its knobs."
)
@options.slots
@click.option("--trials", type=int, metavar="COUNT", help="At most so many trials of the search.")
@click.option(
    "--sampler",
    default="shapes-first",
    metavar="NAME",
    help="How trials are chosen: shapes-first, or a sampler of Optuna's: tpe, random, ...",
)
@click.option(
    "--pruner", default="median", metavar="NAME", help="What Optuna's samplers stop early: median, hyperband, nop, ..."
)
@options.objectives
@click.option(
    "--tracker", default="", metavar="NAME", help="Tell each trial to tensorboard, mlflow or wandb too ([trackers])."
)
@click.option("--resume", is_flag=True, help="Go on with the study NAME where it was interrupted.")
@options.store
@options.as_json
def tune(
    name: str, budget: float | None, slots: tuple[Device, ...], ray: str | None, memory: int | None,
    trials: int | None, resume: bool, store_url: str, as_json: bool, **asked: Any,
) -> None:  # fmt: skip
    """Tune learning rate, dropout, depth and width in short real trials on this machine's device.

    NAME is the study's name in the store. An LR sweep comes first, then short runs of each shape, then full
    trials around the best, then the winner again with other seeds. Ctrl-C loses nothing: --resume goes on.
    """
    if resume:
        record = sitting.go_on(name, store_url, slots, ray)
    elif budget is None:
        raise InputError("--budget", expected="a duration such as 3m", got=None)
    else:
        record = sitting.start(
            studies.Settings(
                name=name, budget_seconds=budget, store=store_url, devices=slots, memory_bytes=memory,
                max_trials=trials, command=sitting.command_line(), **asked,
            ),
            ray,
        )  # fmt: skip
    click.echo(json.dumps(Answer.of(record).as_data()) if as_json else "\n".join(answer.lines(record)))
