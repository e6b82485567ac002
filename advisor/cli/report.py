"""advisor report: one offline HTML page about a study, or about several beside each other."""

import json
from pathlib import Path

import click

import studies
from advisor.cli import options
from advisor.errors import InputError
from advisor.files import unique_slug
from studies.records import StudyRecord


@click.command()
@click.argument("names", metavar="[STUDY]...", nargs=-1)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; by default runs/STUDY.html."
)
@click.option(
    "--from", "page", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="A page that advisor report wrote: the same one, made again from the data in it.",
)  # fmt: skip
@options.store
@options.as_json
def report(names: tuple[str, ...], output: Path | None, page: Path | None, store_url: str, as_json: bool) -> None:
    """Write the report of a STUDY: one HTML file that needs no network. Several are compared in one page.

    Losses are in nats/token, memory in GiB (2^30 bytes), compute in FLOPs.
    """
    if bool(names) == (page is not None):
        raise InputError("advisor report", expected="names of studies, or --from FILE", got=list(names) or None)
    path = write_again(page, output) if page else _write_stored(names, output, store_url)
    click.echo(json.dumps({"report": str(path)}) if as_json else str(path))


def _write_stored(names: tuple[str, ...], output: Path | None, store_url: str) -> Path:
    with studies.open_store(store_url) as store:
        return write(*(store.load(name) for name in names), output=output)


def write(*records: StudyRecord, output: Path | None = None) -> Path:
    """The report of records, in the file asked for or in the folder of runs."""
    import reports  # pandas and plotly: only when there is something to draw

    name = unique_slug(*(record.name for record in records))
    return reports.write(records, output or Path("runs") / f"{name}.html")


def write_again(page: Path, output: Path | None = None) -> Path:
    """The page of the data in `page`; by default it takes its place."""
    import reports

    return reports.write_again(page, output or page)
