"""The backend of Keras with which a report says that its script fails, and the script that uses it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.reports.facts import BACKEND_VARIABLE, fields_of
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Says
from harness.reports.wording import verdict_of

_NAMES = {
    "jax": "jax",
    "torch": "torch",
    "pytorch": "torch",
    "openvino": "openvino",
    "tensorflow": "tensorflow",
    "tf": "tensorflow",
}
_OTHERS = ("jax", "torch", "openvino")
_NAME = re.compile(
    r"\b(?:in|with|on|for|under|using|the|or|and|,)[ \t]+[`*]*(?P<name>jax|pytorch|torch|openvino|tensorflow|tf)\b"
    r"(?![-.\w/ ]*\d)",
    re.IGNORECASE,
)
_USED = re.compile(
    r"\b(?:us(?:e|ing)|with|on|under)[ \t]+(?:the[ \t]+)?[`*]*(?P<one>jax|pytorch|torch|openvino)[`*]*"
    r"[ \t]+(?:as[ \t]+(?:a[ \t]+|the[ \t]+)?)?backend"
    r"|\bKERAS_BACKEND[ \t]*=[ \t]*[\"'`]?(?P<two>jax|torch|openvino)\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"(?<=[.!?;])\s+|,?\s+(?:but|whereas|while|however)\s+|\n\s*\n", re.IGNORECASE)
_SET = re.compile(
    rf"^(?P<before>[ \t]*(?P<comment>#[# \t]*)?os\.environ\[[\"']{BACKEND_VARIABLE}[\"']\][ \t]*=[ \t]*[\"'])"
    r"(?P<name>\w+)(?=[\"'])",
    re.MULTILINE,
)


def asked_backend(pieces: Iterable[Piece], scripts: Iterable[str]) -> str | None:
    """Return the backend that a report names, if the scripts use Keras and set none: a field, or what fails."""
    texts, pieces = list(scripts), list(pieces)
    if not any("keras" in text for text in texts) or any(BACKEND_VARIABLE in text for text in texts):
        return None
    named = next((value for kind, value, _ in fields_of(pieces) if kind == "backend"), None)
    if named is None:
        failing, working = _said(pieces)
        used = {_NAMES[(found["one"] or found["two"]).lower()] for found in _uses(pieces)}
        named = next(iter(failing - working or used - working), None) if len(failing | used) == 1 else None
    return named if named in _OTHERS else None


def with_failing_backend(text: str, pieces: Iterable[Piece]) -> tuple[str, str | None]:
    """Return a script with the backend that fails, and its name, if the script was left with one that works.

    Such a script has the other backend in a comment: people try one after the other.
    """
    found = list(_SET.finditer(text))
    active = {each["name"] for each in found if not each["comment"]}
    offered = {each["name"] for each in found if each["comment"]}
    failing, working = _said(pieces)
    wanted = failing - working
    if len(active) != 1 or active & failing or len(wanted) != 1 or not wanted <= offered:
        return text, None
    (name,) = wanted
    return _SET.sub(lambda each: each.group() if each["comment"] else f"{each['before']}{name}", text), name


def _said(pieces: Iterable[Piece]) -> tuple[set[str], set[str]]:
    """Return the backends with which a report says that its code fails, and those with which it works."""
    said: dict[Says, set[str]] = {Says.FAILS: set(), Says.WORKS: set()}
    for piece in pieces:
        if piece.shape is Shape.BLOCK or len(piece.text) > 10_000:
            continue
        for part in _PARTS.split(piece.text):
            names = {_NAMES[found["name"].lower()] for found in _NAME.finditer(f" {part}")}
            verdict = verdict_of(part)
            if names and verdict is not None:
                said[verdict] |= names
    return said[Says.FAILS], said[Says.WORKS]


def _uses(pieces: Iterable[Piece]) -> Iterator[re.Match[str]]:
    for piece in pieces:
        yield from _USED.finditer(piece.text[:20_000])
