"""Whether training holds, and whether it moves at all."""

from reports import words
from reports.advice.finding import GUIDE, STEP_LAW, Finding
from reports.advice.readings import guess, last_finite
from reports.numbers import finite
from studies.records import StudyRecord, TrialRecord

CLOSE = 4.0  # two octaves: on Step Law's runs, three octaves above the best a quarter diverged
FLAT = 0.05  # of the loss of a guess: what fell by less has not learnt (lr_rules.NO_DROP)


def diverging(record: StudyRecord) -> Finding | None:
    """Loss exploding: which trials, from which learning rate on."""
    lost = [t for t in record.trials if t.reason in ("diverged", "nan") and finite(t.point.get("learning_rate"))]
    if not record.trials:
        return None
    if not lost:
        return Finding(name="Diverging", says=f"None of {words.many(len(record.trials), 'trial')} diverged.")
    lowest = min(float(t.point["learning_rate"]) for t in lost)
    says = f"{words.many(len(lost), 'trial')} diverged, the lowest at a learning rate of {words.rate(lowest)}"
    return Finding(
        name="Diverging",
        says=f"{says}{_distance(record.best, lowest)}.",
        trials=tuple(t.number for t in lost),
        advice=_advice(record.best, lowest),
        source=f"{GUIDE}: “Loss exploding? Decrease learning rate”; {STEP_LAW}",
    )


def _distance(best: TrialRecord | None, lowest: float) -> str:
    if best is None:
        return ""
    return f", {lowest / best.point['learning_rate']:.1f} times the best trial's"


def _advice(best: TrialRecord | None, lowest: float) -> str:
    """Only where the winner stands close to the edge: trials that diverge far off cost the study time, no more."""
    if best is not None and lowest > CLOSE * best.point["learning_rate"]:
        return ""
    return (
        f"Stay below {words.rate(lowest / 2)}: an octave too low costs about 0.4 % of the loss, three too high 9 %"
        " and often the run."
    )


def flat(record: StudyRecord) -> Finding | None:
    """Loss flat: trials that ended about where a guess begins."""
    start = guess(record)
    ended = [(t, p.train_loss) for t in record.trials if t.reason == "" and (p := last_finite(t))]
    if start is None or not ended:
        return None
    stuck = [t for t, loss in ended if loss > (1 - FLAT) * start]
    if not stuck:
        return Finding(
            name="Flat", says=f"Every trial that ran to its end learnt: all left {words.loss(start)}, a guess."
        )
    return Finding(
        name="Flat",
        says=f"{words.many(len(stuck), 'trial')} ended within 5 % of {words.loss(start)}, the loss of a guess.",
        trials=tuple(t.number for t in stuck),
        advice="Raise the learning rate or the size of the model where these lie.",
        source=f"{GUIDE}: “Loss flat? Increase learning rate or model size”",
    )
