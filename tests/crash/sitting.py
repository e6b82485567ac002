"""A study in a process of its own, for tests that kill it: python -m tests.crash.sitting run|resume STORE.

Prints a line of JSON when a trial starts and when one is acknowledged as ended. Ends with exit code 130 on Ctrl-C.
"""

import json
import sys
from pathlib import Path

import studies
from studies import Settings, events
from studies.job import Device

NAME = "crashing"
SPACE = Path(__file__).parents[1] / "studies" / "tiny.toml"
TRIALS = 12
BUDGET_SECONDS = 16.0


def tell(event: events.Event) -> None:
    """One line per trial that starts or ends."""
    if isinstance(event, events.TrialStarted):
        say(kind="started", number=event.number, point=event.point)
    if isinstance(event, events.TrialEnded):
        say(kind="ended", number=event.trial.number, point=event.trial.point, value=event.trial.value)


def say(**values: object) -> None:
    """A line of JSON."""
    print(json.dumps(values), flush=True)


def main(verb: str, store: str) -> None:
    """Run the study, or go on with it."""
    if verb == "resume":
        studies.resume(NAME, store=store, on_event=tell)
        return
    settings = Settings(
        name=NAME,
        budget_seconds=BUDGET_SECONDS,
        store=store,
        space=str(SPACE),
        max_trials=TRIALS,
        devices=(Device(name="cpu", threads=1),),
        memory_bytes=2**30,
    )
    studies.run(settings, on_event=tell)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
