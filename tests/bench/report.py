"""make bench-report: how soon the report of a study of 200 trials is open in headless Chromium, and how large it is.

The study is run by the real coordinator and store; its trials only say that they train. Times count from the start of
the navigation, with the browser running: until the answer is painted, until the figures near the screen are drawn,
until all are.
"""

import os
import shutil
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

import reports
import studies
from studies.executors.local import LocalExecutor
from studies.job import Job, Outcome, Reports, TrialJob
from studies.trial.loop import is_evaluation, is_point
from tests.browser.conftest import NAMES, QUIET
from tests.studies.examples import settings
from tests.studies.workers import bowl, point, pretends

TRIALS, ROUNDS = 200, 9
MARKS = ("answer", "near", "drawn")
# notes when the page's figures are near or drawn; runs before the page's own scripts
NOTES = """
new MutationObserver(() => { (window.marks ??= {})[document.documentElement.dataset.figures] ??= performance.now(); })
  .observe(document, { subtree: true, attributes: true, attributeFilter: ["data-figures"] });
"""
READ = "({ answer: performance.getEntriesByName('first-contentful-paint')[0].startTime, ...window.marks })"


def worker(job: Job, connection: Connection) -> None:
    """A trial in no time, with the points of one that trains."""
    if not isinstance(job, TrialJob):
        pretends(job, connection)
        return
    loss = bowl(job)
    steps = [step for step in range(1, job.steps + 1) if is_point(step, job)]
    points = (point(s, loss + 3 * (1 - s / job.steps), evaluates=is_evaluation(s, job)) for s in steps)
    connection.send(Reports(points=tuple(points)))
    connection.send(Outcome(state="COMPLETE", value=loss))


def written(folder: Path) -> Path:
    """The report of such a study."""
    asked = settings(folder, budget_seconds=36_000.0, sampler="random", max_trials=TRIALS, space="decoder-small")
    record = studies.run(asked, executor=lambda devices: LocalExecutor(devices, "tests.bench.report:worker"))
    return reports.write(record, folder / "report.html")


def opened(browser: Browser, path: Path) -> dict[str, float]:
    """Milliseconds until each of MARKS, in a window of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(NOTES)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-figures=drawn]", state="attached")
    marks: dict[str, float] = page.evaluate(READ)
    context.close()
    return marks


def main() -> None:
    """Prints the medians."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        path = written(Path(name))
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", *QUIET])
        rounds = [opened(browser, path) for _ in range(ROUNDS)]
        size, version = path.stat().st_size, browser.version
        browser.close()
    times = ", ".join(f"{mark} {median(times[mark] for times in rounds) / 1e3:.2f} s" for mark in MARKS)
    print(f"{size / 1e6:.2f} MB; {times}; load {os.getloadavg()[0]:.1f}, Chromium {version}, medians of {ROUNDS}")


if __name__ == "__main__":
    main()
