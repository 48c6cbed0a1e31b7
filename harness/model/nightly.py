"""Nightly builds: what their versions say. Pure."""

from __future__ import annotations

import datetime as dt
import re

from packaging.version import InvalidVersion, Version

_DAY = re.compile(r"(20\d\d)([01]\d)([0-3]\d)(?:\d{2})?")


def is_nightly(version: str) -> bool:
    """Return whether a version is that of a development build, such as 3.16.0.dev2026102704."""
    try:
        return Version(version).is_devrelease
    except InvalidVersion:
        return False


def built_on(version: str) -> dt.date | None:
    """Return the day of a development build, from `.devYYYYMMDD` or `.devYYYYMMDDHH`; None if there is no date."""
    number = Version(version).dev if is_nightly(version) else None
    day = _DAY.fullmatch(str(number))
    try:
        return dt.date(*map(int, day.groups())) if day is not None else None
    except ValueError:
        return None
