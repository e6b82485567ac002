"""A study as it is now: how far, what runs, the best so far, curves, the trials that ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.http.pages.axis import Axis, Tick
from advisor.units import format_count, format_seconds
from reports.numbers import thin
from studies.front import front
from studies.objectives import beside_loss
from studies.records import CurvePoint, StudyRecord, TrialRecord
from studies.store.live import Live, RunningTrial
from studies.store.queue import Entry

WIDE = 1000  # of the coordinates that paths are drawn in; the page stretches them
POINTS = 2000  # of all curves together: what a page gets twice a second does not grow with the study
MIN_PER_CURVE, MAX_PER_CURVE = 15, 100
HIGHEST = 0.9  # quantile of the losses above which curves leave the picture
PHASES = {
    "probe": "measures how fast this device is",
    "sweep": "sweeps the learning rate",
    "default": "trains the untuned default",
    "shape": "compares shapes in short runs",
    "rate": "fits the learning rate in short runs",
    "search": "searches",
    "front": "trains cheaper models, for the front",
    "repeat": "trains the best so far again with another seed",
    "final": "trains the winner again with other seeds",
}


STATES = {
    "RUNNING": "begins",
    "FINISHED": "has used its budget",
    "INTERRUPTED": "all that has ended is kept, and it can go on",
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number that a person looks for."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Path:
    """One curve: `d` in WIDE x WIDE."""

    kind: str  # ended, best, running
    d: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Curves over what they share."""

    finding: str
    paths: tuple[Path, ...]
    xs: tuple[Tick, ...]
    ys: tuple[Tick, ...]
    caption: str


