"""A study from its start to its report, watched live through the death of the server."""

import csv
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service.conftest import Tab
from tests.browser.service.server import Server
from tests.studies.examples import TINY

pytestmark = pytest.mark.browser
SOON, LATER = 30_000, 90_000  # [ms]
NAMES = ("first", "second")


@pytest.fixture
def studies(server: Server) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes of studies in the service's store; those that still run are ended."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def tune(server: Server, name: str) -> "subprocess.Popen[bytes]":
    """A tiny study, begun on the command line."""
    command = [sys.executable, "-m", "advisor", "tune", name, "--budget=40s", f"--space={TINY}"]
    with (server.folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=server.folder, stdout=log, stderr=log, start_new_session=True)


def state(page: Page, name: str, timeout: int = SOON) -> None:
    expect(page.locator("main .state").first).to_have_text(name, timeout=timeout)


def told(page: Page) -> list[str]:
    """What the live page says of a study that has ended."""
    return [page.locator(f"[data-part={part}]").inner_text() for part in ("head", "charts", "trials")]


def start_and_stop(tab: Tab) -> None:
    page = tab.open("/new")
    assert tab.serious() == []
    page.get_by_label("Name").fill("Not A Slug")
    page.get_by_role("button", name="Start the study").click()
    expect(page.locator("#error-name")).to_contain_text("lower-case")
    assert tab.serious() == []
    tab.complaints.clear()  # Chromium reports the status of the answer, 422
    page.get_by_label("Name").fill("from-the-page")
    page.get_by_label("Budget").fill("10m")
    page.get_by_role("button", name="Start the study").click()
    page.wait_for_url("**/studies/from-the-page")
    state(page, "running")
    box = page.locator("main .state").first.bounding_box()
    assert box is not None
    assert box["width"] < 100  # as wide as its word
    page.get_by_role("button", name="Stop").click()
    state(page, "interrupted")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete from-the-page").click()
    page.wait_for_url("**/studies")
    expect(page.get_by_role("link", name="from-the-page")).to_have_count(0)


def watch_through_a_kill(tab: Tab, server: Server) -> None:
    page = tab.open("/studies")
    while not page.get_by_role("link", name="first").count():
        page.reload()
    page = tab.open("/studies/first")
    state(page, "running")
    expect(page.locator("#live")).to_have_attribute("data-connected", "true")
    server.kill()  # at once: the study is a short one
    expect(page.get_by_text("the study goes on")).to_be_visible(timeout=SOON)
    server.start()
    expect(page.get_by_text("the study goes on")).to_be_hidden(timeout=SOON)
    tab.complaints[:] = [text for text in tab.complaints if "ERR_" not in text]  # it was gone, after all
    assert tab.serious() == []
    state(page, "finished", LATER)
    expect(page.get_by_role("status")).to_contain_text("finished")
    seen = told(page)
    page.reload()
    assert told(page) == seen
    assert "best" in seen[2]
    assert tab.serious() == []


def report(tab: Tab, folder: Path) -> None:
    page = tab.open("/studies/first")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Trials as CSV").click()
    waiting.value.save_as(folder / "trials.csv")
    trials = list(csv.DictReader((folder / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["number"] for row in trials][:3] == ["0", "1", "2"]
    page.get_by_role("button", name="Write the report").click()
    page.wait_for_url("**/reports/first", timeout=LATER)
    page.wait_for_selector("html[data-figures=drawn]", state="attached", timeout=LATER)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    waiting.value.save_as(folder / "report.csv")
    rows = list(csv.DictReader((folder / "report.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["number"] for row in rows] == [row["number"] for row in trials]
    assert page.evaluate("origin") == "null"  # cut off from the service
    page = tab.open("/studies/first")
    expect(page.get_by_role("link", name="Open the report")).to_be_visible()


def compare(tab: Tab) -> None:
    page = tab.open("/reports")
    assert tab.serious() == []
    for name in NAMES:
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Write the report").click()
    page.wait_for_url("**/reports/first-and-second-*", timeout=LATER)
    page.wait_for_selector("html[data-figures=drawn]", state="attached", timeout=LATER)
    name = page.url.rpartition("/")[2]
    page = tab.open("/reports")
    with page.expect_download() as waiting:
        page.get_by_role("link", name=f"Download {name}").click()
    assert waiting.value.suggested_filename == f"{name}.html"
    page.get_by_label(f"Delete {name}…").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.get_by_role("link", name=f"Open {name}")).to_have_count(0)
    expect(page.get_by_role("link", name="Open first")).to_be_visible()


def test_start_watch_report_compare(
    tab: Tab, server: Server, studies: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    start_and_stop(tab)
    studies += [tune(server, name) for name in NAMES]
    watch_through_a_kill(tab, server)
    report(tab, tmp_path)
    studies[1].wait(LATER / 1000)
    compare(tab)
    tab.open("/studies")
    assert tab.serious() == []
