"""Settings are checked, and kept as text."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import InputError
from studies import Settings
from tests.studies.examples import CPU, settings


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"name": ""}, "study name"),
        ({"name": "x" * 201}, "study name"),
        ({"name": "two\nlines"}, "study name"),
        ({"name": "nul\0"}, "study name"),
        ({"name": 3}, "study name"),
        ({"budget_seconds": 0}, "budget_seconds"),
        ({"budget_seconds": -1.0}, "budget_seconds"),
        ({"budget_seconds": float("nan")}, "budget_seconds"),
        ({"budget_seconds": float("inf")}, "budget_seconds"),
        ({"budget_seconds": 10**30}, "budget_seconds"),
        ({"budget_seconds": True}, "budget_seconds"),
        ({"budget_seconds": "3m"}, "budget_seconds"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"max_trials": 0}, "max_trials"),
        ({"max_trials": 10**30}, "max_trials"),
        ({"memory_bytes": 0}, "memory_bytes"),
        ({"memory_bytes": 2**63}, "memory_bytes"),
        ({"target": {"loss": float("nan")}}, "target"),
        ({"target": {"path": Path()}}, "target"),
        ({"objectives": ()}, "objectives"),
        ({"objectives": ("parameters", "loss")}, "objectives"),
        ({"objectives": ("loss", "memory", "memory")}, "objectives"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        settings(tmp_path, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"devices": (), "memory_bytes": None},
        {"target": {"gpu": ["ü", 1.5, None]}},
        {"devices": (CPU,) * 2},
        {"objectives": ("loss", "flops")},
    ],
)
def test_settings_survive_as_text(tmp_path: Path, changes: dict[str, Any]) -> None:
    before = settings(tmp_path, **changes)
    assert Settings.from_json(before.to_json()) == before


def test_settings_of_a_study_on_one_device_from_before_there_could_be_several(tmp_path: Path) -> None:
    values = json.loads(settings(tmp_path).to_json())
    values["device"] = values.pop("devices")[0]
    assert Settings.from_json(json.dumps(values)) == settings(tmp_path)
    assert Settings.from_json(json.dumps({**values, "device": None})).devices == ()
