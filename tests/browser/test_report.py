import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import reports
from studies.front import front
from tests.browser.conftest import Opened
from tests.reports.hostile import FORMULA, LINK, MARKUP
from tests.reports.sample import study, study_with_front

pytestmark = pytest.mark.browser

PAGES = ("sample", "real", "comparison", "proposals")
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(28, 32, 36)"  # surfaces
PAPER = 680  # A4 less its margins [px]
PHONE = 390  # [px]
PATIENCE = 120_000  # until all figures are drawn again, on a busy machine [ms]
MOST_STOPS = 300  # of the Tab key

MARKS = {  # what must be there once a figure is drawn: [selector inside the figure, how many at least]
    "what-fits": (".scatterlayer .point", 65),
    "front": (".scatterlayer .point", 60),
    "growth": (".scatterlayer path.js-fill", 9),
    "elasticity-target": (".barlayer .point path", 10),
    "elasticity": (".barlayer .point path", 10),
    "measured": (".scatterlayer .point", 8),
    "memory": (".scatterlayer path.js-line", 1),
    "sweep-1": (".scatterlayer .point", 100),
    "curves": (".scatterlayer path.js-line", 15),
    "slices": (".scatterlayer .point", 50),
    "spread": (".scatterlayer .point", 4),
    "progress": (".scatterlayer path.js-line", 2),
    "map-shape": (".scatterlayer .point", 5),
    "map-rates": (".scatterlayer .point", 7),
    "parallel": (".scatterlayer path.js-line", 3),
    "importance": (".barlayer .point path", 4),
    "pareto-parameters": (".scatterlayer .point", 8),
    "pareto-flops": (".scatterlayer path.js-line", 1),
    "pareto-memory": (".scatterlayer .point", 8),
    "pareto-seconds": (".scatterlayer .point", 8),
    "workers": (".barlayer .point path", 17),
}


def column(page: Page, heading: str) -> list[str]:
    """Values that one column of the table of trials is sorted by, from top to bottom."""
    values: list[str] = page.evaluate(
        """heading => {
            const table = document.querySelector("#trials-table table");
            const headings = [...table.querySelectorAll("th button")].map(button => button.textContent);
            const index = headings.indexOf(heading);
            return [...table.tBodies[0].rows].map(row => row.cells[index].dataset.value);
        }""",
        heading,
    )
    return values


def download(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def read(path: Path) -> io.StringIO:
    """The text of a file, line ends as they are."""
    return io.StringIO(path.read_bytes().decode(), newline="")


def test_it_opens_without_a_request_or_a_complaint(report: Opened, folder: Path) -> None:
    report.open(folder / "sample.html")
    assert report.requests == [(folder / "sample.html").as_uri()]
    assert report.complaints == []


def test_every_figure_is_drawn(report: Opened, folder: Path) -> None:
    page = report.open(folder / "sample.html").page
    counts = {name: page.locator(f"#{name}-plot {selector}").count() for name, (selector, _) in MARKS.items()}
    assert {name: n for name, n in counts.items() if n < MARKS[name][1]} == {}
    assert page.locator("[data-figure]").count() == len(MARKS)
    assert page.locator(".failed").count() == 0


def test_the_policy_blocks_what_it_should(report: Opened, folder: Path) -> None:
    page = report.open(folder / "sample.html").page
    failures: list[str | None] = []
    page.on("requestfailed", lambda request: failures.append(request.failure))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=https://example.org/x onerror=boom=1>')")
    assert page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'blocked')") == "blocked"
    assert page.evaluate("typeof boom") == "undefined"
    assert failures == ["csp"]  # the image; fetch did not get as far as a request


def test_a_heading_sorts_and_sorts_back_and_missing_values_stay_last(report: Opened, folder: Path) -> None:
    page = report.open(folder / "sample.html").page
    heading = page.locator("#trials-table th", has_text="loss").get_by_role("button")
    heading.click()
    ascending = [float(value) for value in column(page, "loss")]
    assert ascending == sorted(ascending)
    assert len(ascending) == 17
    heading.focus()
    page.keyboard.press("Enter")
    assert [float(value) for value in column(page, "loss")] == ascending[::-1]
    assert page.locator('th[aria-sort="descending"]').inner_text().startswith("loss")
    reason = page.get_by_role("button", name="reason")
    for _ in range(2):
        reason.click()
        assert [value == "" for value in column(page, "reason")] == [False] * 8 + [True] * 9


