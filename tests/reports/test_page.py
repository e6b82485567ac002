import json
import math
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from plotly.offline import get_plotlyjs_version

import reports
from advisor import gpus
from advisor.errors import StoreError
from advisor.timing import profiles
from advisor.timing.profile import Profile
from reports import plotlyjs
from reports.page import page
from reports.policy import digest
from studies.records import StudyRecord
from tests.reports.hostile import MARKUP, hostile
from tests.reports.sample import study

FIGURES = (
    "what-fits", "front", "memory", "growth", "elasticity-target", "sweep-1", "curves", "spread", "progress", "slices",
    "map-shape", "map-rates", "parallel", "importance", "pareto-parameters", "pareto-flops", "pareto-memory",
    "pareto-seconds", "elasticity", "measured", "workers",
)  # fmt: skip


class Elements(HTMLParser):
    """The elements of a page, their attributes, and the text of scripts by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._script: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        self._script = dict(attrs) if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts.append((self._script, data))
            self._script = None

    def data(self, name: str) -> Any:
        """The JSON island of this id."""
        return json.loads(next(text for attributes, text in self.scripts if attributes.get("id") == name))


@cache
def sample_page() -> str:
    return page(study())


def cards(text: str) -> dict[str, str]:
    """Title of each card by its anchor."""
    return dict(re.findall(r'<h3 id="([\w-]+)-title">(.*?)</h3>', text))


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (reports.write(study(), tmp_path / name) for name in ("one.html", "two.html"))
    assert one.read_bytes() == two.read_bytes()


def test_what_this_user_has_measured_is_not_in_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_PROFILES", str(tmp_path / "one"))
    expected = page(study())
    mine, gpu = tmp_path / "two", gpus.find("RTX 4090")
    slow = dict.fromkeys(profiles.find("a100-sxm4-40gb", mine).coefficients, 1e-3)
    facts = {"kind": "cuda", "source": "here", "date": "2026-11-21"}
    made = Profile(name=gpu.name, device=gpu.name, coefficients=slow, interval=1.5, **facts)
    profiles.save(made, mine)
    monkeypatch.setenv("ADVISOR_PROFILES", str(mine))
    assert profiles.made_on(gpu) == made  # what `advisor size` would read
    assert page(study()) == expected


def test_two_hundred_trials_stay_below_three_megabytes(tmp_path: Path) -> None:
    path = reports.write(study(trials=200, evaluations=250), tmp_path / "report.html")
    assert path.stat().st_size < 3_000_000


def test_every_figure_is_in_the_page_with_a_title_a_caption_and_a_table() -> None:
    text = sample_page()
    assert set(Elements(text).data("figure-data")["figures"]) == set(FIGURES)
    for name in FIGURES:
        body = text.split(f'<article class="card" id="{name}">')[1].split("</article>")[0]
        assert len(re.findall("<figcaption[^>]*>[A-Z0-9]", body)) == 1
        assert body.count("<details>") == body.count("<table>") == 1


def test_the_record_can_be_read_again_from_the_page() -> None:
    record = study()
    data = Elements(page(record)).data("study-data")
    assert data["schema"] == "transformer-advisor/study/1"
    assert data["study"]["name"] == record.name
    assert len(data["study"]["trials"]) == 17
    for row, trial in zip(data["study"]["trials"], record.trials, strict=True):
        assert row["value"] == pytest.approx(trial.value, rel=1e-5)
        assert row["point"]["learning_rate"] == pytest.approx(trial.point["learning_rate"], rel=1e-5)
        assert row["curve"]["tokens"] == [p.tokens for p in trial.curve]
    assert data["study"]["provenance"]["command"] == record.provenance.command


def test_the_policy_knows_each_script_by_its_hash_and_allows_no_request() -> None:
    text = sample_page()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    running = [body for attributes, body in Elements(text).scripts if "type" not in attributes]
    assert len(running) == 3
    assert set(rules["script-src"].split()) == {digest(body) for body in (*running, plotlyjs.source())}
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules
    assert digest("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


def test_the_bundle_is_of_the_version_that_figures_are_made_for() -> None:
    assert re.search(r"plotly\.js \(basic - minified\) v([\d.]+)", plotlyjs.source()[:200])[1] == get_plotlyjs_version()  # type: ignore[index]
    figures = Elements(sample_page()).data("figure-data")["figures"].values()
    assert {trace["type"] for figure in figures for trace in figure["data"]} == {"scatter", "bar"}  # what it can draw


def test_plotly_is_embedded_once_and_nothing_is_loaded() -> None:
    elements = Elements(sample_page())
    packed = [text for attributes, text in elements.scripts if attributes.get("id") == "plotly-packed"]
    assert packed == [plotlyjs.packed()]
    assert not [value for key, value in elements.attributes if key == "src"]
    assert elements.tags["link"] == elements.tags["img"] == elements.tags["iframe"] == 0
    assert all(value is None or value.startswith("#") for key, value in elements.attributes if key == "href")


def test_hostile_text_adds_no_element_and_no_handler() -> None:
    tame, wild = Elements(sample_page()), Elements(page(hostile()))
    for tag in ("script", "img", "style", "article", "button"):
        assert wild.tags[tag] <= tame.tags[tag], tag  # a space that says nothing true has no config to take away
    assert all(value is None or value.startswith("#") for key, value in wild.attributes if key == "href")
    assert not [key for key, _ in wild.attributes if key.startswith("on")]
    assert wild.data("study-data")["study"]["name"] == MARKUP
    assert "<" not in json.dumps(wild.data("figure-data")["figures"]).replace("<br>", "").replace("<extra></extra>", "")


def test_text_that_is_not_unicode_is_written(tmp_path: Path) -> None:
    path = reports.write(study(name="\ud800\x00 study", space={"\udfff": 1}), tmp_path / "report.html")
    assert "\ufffd\ufffd study" in path.read_text(encoding="utf-8")


NOTHING = "nothing to show"
ABSENT: dict[str, tuple[StudyRecord, dict[str, str]]] = {
    "target": (
        study(target={}),
        {"proposals": NOTHING, "what-fits": NOTHING, "front": NOTHING, "memory": NOTHING, "growth": NOTHING},
    ),
    "sweep": (study(sweeps=()), {"sweep-1": NOTHING}),
    "importances": (study(importances={}), {"importance": NOTHING}),
    "trials": (
        replace(study(), trials=()),
        dict.fromkeys(
            ("curves", "spread", "progress", "slices", "map-shape", "parallel", "pareto-flops", "workers"), NOTHING
        ),
    ),
    "all but one trial": (
        replace(study(), trials=study().trials[1:2]),
        {"curves": "Trial 1 ends", "slices": "One trial", "pareto-flops": NOTHING},
    ),
}


@pytest.mark.parametrize("part", ABSENT)
def test_an_absent_part_is_a_card_that_says_so(part: str) -> None:
    record, expected = ABSENT[part]
    titles = cards(page(record))
    assert set(titles) == {*FIGURES, "proposals", "trials-table"}
    for anchor, words in expected.items():
        assert words in titles[anchor]


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_study_in_which_all_trials_failed(value: float | None) -> None:
    record = study()
    failed = (replace(t, state="FAIL", reason="crash", value=value, curve=()) for t in record.trials)
    text = page(replace(record, trials=tuple(failed), importances={}))
    assert "there is no tuned config" in text
    assert set(Elements(text).data("figure-data")["figures"]) == {
        "what-fits", "front", "memory", "growth", "elasticity-target", "sweep-1", "workers",
    }  # fmt: skip


def test_a_figure_that_fails_is_a_card_and_the_page_still_opens() -> None:
    values = dict(study().target) | {"timeline": [{"phase": "forward", "op": "x", "bytes": "many"}]}
    text = page(study(target=values))
    assert cards(text)["memory"] == "Memory of a step: this part could not be made"
    assert "ValueError: invalid literal for int()" in text
    assert "memory" not in Elements(text).data("figure-data")["figures"]
    assert "curves" in Elements(text).data("figure-data")["figures"]


@pytest.mark.parametrize(("state", "words"), [("RUNNING", "is running"), ("INTERRUPTED", "is interrupted")])
def test_a_study_that_is_not_finished_says_so_at_the_top(state: str, words: str) -> None:
    assert f"This study {words}" in page(study(state=state))
    assert "This study is" not in sample_page()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        reports.write(study(), tmp_path / "file" / "report.html")
