"""Over- and underfitting, and training that was too short: read off the winner's training and validation losses."""

from reports import words
from reports.advice.finding import GUIDE, Finding
from reports.advice.readings import Evaluation, epochs, evaluations, full_runs
from studies.records import StudyRecord, TrialRecord

WIDENED = 0.03  # of the validation loss: a gap that has grown by less is noise of an evaluation
RISEN = 0.01  # of the lowest validation loss
STILL_FALLING = 0.1  # of the whole fall, in the last quarter of the training
FEWEST = 4  # evaluations


def overfitting(record: StudyRecord) -> Finding | None:
    """Train << validation: has the gap grown, or the validation loss turned up, while the training loss fell?"""
    winner = record.best
    if winner is None or len(curve := evaluations(winner)) < FEWEST:
        return None
    seen = epochs(record)
    if seen is not None and seen <= 1:
        says = f"A trial sees {seen:.2g} epochs of its data: no token twice, so nothing can be learnt by heart."
        return Finding(name="Overfitting", says=says)
    others = [t.number for t in full_runs(record) if t.number != winner.number and overfits(t)]
    if not overfits(winner):
        says = f"The best trial's gap between validation and training loss {_gap(curve)}: no overfitting."
        more = f" {words.many(len(others), 'other trial')} did overfit." if others else ""
        return Finding(name="Overfitting", says=says + more, trials=(winner.number, *others))
    return Finding(
        name="Overfitting",
        says=f"The best trial's gap between validation and training loss {_gap(curve)}: it learns its data by heart.",
        trials=(winner.number, *others),
        advice="Raise dropout to 0.2 to 0.4, train a smaller model or for fewer epochs, or find more data.",
        source=f"{GUIDE}: “Train << Val loss? Increase dropout or reduce model size”",
    )


def overfits(trial: TrialRecord) -> bool:
    """Whether the gap has grown, or the validation loss risen from its minimum.

    The gap alone says little: the text that validates may be harder than the text that trains. Nor does its growth
    below zero: a training loss is a mean since the last evaluation, and lags the more the faster it falls.
    """
    curve = evaluations(trial)
    if len(curve) < FEWEST:
        return False
    last, lowest = curve[-1], min(e.validation for e in curve)
    widened = min(_widened(curve), last.validation - last.train) > WIDENED * last.validation
    return (widened or last.validation > (1 + RISEN) * lowest) and last.train < curve[0].train


def _widened(curve: list[Evaluation]) -> float:
    """How much the gap has grown since the end of the first quarter [nats/token]."""
    start, end = curve[len(curve) // 4], curve[-1]
    return (end.validation - end.train) - (start.validation - start.train)


def _gap(curve: list[Evaluation]) -> str:
    start, end = (words.signed_loss(e.validation - e.train) for e in (curve[len(curve) // 4], curve[-1]))
    return f"went from {start} to {end}"


def underfitting(record: StudyRecord) -> Finding | None:
    """Both losses high: the winner is the largest that was tried, and does not overfit."""
    done, winner = full_runs(record), record.best
    if winner is None or len({t.parameters for t in done}) < 2:
        return None
    largest = max(t.parameters for t in done)
    size = words.count(winner.parameters)
    if winner.parameters < largest:
        larger = [t for t in done if t.parameters > winner.parameters]
        says = f"{words.many(len(larger), 'larger model')} did worse than the best one's {size} parameters."
        return Finding(name="Underfitting", says=says, trials=tuple(t.number for t in larger))
    if overfits(winner) and (epochs(record) or 2) > 1:
        return None
    return Finding(
        name="Underfitting",
        says=f"The best trial has the largest model of all that ran in full, {size} parameters, and does not overfit.",
        trials=(winner.number,),
        advice="Widen the space: a larger width or depth, if the budget of tokens grows with it.",
        source=f"{GUIDE}: “model learns well but needs more capacity: D_MODEL 128 to 256, NUM_LAYERS 3 to 6”",
    )


def too_short(record: StudyRecord) -> Finding | None:
    """Training loss still falling at the end: what the last quarter of the tokens still gained."""
    winner = record.best
    if winner is None or len(curve := evaluations(winner)) < FEWEST:
        return None
    late = next((e for e in curve if e.tokens >= 0.75 * curve[-1].tokens), curve[-1])
    whole = curve[0].validation - curve[-1].validation
    share = (late.validation - curve[-1].validation) / whole if whole > 0 else 0.0
    seen = epochs(record)
    often = f" A trial sees {seen:.2g} epochs of its data." if seen else ""
    late_fall = words.percent(max(share, 0.0))
    says = f"The last quarter of the best trial's tokens took off {late_fall} of its whole fall.{often}"
    if share <= STILL_FALLING:
        return Finding(name="Too short", says=says, trials=(winner.number,))
    return Finding(
        name="Too short",
        says=says,
        trials=(winner.number,),
        advice="Train longer: the loss was still falling when the tokens ran out. Part of a late fall is the learning"
        " rate's decay, which a longer schedule moves to its own end.",
        source=f"{GUIDE}: “Training loss still decreasing at end: train longer”",
    )
