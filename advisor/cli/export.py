"""advisor export: a proposal in the form that another tool reads, or as a script that runs by itself."""

import json
from pathlib import Path
from typing import Any

import click

from advisor import files
from advisor.cli import options
from advisor.errors import InputError
from advisor.export import TARGETS, Exported
from advisor.export import export as exporting
from advisor.ledger import estimate
from advisor.spec.proposal import Stored, find_proposal


@click.command()
@options.proposal(required=False)
@click.option("--study", metavar="NAME", help="What this study has found, in place of a proposal.")
@options.store
@click.option("--to", required=True, metavar="TOOL", help=f"One of {', '.join(TARGETS)}.")
@click.option("-o", "--output", metavar="FILE", help="Write it to this file; by default it is printed.")
@options.plan_options
@options.as_json
def export(
    proposal: str | None, rank: int | None, study: str | None, store_url: str, to: str, output: str | None,
    as_json: bool, **plan_values: Any,
) -> None:  # fmt: skip
    """PROPOSAL, or what a study has found, as a config that another tool loads, with the same parameters; or as a
    training script.

    hf: config.json of transformers; nanogpt: a config of its train.py; x-transformers: Python; litgpt: YAML of
    `litgpt pretrain`; torch: a script that needs nothing but torch. An option of the plan replaces the proposal's.
    """
    if (proposal is None) == (study is None):
        raise InputError("PROPOSAL", expected="a proposal, or --study NAME", got="both" if proposal else "neither")
    found = find_proposal(proposal, rank) if proposal is not None else _tuned(str(study), store_url)
    chosen = options.with_plan(found, plan_values)
    exported = exporting(chosen, to)
    if output is not None:
        files.write_atomic(Path(output), exported.text)
    if as_json:
        click.echo(json.dumps(_as_data(chosen, to, exported, output)))
        return
    for note in exported.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(exported.text if output is None else _line(chosen, exported, output), nl=output is not None)


def _tuned(study: str, store_url: str) -> Stored:
    """What a study has found. Raises UnknownError, InputError or StoreError."""
    from studies.store import open_store  # the store is not loaded for a proposal
    from studies.tuned import tuned

    with open_store(store_url) as store:
        return tuned(store.load(study))


def _parameters(chosen: Stored) -> int:
    return estimate(chosen.model, chosen.plan).parameters.total


def _line(chosen: Stored, exported: Exported, output: str) -> str:
    return f"{output}: {chosen.name} for {exported.builds}, {_parameters(chosen):,} parameters"


def _as_data(chosen: Stored, to: str, exported: Exported, output: str | None) -> dict[str, Any]:
    return {
        "name": chosen.name,
        "to": to,
        "builds": exported.builds,
        "parameters": _parameters(chosen),
        "file": output,
        "file_name": exported.file_name,
        "notes": list(exported.notes),
        "text": exported.text,
    }
