"""advisor propose: the models to train on a GPU in a time, ranked."""

import json
import textwrap
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from advisor import propose as proposing
from advisor.cli import options, tracing
from advisor.cli.law_from import chosen_law, law_options
from advisor.gpus import GPU
from advisor.propose.answer import Answer
from advisor.propose.data import as_data
from advisor.propose.grids import GRIDS
from advisor.propose.reader import question
from advisor.propose.trace import trace
from advisor.propose.words import headline, notes, ranking, summary
from advisor.spec.plan import PRECISIONS

WIDTH = 100  # columns of a paragraph


@click.command()
@options.gpu
@options.profile
@click.option("--hours", type=float, default=24.0, show_default=True, help="Training time on that GPU [h].")
@click.option("--family", default="decoder", show_default=True, metavar="NAME", help=f"One of {', '.join(GRIDS)}.")
@click.option("--vocab", type=int, help="Vocabulary [tokens]; by default one that is usual for the family.")
@click.option("--context", type=int, help="Sequence length [tokens]; 1024, or 512 of families other than decoders.")
@click.option("--precision", metavar="NAME", help=f"One of {', '.join(PRECISIONS)}; open unless given.")
@click.option(
    "--tokens-available",
    type=options.COUNT,
    metavar="COUNT",
    help="Training data [tokens], such as 2B; a longer training repeats it.",
)
@click.option(
    "--confidence", type=float, default=0.95, show_default=True,
    help="Probability that the device memory of a proposal stays within the GPU's.",
)  # fmt: skip
@click.option(
    "--set", "pinned", multiple=True, metavar="FIELD=VALUE",
    help="Pin a field of the model or the plan, such as d_model=768, depth=4..12 or mlp=swiglu; as often as you like.",
)  # fmt: skip
@click.option("--parameters", metavar="RANGE", help="How many, such as 100M..200M or 124M.")
@click.option(
    "--min-tokens-per-second", type=options.COUNT, metavar="COUNT", help="Slower candidates are left out [tokens/s]."
)
@law_options
@click.option(
    "--report", "page", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write a report of the proposals too: one HTML file that needs no network.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Add what every number is made of: formula, inputs, interval, source.")
@options.as_json
def propose(
    gpu: GPU | None, gpus: int | None, law_from: tuple[str, ...], store_url: str, page: Path | None, explain: bool,
    as_json: bool, **asked: Any,
) -> None:  # fmt: skip
    """The models to train on a GPU in a time: what fits, ranked by predicted loss.

    A million candidates and more are computed, each with its exact peak of memory; every proposal has been replayed on
    the caching allocator. The loss ranks candidates; it is that of the web text that the scaling law was fitted on.
    """
    answer = proposing.propose(question(options.required(gpu), gpus, law=chosen_law(law_from, store_url), **asked))
    if page is not None:
        _write(answer, page)
    click.echo(json.dumps(as_data(answer, explain)) if as_json else "\n".join(lines(answer, explain)))


def _write(answer: Answer, page: Path) -> None:
    import reports  # pandas and plotly: only when there is something to draw
    from advisor.cli.sitting import command_line
    from advisor.propose.target import as_target

    versions = {"transformer-advisor": version("transformer-advisor")}
    reports.write(reports.Proposals(target=as_target(answer), command=command_line(), versions=versions), page)
    click.echo(str(page), err=True)


def lines(answer: Answer, explain: bool = False) -> list[str]:
    """The answer for a person."""
    q = answer.question
    rows = [headline(answer), ""]
    for rank, p in enumerate(answer.proposals, 1):
        first, *others = summary(p)
        rows += [f"{rank}. {first}", *(f"   {line}" for line in others)]
        rows += ["", *tracing.lines(trace(p, q), indent="   "), ""] if explain else []
    return [*rows, "", *(line for text in (ranking(answer), *notes(answer)) for line in textwrap.wrap(text, WIDTH))]
