"""The results as tables: how much sooner, how good in the end, and one line per ingredient."""

import math
from collections.abc import Iterator
from statistics import fmean, median
from typing import Any

from tests.bench.tuning.ours import VARIANTS
from tests.bench.tuning.plan import OURS, best_final
from tests.bench.tuning.rivals import NAMES

Result = dict[str, Any]


def markdown(results: list[Result]) -> str:
    """All tables."""
    return "\n".join([*_sooner(results), "", *_final(results), "", *_ablation(results)])


def reached(result: Result, loss: float) -> float:
    """When a run was at most at this loss [s]; infinite if never."""
    return float(min((step["seconds"] for step in result["steps"] if step["loss"] <= loss), default=math.inf))


def pairs(results: list[Result], tuner: str) -> Iterator[tuple[Result, Result]]:
    """A tuner's run and ours, per task and seed."""
    ours = {(r["task"], r["seed"]): r for r in results if r["tuner"] == OURS}
    for theirs in results:
        if theirs["tuner"] == tuner and (theirs["task"], theirs["seed"]) in ours:
            yield theirs, ours[theirs["task"], theirs["seed"]]


def _sooner(results: list[Result]) -> list[str]:
    """The rival's time to its own final loss over ours to the same, and the rival's whole budget over ours."""
    rows = ["| rival | sooner, median | least, most | against its budget | reached |", "|---|---|---|---|---|"]
    for rival in NAMES:
        done = [(theirs, ours) for theirs, ours in pairs(results, rival) if theirs["best"]]
        if not done:
            continue
        ours = [reached(mine, theirs["best"]["loss"]) for theirs, mine in done]
        own = [theirs["best"]["seconds"] / seconds for (theirs, _), seconds in zip(done, ours, strict=True)]
        whole = [theirs["budget"] / seconds for (theirs, _), seconds in zip(done, ours, strict=True)]
        share = f"{sum(ratio > 0 for ratio in own)} of {len(own)}"
        spread = f"{min(own):.1f}x, {max(own):.1f}x"
        rows.append(f"| {rival} | {median(own):.1f}x | {spread} | {median(whole):.1f}x | {share} |")
    return rows


def _final(results: list[Result]) -> list[str]:
    tasks = list(dict.fromkeys(r["task"] for r in results))
    rows = [f"| final loss | {' | '.join(tasks)} |", "|---" * (len(tasks) + 1) + "|"]
    for tuner in (OURS, *NAMES):
        own = [r for r in results if r["tuner"] == tuner and r["fresh"]]
        losses = [[fmean(r["fresh"]) for r in own if r["task"] == task] for task in tasks]
        rows.append(f"| {tuner} | {' | '.join(f'{fmean(each):.4f}' if each else '-' for each in losses)} |")
    return rows


def _ablation(results: list[Result]) -> list[str]:
    """The time to what the best rival has in the end, over the whole strategy's, wherever that got there."""
    rows = ["| left out | times as long, by task and seed |", "|---|---|"]
    for variant in VARIANTS:
        both = [(r, ours, best_final(results, r["task"], r["seed"])) for r, ours in pairs(results, variant)]
        times = [(reached(without, loss), reached(ours, loss)) for without, ours, loss in both if variant != OURS]
        ratios = [without / ours for without, ours in times if math.isfinite(ours)]
        words = [f"{ratio:.2f}" if math.isfinite(ratio) else "never there" for ratio in ratios]
        if ratios:
            rows.append(f"| {variant.removeprefix('without ')} | {', '.join(words)} |")
    return rows
