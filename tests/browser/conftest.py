"""A real headless Chromium, opened once, and a page that writes down whatever a reader should never meet."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

import reports
import studies
from reports import Proposals
from studies.executors.local import LocalExecutor
from studies.job import Device
from tests.reports.hostile import hostile
from tests.reports.sample import study, target_values
from tests.studies.examples import settings

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
REQUIRED = "ADVISOR_REQUIRE_BROWSER"


@dataclass
class Opened:
    """A report in the browser, and what happened on the way."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)  # console errors and warnings, uncaught errors
    dialogs: list[str] = field(default_factory=list)

    def open(self, path: Path) -> "Opened":
        """Open a report and wait until its figures are drawn."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-figures=drawn]", state="attached", timeout=120_000)
        return self

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless. Where none is installed the test is skipped, unless the environment requires one."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        message = f"no Chromium found ({', '.join(NAMES)}); on Debian: apt-get install chromium"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", *QUIET])
        yield opened
        opened.close()


@pytest.fixture
def report(browser: Browser) -> Iterator[Opened]:
    """A page of its own, not opened yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield Opened(page=context.new_page())
    context.close()


def pretending(devices: Sequence[Device]) -> LocalExecutor:
    """Processes that only say that they train: a study as it comes out of the store, on a machine of any speed."""
    return LocalExecutor(devices, "tests.studies.workers:pretends")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once: the pages of a sample, of hostile texts, of a real study, of the two compared, of proposals."""
    folder = tmp_path_factory.mktemp("reports")
    asked = settings(folder, name="real", budget_seconds=600.0, sampler="shapes-first", max_trials=8)
    real = studies.run(asked, executor=pretending)
    target = Proposals(target=target_values(), command="advisor propose --gpu 'RTX 4090'", versions={"python": "3"})
    pages = {
        "sample": study(),
        "hostile": hostile(),
        "real": real,
        "comparison": [study(), real],
        "proposals": target,
    }
    for name, content in pages.items():
        reports.write(content, folder / f"{name}.html")
    return folder
