"""The Pareto front of a study: full trials that no other one beats in loss and costs."""

from collections.abc import Sequence

from studies.records import RERUNS, StudyRecord, TrialRecord


def front(record: StudyRecord) -> tuple[TrialRecord, ...]:
    """Those that no other is as good as in every objective and better in one, the lowest loss first.

    () where the loss is the only objective.
    """
    if len(record.objectives) < 2:
        return ()
    found = candidates(record)
    kept = (found[i][0] for i in unbeaten([values for _, values in found]))
    return tuple(sorted(kept, key=lambda t: (t.value, t.number)))


def candidates(record: StudyRecord) -> list[tuple[TrialRecord, list[float]]]:
    """The trials that may be on the front, with their objectives in the study's order.

    Every full trial that ended well, the untuned default too, but no re-run: its point is there already.
    """
    _, *costs = record.objectives
    return [
        (t, [t.value, *(t.costs[name] for name in costs)])
        for t in record.trials
        if t.role not in RERUNS and t.is_full and t.value is not None
    ]


def unbeaten(rows: Sequence[Sequence[float]]) -> list[int]:
    """The indices of rows to which no other row is equal or lower everywhere, and lower somewhere.

    >>> unbeaten([(1.0, 9.0), (2.0, 5.0), (2.0, 6.0), (3.0, 5.0), (1.0, 9.0)])
    [0, 1, 4]
    """
    return [i for i, row in enumerate(rows) if not any(beats(other, row) for other in rows)]


def beats(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the one is nowhere higher than the other, and somewhere lower."""
    return list(one) != list(other) and all(a <= b for a, b in zip(one, other, strict=True))
