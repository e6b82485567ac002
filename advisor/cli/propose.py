"""advisor propose: the models to train on a GPU in a time, ranked."""

import dataclasses
import json
import textwrap
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from advisor import propose as proposing
from advisor.cli import options, tracing
from advisor.cli.law_from import chosen_law, law_options
from advisor.errors import InfeasibleError, InputError
from advisor.explain import Point, savings
from advisor.gpus import GPU
from advisor.ledger.words import device_text
from advisor.propose.answer import Answer
from advisor.propose.axes import Limits
from advisor.propose.grids import GRIDS
from advisor.propose.nearest import NothingFits
from advisor.propose.pins import parse_pins
from advisor.propose.proposal import Proposal
from advisor.propose.trace import trace
from advisor.propose.words import notes, summary
from advisor.spec.plan import PRECISIONS
from advisor.spec.text import model_to_data
from advisor.units import format_bytes, format_seconds, parse_count

MAX_SECONDS = 10 * 365 * 86400
WIDTH = 100  # columns of a paragraph
CHANGES = 3  # that are named where nothing fits


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
    answer = answered(question(gpu, gpus, law=chosen_law(law_from, store_url), **asked))
    if page is not None:
        _write(answer, page)
    click.echo(json.dumps(as_data(answer, explain)) if as_json else "\n".join(lines(answer, explain)))


def answered(asked: proposing.Question) -> Answer:
    """The answer. Raises InfeasibleError, with what would make something fit, where nothing does."""
    try:
        return proposing.propose(asked)
    except NothingFits as error:
        raise InfeasibleError(f"{error}{_cheapest_changes(error, asked.gpu)}") from None


def _write(answer: Answer, page: Path) -> None:
    import reports  # pandas and plotly: only when there is something to draw
    from advisor.cli.sitting import command_line
    from advisor.propose.target import as_target

    versions = {"transformer-advisor": version("transformer-advisor")}
    reports.write(reports.Proposals(target=as_target(answer), command=command_line(), versions=versions), page)
    click.echo(str(page), err=True)


def question(
    gpu: GPU | None, gpus: int | None, hours: float, family: str = "decoder", precision: str | None = None,
    pinned: Sequence[str] = (), parameters: str | None = None, min_tokens_per_second: float | None = None, **asked: Any,
) -> proposing.Question:  # fmt: skip
    """What the options ask. Raises InputError for an impossible number."""
    if not 0 < hours * 3600 <= MAX_SECONDS:
        raise InputError("--hours", expected=f"a positive number of hours up to {MAX_SECONDS // 3600}", got=hours)
    open_question = proposing.Question(
        gpu=options.required(gpu), gpus=gpus, seconds=hours * 3600, family=family, parameters=_parameters(parameters),
        tokens_per_second=min_tokens_per_second, **asked,
    )  # fmt: skip
    texts = [*pinned, *([f"precision={precision}"] if precision else [])]
    return dataclasses.replace(open_question, pins=parse_pins(texts, open_question.grid))


def _parameters(text: str | None) -> Limits | None:
    """'100M..200M'; a single count means 5 % either way."""
    if text is None:
        return None
    low, dots, high = text.partition("..")
    ends = [int(parse_count(end, "--parameters")) for end in ((low, high) if dots else (low, low))]
    if not dots:
        ends = [ends[0] * 95 // 100, ends[1] * 105 // 100]
    if ends[0] > ends[1]:
        raise InputError("--parameters", expected="LOW..HIGH", got=text, nearest=f"{high}..{low}")
    return Limits(low=ends[0], high=ends[1])


def _cheapest_changes(error: NothingFits, gpu: GPU) -> str:
    """The changes of the nearest candidate that would make it fit, the cheapest first."""
    try:
        found = savings(Point(error.model, error.plan, gpu), error.missing, "device")
    except (InfeasibleError, InputError):
        return "; no change and no pair of changes makes it fit"
    texts = [
        " and ".join(f"{c.path.rpartition('.')[2]} {c.old} -> {c.new}" for c in s.changes) for s in found[:CHANGES]
    ]
    return f"; cheapest changes: {', '.join(f'{rank}. {text}' for rank, text in enumerate(texts, 1))}"


def as_data(answer: Answer, explain: bool = False) -> dict[str, Any]:
    """The answer as plain values."""
    q, c = answer.question, answer.candidates
    return {
        "gpu": {"name": q.gpu.name, "memory_bytes": q.gpu.memory_bytes},
        "gpus": q.gpus or 1,
        "rule": answer.rule,
        "confidence": q.confidence,
        "candidates": c.considered,
        "proposals": [_proposal(p) | (_traced(p, q) if explain else {}) for p in answer.proposals],
        "front": [
            {"name": c.name(p.row)} | {k: v for k, v in dataclasses.asdict(p).items() if k not in ("row", "score")}
            for p in answer.front
        ],
    }


def _proposal(p: Proposal) -> dict[str, Any]:
    data = {f.name: getattr(p, f.name) for f in dataclasses.fields(p)}
    nested = ("plan", "estimate", "recipe", *(["runner_up"] if p.runner_up else []))
    return data | {key: dataclasses.asdict(data[key]) for key in nested} | {"model": model_to_data(p.model)}


def _traced(p: Proposal, q: proposing.Question) -> dict[str, Any]:
    return {"trace": [dataclasses.asdict(t) for t in trace(p, q)]}


def lines(answer: Answer, explain: bool = False) -> list[str]:
    """The answer for a person."""
    q = answer.question
    memory = f"{format_bytes(q.gpu.memory_bytes)}{' each' if q.gpus else ''}"
    head = f"{device_text(q.gpu, q.gpus)}, {memory}, {format_seconds(q.seconds)} of training"
    rows = [f"{head}: {answer.candidates.considered:,} candidates", ""]
    for rank, p in enumerate(answer.proposals, 1):
        first, *others = summary(p)
        rows += [f"{rank}. {first}", *(f"   {line}" for line in others)]
        rows += ["", *tracing.lines(trace(p, q), indent="   "), ""] if explain else []
    fits = (
        f"Ranked by the {answer.rule}, among those whose device memory fits with {100 * q.confidence:.4g} % confidence."
    )
    return [*rows, "", *(line for text in (fits, *notes(answer)) for line in textwrap.wrap(text, WIDTH))]
