"""advisor gpus: the catalogue, one GPU, or the device at hand."""

import dataclasses
import json

import click

from advisor.cli import options
from advisor.gpus import GPU, catalogue, find, local
from advisor.units import GB, TERA, format_bytes

COLUMNS = "{:<28} {:>10} {:>10} {:>8} {:>8} {:>8}  {}"


@click.command()
@click.argument("name", required=False)
@options.as_json
def gpus(name: str | None, as_json: bool) -> None:
    """The GPU catalogue; with NAME one GPU and the source of its figures, with 'local' the device of this machine.

    Memory is what a process can use [GiB], bandwidth [GB/s], peaks are dense [TFLOP/s] with fp32 accumulation.
    """
    found = catalogue() if name is None else (local() if name == "local" else find(name),)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(g) for g in found]))
    elif name is None:
        click.echo(COLUMNS.format("GPU", "memory", "bandwidth", "fp32", "bf16", "fp8", "released"))
        click.echo("\n".join(_row(g) for g in found))
    else:
        click.echo("\n".join(_details(found[0])))


def _row(g: GPU) -> str:
    peaks = (f"{g.peaks[k] / TERA:.0f}" if k in g.peaks else "-" for k in ("fp32", "bf16", "fp8"))
    bandwidth = f"{g.bandwidth / GB:.0f}" if g.bandwidth else "-"
    return COLUMNS.format(g.name, format_bytes(g.memory_bytes), bandwidth, *peaks, g.released or "-")


def _details(g: GPU) -> list[str]:
    return [
        f"{f.name:<22}{getattr(g, f.name)}" for f in dataclasses.fields(g) if getattr(g, f.name) not in (None, "", ())
    ]
