"""Studies and reports as pages, without a browser: what is shown, what is refused, what is told to many at once."""

import asyncio
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import assume, given
from hypothesis import strategies as st

from advisor.http.config import Config
from advisor.http.pages.axis import Axis
from advisor.http.pages.feed import LAST, Feeds, Parts
from advisor.http.pages.live import LOOK_SECONDS, Reader
from advisor.http.pages.live_view import POINTS, view, waiting_view
from advisor.http.service import Service
from studies.front import front
from studies.settings import Settings
from studies.store.live import Live, RunningTrial
from studies.store.queue import Entry
from tests.http.loop import run
from tests.reports.sample import provenance, study, study_with_front

PAGE = {"Accept": "text/html"}
MARKUP = "<img src=x onerror=alert(1)>"


def service(client: TestClient) -> Service:
    at: Service = client.app.state.service  # type: ignore[attr-defined]
    return at


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def live() -> Live:
    """Two trials under way."""
    done = study().trials[2]
    running = tuple(
        RunningTrial(number=n, role="search", device="cpu", point=done.point, steps=200, started=9.0,
                     predicted_seconds=4.0, curve=done.curve[:5])
        for n in (16, 17)
    )  # fmt: skip
    return Live(phase="search", written=0.0, budget_seconds=180.0, spent_seconds=90.0, predicted_end_seconds=178.0,
                ended=16, running=running, best=study().best)  # fmt: skip


def test_a_live_study_shows_how_far_it_is() -> None:
    seen = view(replace(study(), state="RUNNING"), live())
    assert seen.share == 50.0
    assert [trial.number for trial in seen.running] == [16, 17]
    figures = {figure.label: figure.value for figure in seen.figures}
    assert figures["Predicted end"] == "in 1m28s"
    best = study().best
    assert best is not None
    assert figures["Best loss so far"] == f"{best.value:.4f}"
    assert [row.number for row in seen.rows if row.is_best] == [best.number]
    curves, best_so_far = seen.charts
    assert sum(path.kind == "running" for path in curves.paths) == 2
    assert sum(path.kind == "best" for path in curves.paths) == 1
    assert "fell from" in best_so_far.finding


