"""Environments by the day of a report: what was the newest when somebody names no version, or only `Keras 3`. Pure."""

from __future__ import annotations

import datetime as dt
import re
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
    known = [each for each in members if date is None or release_day(family, each) <= date]
    if not known:
        return members[0] if members and at_least_one else None
    return known[-1]


def release_day(family: Family, environment: Environment) -> dt.date:
    """Return the day on which the version of an environment was released, by the date of its lockfile."""
    return (environment.lock.origin.as_of - dt.timedelta(days=family.days_after_release or 0)).date()


def imported_family(code: Iterable[str], families: Sequence[Family], names: Sequence[str]) -> Family | None:
    """Return the first family whose package the code imports by its usual name, otherwise the first family.

    `names` are the usual names of the packages of `families`.
    """
    text = "\n".join(code)
    for family, name in zip(families, names, strict=True):
        if re.search(rf"^\s*(?:import|from)\s+{re.escape(name)}(?![\w-])", text, re.MULTILINE):
            return family
    return next(iter(families), None)
