"""Environments by the day of a report: what was the newest when somebody names no version, or only `Keras 3`. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from harness.model import Environment
from harness.project.matrix import Family


def newest_member(
    family: Family, environments: Iterable[Environment], date: dt.date | None, *, at_least_one: bool = False
) -> Environment | None:
    """Return the environment of the newest version that was released on a day; without a day, the newest of all.

    With `at_least_one`, the first one if all were released later.
    """
    members = [each for each in environments if each.family == family.name]
    known = [each for each in members if date is None or released(family, each) <= date]
    if not known:
        return members[0] if members and at_least_one else None
    return known[-1]


def released(family: Family, environment: Environment) -> dt.date:
    """Return the day on which the version of an environment was released, by the date of its lockfile."""
    return (environment.lock.origin.as_of - dt.timedelta(days=family.days_after_release or 0)).date()


def subject_of(code: Iterable[str], families: Sequence[Family], names: Sequence[str]) -> Family | None:
    """Return the family that a script without a version is about: the first whose package it imports by its usual name.

    `names` are the usual names of the packages of `families`.
    """
    text = "\n".join(code)
    used = [
        (family, name)
        for family, name in zip(families, names, strict=True)
        if f"import {name}" in text or f"from {name}" in text
    ]
    return used[0][0] if used else next(iter(families), None)
