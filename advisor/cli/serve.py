"""advisor serve: the service."""

from pathlib import Path

import click

from advisor.cli import options


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=int, default=8765, show_default=True, help="Port to listen on; 0 is any that is free.")
@options.store
@click.option(
    "--data-folder",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    metavar="FOLDER",
    help="The one folder that studies started over HTTP may read data from.",
)
@click.option(
    "--reports-folder",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    metavar="FOLDER",
    help="Where reports are written and found.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A host name by which browsers call the service, beside localhost; as often as you like.",
)
@click.option(
    "--studies", type=int, default=1, show_default=True, help="Studies at a time on each device; others wait."
)
@click.option("--rate", type=float, default=400.0, show_default=True, help="Requests of one client [1/s].")
def serve(
    host: str, port: int, store_url: str, data_folder: Path, reports_folder: Path, names: tuple[str, ...],
    studies: int, rate: float,
) -> None:  # fmt: skip
    """Answer over HTTP: a JSON API and web pages.

    Listens on this machine alone unless told otherwise. Studies run as processes of their own and outlive the service.
    """
    from advisor.http.config import Config  # fastapi and uvicorn: only when there is something to serve
    from advisor.http.server import serve as run

    config = Config(
        host=host,
        port=port,
        store=store_url,
        data_folder=data_folder,
        reports_folder=reports_folder,
        names=names,
        requests_per_second=rate,
        studies_per_device=studies,
    )
    run(config, lambda url: click.echo(f"listening on {url}", err=True))