def test_the_front_of_several_objectives_is_shown(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    record = study_with_front()
    table, numbers = view(record, None).front, [f"{trial.number}" for trial in front(record)]
    assert table is not None
    assert table.finding == f"{len(numbers)} trials are on the front of loss and parameters, latency"
    assert [row[0] for row in table.rows] == numbers
    assert view(study(), None).front is None
    monkeypatch.setattr(service(client).store, "load", lambda name: record)
    monkeypatch.setattr(service(client).store, "live", lambda name: None)
    page = client.get("/studies/any", headers=PAGE).text
    assert html.escape(table.finding) in page
    assert table.rows[0][-1] in page


def test_objectives_are_asked_for_by_the_form(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service(client).launcher, "tick", lambda: None)
    sent = {"name": "small-too", "objectives": "loss, parameters"}
    assert client.post("/studies", data=sent, headers=PAGE, follow_redirects=False).status_code == 303
    (entry,) = service(client).launcher.queue.entries()
    assert "--objectives=loss,parameters" in entry.arguments
    client.post("/studies/small-too/stop", headers=PAGE)


def test_a_study_without_a_trial_and_one_that_waits() -> None:
    empty = view(replace(study(), trials=(), state="INTERRUPTED"), None)
    assert (empty.charts, empty.rows) == ((), ())
    assert waiting_view(Entry(name="a", devices=("cpu",), arguments=())).sentence == "waits until cpu is free"
    failed = waiting_view(Entry(name="a", devices=("cpu",), arguments=(), state="FAILED", message="no data"))
    assert failed.sentence == "could not begin: no data"


@pytest.mark.parametrize(
    ("sent", "field", "says"),
    [
        ({"name": "My Study"}, "name", "lower-case"),
        ({"name": MARKUP}, "name", "lower-case"),
        ({"budget": "soon"}, "budget", "3m"),
        ({"budget": "1e9h"}, "budget", ""),
        ({"space": "decoder-smal"}, "space", "decoder-small"),
        ({"data": "../../etc/passwd"}, "data", "data folder"),
        ({"tokenizer": "bpe:"}, "tokenizer", ""),
        ({"seed": "-1"}, "seed", ""),
        ({"memory": "much"}, "memory", "GiB"),
        ({"objectives": "parameters, loss"}, "objectives", "loss, then"),
        ({"objectives": "loss, beauty"}, "objectives", "memory"),
        ({"gpu": "RTX4900"}, "gpu", "RTX 4090"),
        ({"gpu": "T4", "hours": "-1"}, "hours", "hours"),
        ({"gpu": "T4", "space": "bdh-small"}, "gpu", "decoder-small"),
    ],
)
def test_what_cannot_be_started_is_said_beside_its_field(
    shared: TestClient, sent: dict[str, str], field: str, says: str
) -> None:
    answer = shared.post("/studies", data={"name": "a-study", **sent}, headers=PAGE)
    assert answer.status_code == 422
    found = re.search(rf'id="error-{field}">([^<]*)<', answer.text)
    assert found, answer.text
    assert says in html.unescape(found[1])
    assert MARKUP not in answer.text
    assert service(shared).launcher.queue.entries() == []


def test_a_form_starts_one_study_however_often_it_is_sent(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service(client).launcher, "tick", lambda: None)  # it is to wait in the queue
    sent = {"name": "twice", "budget": "30s", "key": key_of(client.get("/new").text)}
    for _ in range(2):
        answer = client.post("/studies", data=sent, headers=PAGE, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/studies/twice")
    (entry,) = service(client).launcher.queue.entries()
    assert entry.arguments[:2] == ("tune", "--budget=30.000s")
    assert "waits until" in client.get("/studies/twice", headers=PAGE).text
    assert "twice" in client.get("/studies").text
    again = client.post("/studies", data={**sent, "key": "another"}, headers=PAGE)
    assert (again.status_code, "already" in again.text) == (409, True)
    client.post("/studies/twice/stop", headers=PAGE)
    assert service(client).launcher.queue.entries() == []


def test_with_a_gpu_the_study_says_what_to_train_on_it(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service(client).launcher, "tick", lambda: None)
    form = client.get("/new?gpu=8x H100 SXM&hours=12&family=decoder").text
    assert 'value="8x H100 SXM"' in form
    client.post("/studies", data={"name": "for-it", "gpu": "T4", "hours": "12"}, headers=PAGE, follow_redirects=False)
    (entry,) = service(client).launcher.queue.entries()
    assert entry.arguments[:4] == ("run", "--gpu=T4", "--hours=12.0", "--name=for-it")


def test_what_is_not_there_is_a_page(shared: TestClient) -> None:
    for path in ("/studies/nowhere", "/reports/nowhere"):
        answer = shared.get(path, headers=PAGE)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
    assert shared.post("/studies/nowhere/resume", headers=PAGE).status_code == 404
    assert shared.post("/reports", data={"study": "nowhere"}, headers=PAGE).status_code == 404
    assert shared.post("/reports", headers=PAGE).status_code == 422  # of no study


def test_a_report_is_shown_cut_off_from_the_service(client: TestClient, config: Config) -> None:
    config.reports_folder.mkdir(parents=True, exist_ok=True)
    Path(config.reports_folder / "mine.html").write_text("<!doctype html><title>mine</title>")
    assert "mine" in client.get("/reports").text
    shown = client.get("/reports/mine")
    assert shown.headers["content-security-policy"].startswith("sandbox")
    client.post("/reports/mine/delete", headers=PAGE)
    assert client.get("/reports/mine", headers=PAGE).status_code == 404


def test_a_reader_of_a_study_that_is_gone_says_so(client: TestClient) -> None:
    assert Reader(service(client), "gone").parts()[LAST] == "deleted"


def parts_of(event: bytes) -> Parts:
    """What an event tells."""
    data = next(line for line in event.decode().splitlines() if line.startswith("data: "))
    parts: Parts = json.loads(data.removeprefix("data: "))
    return parts


def test_a_page_is_made_again_when_there_is_something_new(client: TestClient, config: Config) -> None:
    service(client).store.create(Settings(name="one", budget_seconds=60.0, store=config.store), {}, provenance())
    reader = Reader(service(client), "one")
    first = reader.parts()
    assert reader.parts() is first
    config.reports_folder.mkdir()
    (config.reports_folder / "one.html").touch()
    reader._looked_at -= LOOK_SECONDS  # some time later
    assert ("anew" in first["actions"], "anew" in reader.parts()["actions"]) == (False, True)


def test_what_a_page_gets_does_not_grow_with_the_study(client: TestClient) -> None:
    few, many = study(), replace(study(), trials=tuple(replace(study().trials[2], number=n) for n in range(100)))
    points = [sum(path.d.count("L") for path in view(record, live()).charts[0].paths) for record in (few, many)]
    assert 0 < points[0] <= points[1] < POINTS


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=4), st.floats(-1e7, 1e7))
def test_a_line_is_where_its_axis_places_a_value(values: list[float], value: float) -> None:
    assume(len(set(values)) == 1 or max(values) - min(values) > 1.0)
    axis = Axis(name="", label="", values=values, show=str, log=False)
    start, length = axis.line(1000.0)
    assert start + length * value == pytest.approx(10 * axis.place(value), rel=1e-6, abs=1e-3)


def test_fifty_who_watch_cost_one_reader() -> None:
    reads: list[str] = []

    def read(name: str) -> Parts:
        reads.append(name)
        last = {LAST: "finished"} if len(reads) == 3 else {}
        return {"head": str(len(reads)), "same": "same"} | last

    async def one(feeds: Feeds) -> list[Parts]:
        return [parts_of(event) async for event in feeds.watch("a")]

    async def all_of_them() -> list[list[Parts]]:
        feeds = Feeds(lambda name: lambda: read(name))
        return await asyncio.gather(*(one(feeds) for _ in range(50)))

    told = run(all_of_them)
    assert len(reads) == 3
    changes = [{"head": "1", "same": "same"}, {"head": "2"}, {"head": "3", LAST: "finished"}]
    assert all(parts == changes for parts in told)


def test_a_reader_that_fails_lets_those_who_watch_go() -> None:
    def fail() -> Parts:
        raise RuntimeError("a fault of ours")

    async def watch() -> list[bytes]:
        return [event async for event in Feeds(lambda name: fail).watch("a")]

    with pytest.raises(RuntimeError, match="a fault of ours"):
        run(watch)


def test_a_name_of_markup_is_shown_as_text(client: TestClient, config: Config) -> None:
    name = MARKUP.replace("/", "")
    service(client).store.create(Settings(name=name, budget_seconds=60.0, store=config.store), {}, provenance())
    for path in ("/studies", f"/studies/{quote(name)}"):
        page = client.get(path, headers=PAGE)
        assert page.status_code == 200
        assert name not in page.text
        assert html.escape(name, quote=False) in page.text.replace("&#39;", "'")
    assert "all that has ended is kept" in page.text
    client.post(f"/studies/{quote(name)}/delete", headers=PAGE)
    assert client.get(f"/studies/{quote(name)}", headers=PAGE).status_code == 404
