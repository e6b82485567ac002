"""What a running study shows on standard error: the budget spent, the trial that runs, the best so far."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from advisor.cli.point import in_a_line
from advisor.units import format_count, format_seconds
from studies import events
from studies.records import TrialRecord

PHASES = {
    "probe": "measuring this device",
    "sweep": "learning-rate sweep",
    "default": "the untuned default",
    "shape": "comparing shapes",
    "rate": "comparing learning rates",
    "search": "search",
    "front": "cheaper models, for the front",
    "repeat": "the best so far, with another seed",
    "final": "the winner again, with another seed",
}


class StudyProgress:
    """Listens to a study's events. A terminal gets bars; a file gets one line per event that matters."""

    def __init__(self, budget_seconds: float) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._budget = self._bars.add_task("budget", total=budget_seconds, note="")
        self._trial: TaskID | None = None
        self._steps = 0
        self._best: int | None = None  # the number of the best trial so far

    def __enter__(self) -> "StudyProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, event: events.Event) -> None:
        self._bars.update(self._budget, completed=self._bars.tasks[0].elapsed or 0.0)
        match event:
            case events.PhaseStarted():
                self._bars.update(self._budget, note=PHASES[event.phase])
            case events.SweepEnded():
                self._say(event.verdict)
            case events.TokensChosen():
                tokens = format_count(event.tokens_per_trial)
                self._say(
                    f"A full trial takes as long as {tokens} tokens with the largest model;"
                    f" about {event.trials_expected} fit the budget."
                )
            case events.TrialStarted():
                self._start_trial(event)
            case events.TrialRestarted():
                self._say(f"trial {event.number:>3} {event.why}")
            case events.TrialReported():
                self._report(event)
            case events.TrialEnded():
                self._end_trial(event)
            case events.StudyEnded():
                self._say(f"{format_seconds(event.spent_seconds)} of {format_seconds(event.budget_seconds)} spent\n")

    def _start_trial(self, event: events.TrialStarted) -> None:
        self._steps = event.steps
        self._trial = self._bars.add_task(f"trial {event.number}", total=event.steps, note=in_a_line(event.point))

    def _report(self, event: events.TrialReported) -> None:
        if self._trial is not None:
            note = f"loss {event.point.train_loss:.3f}"
            self._bars.update(self._trial, completed=event.point.step, note=note)

    def _end_trial(self, event: events.TrialEnded) -> None:
        if self._trial is not None:
            self._bars.remove_task(self._trial)
            self._trial = None
        self._say(_ending(event.trial) + self._lead(event.trial, event.best))

    def _lead(self, trial: TrialRecord, best: TrialRecord | None) -> str:
        """Which trial is the best now, if that has changed: a re-run may make it an earlier one."""
        if best is None or best.number == self._best:
            return ""
        self._best = best.number
        return "  best so far" if best.number == trial.number else f"  trial {best.number} is the best so far"

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False)


def _ending(trial: TrialRecord) -> str:
    value = "-" if trial.value is None else f"{trial.value:.4f}"
    ended = trial.state.lower() + (f" ({trial.reason})" if trial.reason else "")
    role = "" if trial.role == "search" else f" [{trial.role}]"
    return f"trial {trial.number:>3} {ended:<16} loss {value:>7}  {in_a_line(trial.point)}{role}"
