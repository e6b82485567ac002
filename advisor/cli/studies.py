"""advisor studies: what a store holds."""

import dataclasses
import json
from typing import Any

import click

import studies as tuning
from advisor.cli import answer, options
from advisor.errors import InputError, one_line
from advisor.units import format_seconds
from studies.answer import Answer

COLUMNS = "{:<28} {:<12} {:>8} {:>10} {:>10}  {}"


@click.command()
@click.argument("name", required=False)
@click.option("--delete", is_flag=True, help="Delete the study NAME with all its trials.")
@options.store
@options.as_json
def studies(name: str | None, delete: bool, store_url: str, as_json: bool) -> None:
    """The studies in a store; with NAME what that one found.

    Times are wall-clock, losses the best validation loss [nats/token].
    """
    if delete and name is None:
        raise InputError("--delete", expected="the NAME of a study", got=None)
    with tuning.open_store(store_url) as store:
        if name is None:
            data, lines = _listed([dataclasses.asdict(s) for s in store.summaries()])
        elif delete:
            store.delete(name)
            data, lines = {"deleted": name}, [f"deleted {name}"]
        else:
            record = store.load(name)
            data, lines = Answer.of(record).as_data(), answer.lines(record)
    click.echo(json.dumps(data) if as_json else "\n".join(lines))


def _listed(summaries: list[dict[str, Any]]) -> tuple[Any, list[str]]:
    rows = [COLUMNS.format("study", "state", "trials", "spent", "best loss", "created")]
    for s in summaries:
        best = "-" if s["best_value"] is None else f"{s['best_value']:.4f}"
        spent = format_seconds(s["spent_seconds"])
        rows.append(COLUMNS.format(one_line(s["name"]), s["state"].lower(), s["trials"], spent, best, s["created"]))
    return summaries, rows
