"""advisor report: one offline HTML page about a study."""

import json
from pathlib import Path

import click

import studies
from advisor.cli import options
from advisor.files import slug
from studies.records import StudyRecord


@click.command()
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; by default runs/NAME.html."
)
@options.store
@options.as_json
def report(name: str, output: Path | None, store_url: str, as_json: bool) -> None:
    """Write the report of the study NAME: one HTML file that needs no network.

    Losses are in nats/token, memory in GiB (2^30 bytes), compute in FLOPs.
    """
    with studies.open_store(store_url) as store:
        path = write(store.load(name), output)
    click.echo(json.dumps({"report": str(path)}) if as_json else str(path))


def write(record: StudyRecord, output: Path | None = None) -> Path:
    """The report of a record, in the file asked for or in the folder of runs."""
    import reports  # pandas and plotly: only when there is something to draw

    return reports.write(record, output or Path("runs") / f"{slug(record.name)}.html")
