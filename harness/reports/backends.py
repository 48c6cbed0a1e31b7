"""The backend of Keras with which a report says that its script fails, and the script that uses it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from harness.reports.blocks import is_code_block
from harness.reports.facts import BACKEND_VARIABLE, fields_of
from harness.reports.failures import exceptions_in
from harness.reports.mentions import find_mentions
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Place, Says
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
_ONE = r"(?P<{}>jax|pytorch|torch|openvino|tensorflow|tf)"
_NAME = re.compile(
    r"(?:\b(?:in|with|on|for|under|using|the|or|and|not|(?:switch|chang|mov)\w*\b[^.\n]{0,30}?\bto)|[,(|]|^|\bonly"
    r"|KERAS_BACKEND[ \t]*=)"
    rf"[ \t]*[`*\"']*{_ONE.format('name')}\b(?![-.\w/ ]*\d)"
    rf"|(?<![\w./-]){_ONE.format('noun')}[`*\"']*[ \t]+(?:backends?|one)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    rf"\b(?:switch|chang|mov)\w*\b[^.\n]{{0,30}}?\bto[ \t]+(?:the[ \t]+)?[`*\"']*{_ONE.format('name')}\b", re.IGNORECASE
)
_USED = re.compile(
    r"\b(?:us(?:e|ing)|with|on|under)[ \t]+(?:the[ \t]+)?[`*]*(?P<one>jax|pytorch|torch|openvino)[`*]*"
    r"[ \t]+(?:as[ \t]+(?:a[ \t]+|the[ \t]+)?)?backend"
    r"|\bKERAS_BACKEND[ \t]*=[ \t]*[\"'`]?(?P<two>jax|torch|openvino)\b",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?<=[.!?;])\s+|,?\s+(?:but|whereas|while|however)\s+|\n\s*\n"
    r"|\n[ \t]*(?=[-*+|]?[ \t]*[`*]*(?:jax|pytorch|torch|openvino|tensorflow|tf)\b)",  # lines `jax: error`, and rows
    re.IGNORECASE,
)
_HALVES = (re.compile(r",\s+(?:and\s+)?|\s+\(", re.IGNORECASE), re.compile(r"\s+(?:and\s+|(?=not\b))", re.IGNORECASE))
_NOT = re.compile(r"\s*not\b", re.IGNORECASE)
# Backends are compared: with one of them, the numbers are those of the others.
_LIKE = re.compile(r"\b(?:similar|the same|identical|as good) \w+ (?:with|in|on|for|under|using|as)\b", re.IGNORECASE)
_UNLIKE = re.compile(r"\b(?:much|way|far|significantly) (?:lower|worse|higher|slower|larger|smaller)\b", re.IGNORECASE)
# `the issue is on the jax backend (works fine on other backends)`
_OTHERS_WORK = re.compile(
    r"\b(?:works?|working|fine|ok|pass(?:es)?|no (?:issue|problem|error)s?)\b[^.;]{0,25}\bother(?:s|[ \t]+backends?)\b"
    r"|\bother[ \t]+backends?\b[^.;]{0,25}\b(?:works?|fine|ok|pass(?:es)?)\b",
    re.IGNORECASE,
)
_TOO = re.compile(r"\b(?:too|also|as well|either|likewise)\b", re.IGNORECASE)
_SET = re.compile(
    rf"^(?P<before>[ \t]*(?P<comment>#[# \t]*)?os\.environ\[[\"']{BACKEND_VARIABLE}[\"']\][ \t]*=[ \t]*[\"'])"
    r"(?P<name>\w+)(?=[\"'])",
    re.MULTILINE,
)
_LEFT_OPEN = re.compile(
    rf"^(?P<before>[ \t]*os\.environ\[[\"']{BACKEND_VARIABLE}[\"']\][ \t]*=[ \t]*)\.\.\.", re.MULTILINE
)
_IMPORTS_TENSORFLOW = re.compile(r"^[ \t]*(?:import|from)[ \t]+tensorflow\b", re.MULTILINE)
_TENSORFLOW = re.compile(r"tensorflow|\btf\b", re.IGNORECASE)
_FIRST = Place(line=1)
_LONGEST_PART = 500


def asked_backend(pieces: Iterable[Piece], scripts: Iterable[str]) -> str | None:
    """Return the backend that a report names, if the scripts use Keras and set none: a field, or what fails.

    TensorFlow is named only if another backend works: it is what Keras uses otherwise.
    """
    texts, pieces = list(scripts), list(pieces)
    if not any("keras" in text for text in texts) or any(BACKEND_VARIABLE in text for text in texts):
        return None
    named = next((value for kind, value, _ in fields_of(pieces) if kind == "backend"), None)
    failing, working = _said(pieces)
    if named is None:
        used = {_NAMES[(found["one"] or found["two"]).lower()] for found in _uses(pieces)}
        named = _one_of(failing - working) if failing - working else _one_of(used - working) if len(used) == 1 else None
    if named is None and not working:
        named = _only_installed(pieces, texts)
    if named == "tensorflow":
        contrasted = bool(working - failing) and not any(map(_IMPORTS_TENSORFLOW.search, texts))
        return named if named in failing and contrasted else None
    return named if named in _OTHERS else None


def _only_installed(pieces: Iterable[Piece], scripts: Iterable[str]) -> str | None:
    """Return jax or torch, if a report names its version and TensorFlow nowhere: `Keras 3.5.0, jax 0.4.30`."""
    texts = [each.text[:20_000] for each in pieces]
    if any(_TENSORFLOW.search(text) for text in (*texts, *scripts)):
        return None
    installed = {each.package.removesuffix("lib") for text in texts for each in find_mentions(text)}
    return _one_of(installed & {"jax", "torch"}) if len(installed & {"jax", "torch"}) == 1 else None


def with_failing_backend(text: str, pieces: Iterable[Piece]) -> tuple[str, str | None]:
    """Return a script with the backend that fails, and its name, if the script was left with one that works.

    Such a script has the other backend in a comment, as people try one after the other. Or the report says that the
    one in the script works, or tells how it changes it. `...` in place of a backend is replaced, too.
    """
    pieces = list(pieces)
    if _LEFT_OPEN.search(text):
        failing, working = _said(pieces)
        chosen = _one_of(failing - working) or _one_of(failing)
        return _LEFT_OPEN.sub(lambda each: f'{each["before"]}"{chosen or "tensorflow"}"', text), chosen
    found = list(_SET.finditer(text))
    active = {each["name"] for each in found if not each["comment"]}
    offered = {each["name"] for each in found if each["comment"]}
    offered |= {_NAMES[each["name"].lower()] for piece in pieces for each in _CHANGED.finditer(piece.text[:20_000])}
    failing, working = _said(pieces)
    wanted = failing - working
    name = _one_of(wanted)
    if len(active) != 1 or active & failing or name is None or not (name in offered or active <= working):
        return text, None
    return _SET.sub(lambda each: each.group() if each["comment"] else f"{each['before']}{name}", text), name


def _one_of(failing: set[str]) -> str | None:
    """Return the backend to run of those that fail; none if TensorFlow, the usual one, is among several."""
    if len(failing) < 2:
        return next(iter(failing), None)
    return next((each for each in _OTHERS if each in failing and "tensorflow" not in failing), None)


def _said(pieces: Iterable[Piece]) -> tuple[set[str], set[str]]:
    """Return the backends with which a report says that its code fails, and those with which it works."""
    said: dict[Says, set[str]] = {Says.FAILS: set(), Says.WORKS: set()}
    pieces = list(pieces)
    for piece in pieces:
        if piece.shape is not Shape.BLOCK and len(piece.text) <= 10_000:
            for names, verdict in _judged(piece.text):
                said[verdict] |= names
    for names, verdict in _shown_below(pieces):
        said[verdict] |= names
    return said[Says.FAILS], said[Says.WORKS]


def _judged(text: str) -> Iterator[tuple[set[str], Says]]:
    """Yield the backends of each clause that says whether they work; `not with jax` reverses what precedes it."""
    before: Says | None = None
    for part in _PARTS.split(text):
        for half in _halves(part[:_LONGEST_PART]):
            verdict = _verdict(half)
            if _NOT.match(half) and before is not None:
                verdict = Says.FAILS if before is Says.WORKS else Says.WORKS
            if verdict is not None:
                before = verdict
                if names := _names_in(half):
                    yield names, verdict


def _halves(part: str) -> list[str]:
    """Split `works with torch, fails with jax`: on each side there are a backend and a verdict."""
    for found in (found for mark in _HALVES for found in mark.finditer(part)):
        left, right = part[: found.start()], part[found.end() :]
        if _names_in(left) and _names_in(right) and _verdict(left) and (_verdict(right) or _NOT.match(right)):
            return [left, *_halves(right)]
    return [part]


def _verdict(text: str) -> Says | None:
    if _UNLIKE.search(text) or (_OTHERS_WORK.search(text) and not _TOO.search(text)):
        return Says.FAILS
    return verdict_of(text) or (Says.WORKS if _LIKE.search(text) else None)


def _names_in(text: str) -> set[str]:
    return {_NAMES[(found["name"] or found["noun"]).lower()] for found in _NAME.finditer(text.strip())}


def _shown_below(pieces: Sequence[Piece]) -> Iterator[tuple[set[str], Says]]:
    """Yield the backends of labels such as `With torch:`, if the output below one of them shows an exception."""
    found: list[tuple[set[str], Says]] = []
    for piece, below in itertools.pairwise(pieces):
        last = piece.text.rstrip(" *`\n").rpartition("\n")[2]
        labels = piece.shape is Shape.HEADING or (piece.shape is Shape.PROSE and last.endswith(":"))
        names = _names_in(_PARTS.split(last)[-1]) if labels and below.shape is Shape.BLOCK else set()
        if len(names) == 1 and not is_code_block(below):
            found.append((names, Says.FAILS if exceptions_in(below.text, _FIRST) else Says.WORKS))
    if any(says is Says.FAILS for _, says in found):
        yield from found


def _uses(pieces: Iterable[Piece]) -> Iterator[re.Match[str]]:
    for piece in pieces:
        yield from _USED.finditer(piece.text[:20_000])
