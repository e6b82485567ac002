"""The Pareto front of a study as a table."""

from advisor.cli.point import in_a_line
from studies.front import front
from studies.objectives import beside_loss
from studies.records import StudyRecord


def lines(record: StudyRecord) -> list[str]:
    """A sentence, and a row per trial of the front, the lowest loss first; nothing where the loss alone counts."""
    found, costs = front(record), beside_loss(record.objectives)
    if not found:
        return []
    rows = [
        [f"{t.number}", f"{t.value:.4f}", *(cost.show(t.costs[cost.name]) for cost in costs), in_a_line(t.point)]
        for t in found
    ]
    table = [["trial", "loss", *(cost.label for cost in costs), "point"], *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    beside = [cost.label for cost in costs]
    names = " and ".join([", ".join(["loss", *beside[:-1]]), beside[-1]])
    return [
        f"No trial beats these in {names} at once:",
        "",
        *("   " + "  ".join([*map(str.rjust, row, widths), row[-1]]) for row in table),
        "",
    ]
