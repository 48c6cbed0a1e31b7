"""Mask passwords and access keys of a report everywhere in its answer: it is pasted into a public issue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar, cast

from harness.reports.secret_detection import masked

T = TypeVar("T")


def without_secrets(value: T) -> T:
    """Return a value with all texts in it masked: of an answer, also those of its parts."""
    return cast(T, _masked(value))


def _masked(value: object) -> object:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else masked(value)
    if isinstance(value, tuple):
        return tuple(map(_masked, value))
    if isinstance(value, list):
        return list(map(_masked, value))
    if isinstance(value, Mapping):
        return {key: _masked(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _masked(getattr(value, each.name)) for each in fields(value) if each.init})
    return value
