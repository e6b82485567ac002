import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import reports
from advisor.errors import InputError
from reports.island import study as island
from reports.reading import island_of, record_of, rounded
from studies.records import StudyRecord
from tests.reports.hostile import hostile
from tests.reports.sample import study

STUDIES = {
    "sample": study(),
    "hostile": hostile(),
    "empty": replace(study(target={}, sweeps=()), trials=()),
    "long curves": study(trials=120, evaluations=240, target={}),
    "no numbers": replace(study(target={}), trials=tuple(replace(t, value=math.nan) for t in study().trials)),
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_of_the_data_in_a_page_is_that_page(name: str, tmp_path: Path) -> None:
    first = reports.write(STUDIES[name], tmp_path / "first.html")
    again = reports.write_again(first, tmp_path / "again.html")
    assert again.read_bytes() == first.read_bytes()


def test_what_is_read_is_the_record_in_six_digits() -> None:
    record = study()
    found = rounded(record)
    assert found != record
    assert rounded(found) == found
    for read, written in zip(found.trials, record.trials, strict=True):
        assert read.value == pytest.approx(written.value, rel=1e-5)
        assert [p.step for p in read.curve] == [p.step for p in written.curve]
    assert found.provenance == record.provenance


def test_thinning_a_curve_keeps_its_evaluations() -> None:
    record = study(trials=150, evaluations=200)
    rare = tuple(
        replace(t, curve=tuple(replace(p, validation_loss=p.validation_loss if i % 25 == 24 else None)
                               for i, p in enumerate(t.curve)))
        for t in record.trials
    )  # fmt: skip
    for read, written in zip(rounded(replace(record, trials=rare)).trials, rare, strict=True):
        evaluated = [p.step for p in written.curve if p.validation_loss is not None]
        assert [p.step for p in read.curve if p.validation_loss is not None] == evaluated
        assert [p.step for p in read.curve] == sorted(p.step for p in read.curve)


@pytest.mark.parametrize(
    "text",
    ["", "<html></html>", '<script id="study-data">{</script>', '<script id="study-data">[1]</script>',
     '<script id="study-data">{"schema": "transformer-advisor/study/9"}</script>'],
)  # fmt: skip
def test_a_file_that_is_no_report_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(text)
    with pytest.raises(InputError, match="expected"):
        reports.write_again(tmp_path / "page.html", tmp_path / "again.html")


def test_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="readable file"):
        island_of(tmp_path / "none.html")


@pytest.mark.parametrize("change", [{"trials": 3}, {"speed": 1}, {"provenance": None}])
def test_data_that_is_no_study_is_one_line(change: dict[str, object]) -> None:
    data = json.loads(json.dumps(island(study())))
    with pytest.raises(InputError, match="as this version writes it"):
        record_of({**data, "study": {**data["study"], **change}})


def test_a_study_without_the_newest_fields_is_read() -> None:
    data = json.loads(json.dumps(island(study())))
    for row in data["study"]["trials"]:
        del row["length"], row["device"], row["continued_from"]
    read: StudyRecord = record_of(data)
    assert {t.length for t in read.trials} == {1.0}
