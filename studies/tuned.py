"""The config that a study has found, whole: rebuilt from its declared space and its best trial."""

import search_spaces
from advisor.errors import InputError
from advisor.spec.proposal import Stored
from studies.records import StudyRecord


def tuned(record: StudyRecord) -> Stored:
    """Model, plan and recipe of the best trial, and the tokens it was trained on.

    Raises InputError while no trial of the search has ended well, and for a model of the user's own.
    """
    best, what = record.best, f"study {record.name}"
    if best is None:
        raise InputError(what, expected="a trial of the search that has ended well", got="none yet")
    if "objective" in record.space:
        raise InputError(what, expected="a model of this project", got=record.space["objective"])
    model, plan, recipe = search_spaces.parse(dict(record.space), record.name).resolve(best.point)
    return Stored(name=record.name, model=model, plan=plan, tokens=float(best.tokens), recipe=recipe)
