"""make bench-coordinator: what running trials costs beside training them, and whether a study ends when it said.

The store: all writes of a trial of 50 reports, on SQLite; the peer is Optuna reporting step by step into its own
RDBStorage, as its examples do. The coordinator: trials that report once a second and do nothing else. The end: studies
of real training on one core per trial, and the end that they predict one second into the search.
"""

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.coordinator import endings, idle_time, store_cost

REPORTS = 50


def main() -> None:
    """Prints both tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, peer = store_cost.ours(folder, REPORTS), store_cost.optunas(folder, REPORTS)
        between, cpu = idle_time.measure(folder)
        ended = endings.endings(folder)
    costs = Table(title=f"a trial of {REPORTS} reports, one per second; medians")
    for column in ("", "ours", "Optuna, step by step", "target"):
        costs.add_column(column, justify="left" if not column else "right")
    costs.add_row("store, SQLite", f"{ours * 1e3:.0f} ms", f"{peer * 1e3:.0f} ms", "50 ms")
    costs.add_row("between two trials", f"{between * 1e3:.0f} ms", "", "")
    shares = [f"{seconds / (REPORTS + seconds):.2%}" for seconds in (between, peer)]
    costs.add_row("of the trial's time", *shares, "2 %")
    costs.add_row("CPU of the coordinator", f"{cpu:.2%}", "", "")
    ends = Table(title="the end of a study [s], and the error of its prediction a second into the search and later")
    for column in ("space", "budget", "trials", "at a time", "real", "error at 1 s", "at a quarter", "at a half"):
        ends.add_column(column, justify="left" if column == "space" else "right")
    for end in ended:
        ends.add_row(
            end.space, f"{end.budget:.0f}", str(end.max_trials or "any"), str(end.at_once), f"{end.real:.1f}",
            *(f"{end.error(share):+.1%}" for share in (0.0, *endings.SHARES)),
        )  # fmt: skip
    Console().print(costs, ends)


if __name__ == "__main__":
    main()