def test_the_csv_holds_every_trial(report: Opened, folder: Path, tmp_path: Path) -> None:
    page = report.open(folder / "sample.html").page
    path = download(page, "Download CSV", tmp_path)
    rows = list(csv.DictReader(read(path)))
    assert path.name == "rtx-4090-3-minutes.csv"
    assert [int(row["number"]) for row in rows] == [t.number for t in study().trials]
    for row, trial in zip(rows, study().trials, strict=True):
        assert float(row["value"]) == pytest.approx(trial.value, rel=1e-5)
        assert float(row["learning_rate"]) == pytest.approx(trial.point["learning_rate"], rel=1e-5)
        assert row["message"] == trial.message
    assert len(report.requests) <= 2  # the blob itself; Chromium reports it as a request, or not


def test_the_csv_says_what_is_on_the_front(report: Opened, tmp_path: Path) -> None:
    record = study_with_front()
    page = report.open(reports.write(record, tmp_path / "front.html")).page
    rows = list(csv.DictReader(read(download(page, "Download CSV", tmp_path))))
    assert {int(row["number"]) for row in rows if row["front"] == "true"} == {t.number for t in front(record)}
    assert [float(row["costs.latency"]) for row in rows] == pytest.approx([t.costs["latency"] for t in record.trials])


def test_the_json_is_the_record(report: Opened, folder: Path, tmp_path: Path) -> None:
    path = download(report.open(folder / "sample.html").page, "Download JSON", tmp_path)
    assert len(json.loads(path.read_text())["study"]["trials"]) == 17


def test_hostile_text_runs_nothing(report: Opened, folder: Path) -> None:
    page = report.open(folder / "hostile.html").page
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert report.dialogs == report.complaints == []
    assert page.locator("h1").inner_text() == MARKUP
    assert page.title().startswith(MARKUP)
    assert set(page.locator("#importance-plot .ytick").all_text_contents()) == {MARKUP, LINK}


def test_hostile_figures_survive_the_pointer(report: Opened, folder: Path) -> None:
    page = report.open(folder / "hostile.html").page
    page.locator("#what-fits-plot .nsewdrag").hover()
    page.locator("#sweep-1-plot .nsewdrag").first.hover()
    page.wait_for_timeout(200)
    assert page.locator("img").count() == 0
    assert report.dialogs == report.complaints == []


