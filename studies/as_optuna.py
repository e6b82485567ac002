"""A study of several objectives as Optuna's, for Optuna's own figures."""

import optuna
from optuna.trial import create_trial

from studies.front import candidates
from studies.records import StudyRecord


def as_optuna(record: StudyRecord) -> optuna.Study:
    """In memory: the trials that may be on the front, each with all its objectives to be minimized, by number.

    Its `best_trials` are the front. The study in the store has the loss alone: Optuna stops no trial of several.
    """
    study = optuna.create_study(study_name=record.name, directions=["minimize"] * len(record.objectives))
    for trial, values in candidates(record):
        study.add_trial(create_trial(values=values, user_attrs={"number": trial.number, "point": trial.point}))
    return study