@dataclass(frozen=True, kw_only=True)
class Running:
    """A trial under way."""

    number: int
    role: str
    device: str
    settings: str
    share: float  # percent
    steps: str
    loss: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A trial that ended."""

    number: int
    role: str
    state: str
    loss: str
    settings: str
    took: str
    is_best: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """The Pareto front of a study with several objectives."""

    finding: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # as many cells as heads


@dataclass(frozen=True, kw_only=True)
class LiveView:
    """All that the template shows."""

    name: str
    state: str
    sentence: str
    share: float  # of the budget, percent
    figures: tuple[Figure, ...]
    running: tuple[Running, ...]
    charts: tuple[Chart, ...]
    rows: tuple[Row, ...]
    front: Table | None = None


def waiting_view(entry: Entry) -> LiveView:
    """A study that has not begun."""
    waits = f"waits until {' and '.join(entry.devices)} is free" if entry.state == "WAITING" else "begins"
    sentence = f"could not begin: {entry.message}" if entry.state == "FAILED" else waits
    return LiveView(name=entry.name, state=entry.state, sentence=sentence, share=0.0, figures=(), running=(), charts=(),
                    rows=())  # fmt: skip


def view(record: StudyRecord, live: Live | None, problem: str = "") -> LiveView:
    """A study of the store, with what it is doing where it runs, and why it could not go on where it was to."""
    spent = live.spent_seconds if live else record.spent_seconds
    return LiveView(
        name=record.name,
        state=record.state,
        sentence=problem or (_doing(live) if live else STATES[record.state]),
        share=min(100.0, 100 * spent / record.budget_seconds),
        figures=tuple(_figures(record, live, spent)),
        running=tuple(_running(trial) for trial in live.running) if live else (),
        charts=tuple(chart for chart in (_curves(record, live), _best_so_far(record)) if chart),
        rows=tuple(_row(trial, record.best) for trial in reversed(record.trials)),
        front=_front(record),
    )


def _doing(live: Live) -> str:
    """In a sentence. What runs says it better than the phase that began last: the default runs amid the search."""
    roles = dict.fromkeys(trial.role for trial in live.running)
    return " and ".join(PHASES[role] for role in roles) or PHASES[live.phase]


def settings(point: dict[str, float]) -> str:
    """'4 x 128, learning rate 2.6e-03, dropout 0.02'."""
    return (
        f"{point['depth']:.0f} x {point['d_model']:.0f}, learning rate {point['learning_rate']:.1e}, "
        f"dropout {point['dropout']:.2f}"
    )


def _figures(record: StudyRecord, live: Live | None, spent: float) -> list[Figure]:
    best = (live.best if live else None) or record.best
    figures = [
        Figure(label="Spent", value=format_seconds(spent), note=f"of {format_seconds(record.budget_seconds)}"),
        Figure(label="Trials ended", value=str(live.ended if live else len(record.trials))),
    ]
    if live:
        left = max(0.0, live.predicted_end_seconds - spent)
        at = time.strftime("%H:%M:%S UTC", time.gmtime(live.written + left))
        figures.append(Figure(label="Predicted end", value=f"in {format_seconds(left)}", note=at))
    if best and best.value is not None:
        figures.append(Figure(label="Best loss so far", value=f"{best.value:.4f}", note=settings(best.point)))
    return figures


def _running(trial: RunningTrial) -> Running:
    loss = trial.validation_loss if trial.validation_loss is not None else trial.train_loss
    return Running(
        number=trial.number,
        role=trial.role,
        device=trial.device,
        settings=settings(trial.point),
        share=min(100.0, 100 * trial.step / max(1, trial.steps)),
        steps=f"step {trial.step:,} of {trial.steps:,}",
        loss="" if loss is None else f"loss {loss:.3f}",
    )


def _row(trial: TrialRecord, best: TrialRecord | None) -> Row:
    reason = f" ({trial.reason})" if trial.reason else ""
    return Row(
        number=trial.number,
        role=trial.role,
        state=trial.state.lower() + reason,
        loss="" if trial.value is None else f"{trial.value:.4f}",
        settings=settings(trial.point),
        took=format_seconds(trial.seconds),
        is_best=best is not None and trial.number == best.number,
    )


def _front(record: StudyRecord) -> Table | None:
    """The trials that no other one beats in all objectives; None where the loss alone counts."""
    trials, costs = front(record), beside_loss(record.objectives)
    if not trials:
        return None
    names = [cost.label for cost in costs]
    many = f"{len(trials)} trials are" if len(trials) > 1 else "One trial is"
    return Table(
        finding=f"{many} on the front of loss and {', '.join(names)}",
        heads=("trial", "loss", *names, "settings"),
        rows=tuple(
            (f"{t.number}", f"{t.value:.4f}", *(cost.show(t.costs[cost.name]) for cost in costs), settings(t.point))
            for t in trials
        ),
    )


def _curves(record: StudyRecord, live: Live | None) -> Chart | None:
    """Training losses by tokens: of what ended, of the best, of what runs."""
    best = record.best
    ended = [(("best" if best and t.number == best.number else "ended"), t.number, t.curve) for t in record.trials]
    running = [("running", t.number, t.curve) for t in live.running] if live else []
    curves = [(kind, number, curve) for kind, number, curve in (*ended, *running) if len(curve) > 1]
    if not curves:
        return None
    limit = min(max(POINTS // len(curves), MIN_PER_CURVE), MAX_PER_CURVE)
    drawn = [(kind, number, thin(curve, limit)) for kind, number, curve in curves]
    tokens = [p.tokens for _, _, curve in drawn for p in curve]
    losses = sorted(p.train_loss for _, _, curve in drawn for p in curve)
    x = Axis(name="tokens", label="tokens", values=[0, max(tokens)], show=format_count, log=False)
    shown = [losses[0], losses[int(HIGHEST * (len(losses) - 1))]]
    y = Axis(name="loss", label="training loss", values=shown, show="{:.2f}".format, log=False)
    order = {"ended": 0, "best": 1, "running": 2}
    paths = (
        Path(kind=kind, d=_line(curve, x, y), text=f"trial {number}")
        for kind, number, curve in sorted(drawn, key=lambda one: order[one[0]])
    )
    names = ", ".join(str(number) for kind, number, _ in drawn if kind == "running")
    finding = f"Training loss of trial {names} beside those that ended" if names else "Training loss of all trials"
    caption = "Loss [nats/token] by tokens seen; orange runs, blue is the best so far, grey has ended."
    return Chart(finding=finding, paths=tuple(paths), xs=tuple(x.ticks), ys=tuple(y.ticks), caption=caption)


def _best_so_far(record: StudyRecord) -> Chart | None:
    """The lowest loss of the search by wall-clock."""
    done = [t for t in record.trials_of("search") if t.state == "COMPLETE" and t.value is not None]
    steps = sorted((t.started + t.seconds, t.value) for t in done if t.value is not None)
    if len(steps) < 2:
        return None
    x = Axis(name="time", label="time", values=[0.0, record.budget_seconds], show=_seconds, log=False)
    y = Axis(name="loss", label="loss", values=[v for _, v in steps], show="{:.3f}".format, log=False)
    lowest, d = steps[0][1], ""
    for when, value in steps:
        lowest = min(lowest, value)
        d += f"{'H' if d else 'M'}{_x(x, when)} {'V' if d else ''}{_y(y, lowest)} "
    path = Path(kind="best", d=f"{d}H{_x(x, max(record.spent_seconds, steps[-1][0]))}", text="best so far")
    return Chart(
        finding=f"The lowest loss fell from {steps[0][1]:.3f} to {lowest:.3f} in {len(steps)} trials",
        paths=(path,),
        xs=tuple(x.ticks),
        ys=tuple(y.ticks),
        caption="Lowest validation loss [nats/token] of the search by wall-clock; the axis ends with the budget.",
    )


def _seconds(seconds: float) -> str:
    return format_seconds(seconds) if seconds else "0 s"


def _line(curve: Sequence[CurvePoint], x: Axis, y: Axis) -> str:
    """Of two linear axes; a page that is open has many points placed twice a second."""
    (left, width), (bottom, height) = x.line(WIDE), y.line(WIDE)
    points = (f"{left + width * p.tokens:.1f} {WIDE - bottom - height * p.train_loss:.1f}" for p in curve)
    return "M" + " L".join(points)


def _x(axis: Axis, value: float) -> str:
    return f"{WIDE / 100 * axis.place(value):.1f}"


def _y(axis: Axis, value: float) -> str:
    return f"{WIDE - WIDE / 100 * axis.place(value):.1f}"