def test_csv_cells_cannot_become_formulas(report: Opened, folder: Path, tmp_path: Path) -> None:
    path = download(report.open(folder / "hostile.html").page, "Download CSV", tmp_path)
    first, *_ = csv.DictReader(read(path))
    assert first["message"] == "'" + FORMULA
    assert first[f"params.{MARKUP}"] == "-1.5"  # a negative number is no formula
    cells = [cell for row in csv.reader(read(path)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+@\t\r")]


def test_dark_light_and_print_use_their_own_colors(browser: Browser, folder: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    page = Opened(page=context.new_page()).open(folder / "sample.html").page
    ground = expect(page.locator("#memory-plot .main-svg").first)
    ground.to_have_css("background-color", DARK)
    page.emulate_media(color_scheme="light")
    ground.to_have_css("background-color", LIGHT)
    page.emulate_media(color_scheme="dark")
    ground.to_have_css("background-color", DARK)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    ground.to_have_css("background-color", LIGHT)
    context.close()


def test_the_filter_leaves_the_rows_that_hold_all_its_words(report: Opened, folder: Path) -> None:
    page = report.open(folder / "sample.html").page
    page.get_by_role("searchbox", name="Filter").fill("pruned diverged")
    shown = page.locator("#trials-table tbody tr:visible")
    lost = [t for t in study().trials if t.reason == "diverged"]
    assert shown.count() == len(lost) > 0
    assert page.locator("#filtered").inner_text() == f"{len(lost)} of 17"
    page.get_by_role("searchbox", name="Filter").fill("")
    assert shown.count() == 17


def test_the_winner_is_taken_away_as_a_script(report: Opened, folder: Path, tmp_path: Path) -> None:
    page = report.open(folder / "real.html").page
    page.locator("summary", has_text="torch: ").click()
    path = download(page, "-train.py", tmp_path)
    rate = page.locator(".tiles dd").first.inner_text()
    exported = re.search(r"^LEARNING_RATE = (.+)$", path.read_text(), re.MULTILINE)
    assert exported is not None
    assert f"{float(exported[1]):.2e}" == f"{float(rate):.2e}"
    compile(path.read_text(), path.name, "exec")


@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_shut_out(report: Opened, folder: Path, name: str) -> None:
    page = report.open(folder / f"{name}.html").page
    assert serious(page) == []
    page.emulate_media(color_scheme="dark")
    redrawn(page)
    assert serious(page) == []
    page.set_viewport_size({"width": PHONE, "height": 844})
    redrawn(page)
    expect(page.locator("html")).to_have_js_property("scrollWidth", PHONE, timeout=PATIENCE)
    paper = page.pdf(format="A4")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) < 30
    assert page.locator("[data-figure] .failed").count() == 0
    assert report.complaints == []


def redrawn(page: Page) -> None:
    """Waits until the figures are drawn for a screen that has just changed: the page learns of it in its next frame."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    page.wait_for_selector("html[data-figures=drawn]", state="attached", timeout=PATIENCE)


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or worse."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]


def test_it_is_read_without_a_script(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "sample.html").as_uri())
    expect(page.locator(".headline")).to_contain_text("Train with a learning rate of")
    expect(page.locator("noscript .notice")).to_be_visible()
    expect(page.locator("#curves-plot")).to_be_hidden()
    page.locator("#curves summary").click()
    expect(page.locator("#curves table")).to_be_visible()
    context.close()


def test_it_is_read_without_a_mouse(report: Opened, folder: Path) -> None:
    page = report.open(folder / "sample.html").page
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the answer")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    walked = list(walk(page))
    assert [stop for stop in walked if not stop["seen"]] == []
    places = [stop["place"] for stop in walked]
    assert places == sorted(places)
    assert {"A", "SUMMARY", "BUTTON", "INPUT", "DIV"} <= {stop["tag"] for stop in walked}  # DIV: tables that scroll


def walk(page: Page) -> Iterator[dict[str, Any]]:
    """Press Tab to the end of the page: where in the document each stop is, and whether a reader sees the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
                const at = document.activeElement, style = getComputedStyle(at);
                const place = [...document.querySelectorAll("*")].indexOf(at);
                return { tag: at.tagName, place, seen: style.outlineStyle !== "none" && style.outlineWidth !== "0px" };
            }"""
        )
        if stop["tag"] == "BODY":
            return
        yield stop


@pytest.mark.parametrize("width", [PHONE, 768])
def test_no_width_scrolls_sideways(browser: Browser, folder: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 780})
    page = Opened(page=context.new_page()).open(folder / "hostile.html").page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()


def test_print_fits_the_paper(report: Opened, folder: Path) -> None:
    page = report.open(folder / "sample.html").page
    page.set_viewport_size({"width": PAPER, "height": 900})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#curves-plot .main-svg").first).to_have_attribute("width", "660")
    for part in ("answer", "target", "tuning", "provenance"):  # the trials are printed on wide pages
        assert page.locator(f"#{part}").evaluate("part => part.scrollWidth") <= PAPER, part


def test_a_study_without_anything_opens(report: Opened, tmp_path: Path) -> None:
    record = replace(study(target={}, sweeps=(), importances={}), trials=())
    page = report.open(reports.write(record, tmp_path / "empty.html")).page
    assert report.complaints == []
    assert page.get_by_role("heading", name="nothing to show").count() == 24
    assert page.locator("#trials-table button").count() == 0
