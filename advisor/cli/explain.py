"""advisor explain: what each knob does at this point, and the cheapest changes that free memory."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import click

from advisor import explain as explaining
from advisor.cli import options
from advisor.explain import Check, Effect, Elasticity, Peak, Point, RankCheck, Saving
from advisor.explain.point import READINGS
from advisor.explain.savings import MEMORIES
from advisor.gpus import GPU
from advisor.ledger.words import device_text
from advisor.spec import check
from advisor.spec.text import find_model
from advisor.units import format_bytes

LABELS = ("memory", "parameters", "step FLOPs", "step time")
NOTICEABLE = 0.001  # relative change of a reading below which a switch is left to --json
MOST_SAVINGS = 10
KERNELS_CHANGE = "* Other kernels run at a neighboring value: a jump is in this slope."
PEAK_MOVES = "^ At a neighboring value the peak lies at another op, where another slope holds."
COST = (
    "Cost: shares of parameters, sequence length and {speed} lost, added up. Gains are not set against it, nor is what",
    "a change does to the loss in other ways, such as another precision or a smaller batch.",
)


@click.command()
@click.argument("model", metavar="MODEL")
@options.gpu
@options.plan_options
@click.option(
    "--by", default="memory", show_default=True, metavar="NAME", help=f"Rank knobs by one of {', '.join(READINGS)}."
)
@click.option("--free", "wanted", type=options.BYTES, metavar="BYTES", help="Changes that free so much, such as 4GiB.")
@click.option(
    "--of", "memory", default="allocated", show_default=True, metavar="NAME",
    help="Memory to free: allocated (exact) or device (predicted, as in nvidia-smi).",
)  # fmt: skip
@click.option("--claims", is_flag=True, help="What guides claim of the knobs, beside what is computed here.")
@options.as_json
def explain(
    model: str, gpu: GPU | None, by: str, wanted: int | None, memory: str, claims: bool,
    as_json: bool, **plan_values: Any,
) -> None:  # fmt: skip
    """What the peak of memory is made of, and what each knob of MODEL and its plan does to memory, FLOPs and time.

    Elasticities are computed by estimating the step anew with the knob at its nearest valid values: by how many percent
    a reading grows when the knob grows by one percent, all else held. Knobs turned together have the sum of theirs.
    """
    spec = find_model(model).model
    point = Point(spec, options.chosen_plan(int(spec.context), **plan_values), gpu)
    check.choice("--by", by, READINGS)
    check.choice("--of", memory, MEMORIES)
    found = explaining.elasticities(point, by)
    answer = Answer(
        peak=explaining.peak(point, found),
        elasticities=found,
        switches=explaining.effects(point),
        savings=None if wanted is None else explaining.savings(point, wanted, memory),
        claims=explaining.check_claims(found, spec) if claims else None,
        rankings=explaining.check_rankings(found, spec) if claims else None,
    )
    click.echo(json.dumps(dataclasses.asdict(answer)) if as_json else "\n".join(lines(model, point, answer)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """All that is said of a point; savings, claims and rankings only when asked for."""

    peak: Peak
    elasticities: list[Elasticity]
    switches: list[Effect]
    savings: list[Saving] | None
    claims: list[Check] | None
    rankings: list[RankCheck] | None


def lines(name: str, point: Point, a: Answer) -> list[str]:
    """The answer for a person."""
    on = f" on {device_text(point.gpu, point.plan.gpus)}" if point.gpu else ""
    parts = [f"{name}{on}: batch {point.plan.batch} x {options.lengths(point.plan)} tokens, {point.plan.precision}"]
    parts += ["", *_peak(a.peak), "", *_elasticities(a.elasticities), "", *_switches(a.switches)]
    if a.savings is not None:
        parts += ["", *_savings(a.savings, point)]
    if a.claims is not None:
        parts += ["", *_claims(a.claims)]
    for ranking in a.rankings or ():
        parts += ["", *_ranking(ranking)]
    return parts


def _peak(p: Peak) -> list[str]:
    return [
        f"Peak: {format_bytes(p.bytes)} allocated, in {p.phase} at {p.op}:",
        f"   {format_bytes(p.activations)} that grow with the batch (saved tensors, logits, temporaries),",
        f"   {format_bytes(p.parameters)} parameters, {format_bytes(p.optimizer)} optimizer states,",
        f"   {format_bytes(p.rest)} gradients and copies of weights",
    ]


def _elasticities(found: Sequence[Elasticity]) -> list[str]:
    rows = [
        [
            _name(e.knob) + "*" * (not e.same_kernels) + "^" * (not e.same_peak),
            f"{e.value:,}",
            *(_percent(getattr(e, r), 3) for r in READINGS),
        ]
        for e in found
    ]
    notes = [KERNELS_CHANGE] * any(not e.same_kernels for e in found)
    notes += [PEAK_MOVES] * any(not e.same_peak for e in found)
    return [*_table(["1 % more of", "now", *LABELS], rows), *notes]


def _switches(found: Sequence[Effect]) -> list[str]:
    rows = []
    for e in found:
        changes = [getattr(e, r) for r in READINGS]
        if any(abs(c or 0) >= NOTICEABLE for c in changes):
            rows.append(
                [_name(e.knob), f"{_word(e.value)} -> {_word(e.other)}", *(_percent(c and 100 * c, 1) for c in changes)]
            )
    return _table(["switched", "", *LABELS], rows)


def _savings(found: Sequence[Saving], point: Point) -> list[str]:
    rows = [
        f"{rank}. {', '.join(f'{_name(c.path)} {_word(c.old)} -> {_word(c.new)}' for c in s.changes)}: "
        f"frees {format_bytes(s.freed)}, {_cost(s, point)}"
        for rank, s in enumerate(found[:MOST_SAVINGS], 1)
    ]
    return ["Cheapest first:", *rows, "", *(line.format(speed=_speed(point)) for line in COST)]


def _cost(s: Saving, point: Point) -> str:
    shares = (s.parameters_lost, "parameters"), (s.sequence_lost, "the sequence"), (s.speed_lost, _speed(point))
    lost = [f"{100 * share:.1f} % of {what}" for share, what in shares if share >= NOTICEABLE]
    return f"costs {', '.join(lost)}" if lost else "costs nothing of these"


def _speed(point: Point) -> str:
    return "tokens/s" if point.estimate.time else "tokens/FLOP"


def _claims(found: Sequence[Check]) -> list[str]:
    sources = ", ".join(dict.fromkeys(c.claim.source for c in found))
    head = ["claim", "of", "to", "claimed", "computed", "holds here"]
    return [f"Claims, as elasticities, of: {sources}", *_table(head, [_claim(c) for c in found])]


def _claim(c: Check) -> list[str]:
    claim = c.claim
    claimed = "above 0" if claim.claimed is None else f"{claim.claimed:.2f}"
    holds = "yes" if c.holds else "no"
    return [claim.text, claim.reading, " + ".join(claim.knobs), claimed, f"{c.computed:.2f}", holds]


def _ranking(r: RankCheck) -> list[str]:
    rows = [[p.knob, str(p.claimed), str(p.computed), f"{p.elasticity:.2f}"] for p in r.places]
    head = f"Ranking of the {r.source} by {r.text}: {r.agreement:.0%} of its pairs stand in the computed order."
    return [head, *_table(["knob", "claimed", "computed", "elasticity"], rows)]


def _name(path: str) -> str:
    """Without the model or plan that it stands in."""
    return path.partition(".")[2]


def _word(value: Any) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _percent(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{round(value, digits) + 0.0:+.{digits}f} %"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Columns as wide as they must be, the first one to the left."""
    first, *others = ([len(cell) for cell in column] for column in zip(head, *rows, strict=True))
    widths = [max(column) for column in others]
    return [
        "  ".join([row[0].ljust(max(first)), *(c.rjust(w) for c, w in zip(row[1:], widths, strict=True))])
        for row in [head, *rows]
    ]
