"""Cases and cells, and the ids in which they are written: `sequential_build[shape=list]@tf2.16.2`.

An id parses back into the value it was printed from.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Union

from harness.errors import UsageError

Value = Union[str, int, float, bool]  # noqa: UP007 - used at run time, where Python 3.10 is the floor of the tests
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[A-Za-z0-9_.+\-\u0080-\U0010ffff]+")
_DIGEST = re.compile(r"~[0-9a-f]{4,64}(?![0-9A-Za-z])")
_BARE = re.compile(r"[^\s,\[\]\"=@]+")
_WRITER_TO_READER = " -> "
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|.', re.DOTALL)
_SPECIFIER = re.compile(r"\s*(?:[<>]=?|[!=~]=)")


def write_value(value: Value) -> str:
    """Print a parameter's value so that `read_value` gives it back: strings bare where that is unambiguous."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _BARE.fullmatch(value) and _as_json(value) is None:
        return value
    return json.dumps(value, ensure_ascii=False)


def read_value(text: str) -> Value:
    """Read a value as `write_value` printed it, or as someone typed it."""
    parsed = _as_json(text)
    return text if parsed is None else parsed


def _as_json(text: str) -> Value | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, (str, int, float, bool)) else None


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scenario with a value for each of its parameters, in the order in which the script declares them."""

    scenario: str
    parameters: tuple[tuple[str, Value], ...] = ()
    # Made with it, since cells by thousands ask their few cases for these.
    _id: str = field(init=False, repr=False, compare=False)
    parameters_text: str = field(init=False, repr=False, compare=False)
    """The parameters as JSON."""

    def __post_init__(self) -> None:
        values = ",".join(f"{name}={write_value(value)}" for name, value in self.parameters)
        object.__setattr__(self, "_id", f"{self.scenario}[{values}]" if values else self.scenario)
        object.__setattr__(self, "parameters_text", json.dumps(self.parameters))

    def __str__(self) -> str:
        return self._id

    @classmethod
    def parse(cls, text: str) -> Case:
        """Parse an id; a UsageError says what is wrong with it."""
        case, rest = _read_case(text)
        if rest:
            raise UsageError(f"{text!r} is not the id of a case", why=f"{rest!r} stands after its end")
        return case

    @property
    def label(self) -> str:
        """The name of its scenario without a digest."""
        return self.scenario.partition("~")[0]

    def named(self, scenario: str) -> Case:
        """Return the same case of a scenario with another name."""
        return self if scenario == self.scenario else Case(scenario=scenario, parameters=self.parameters)

    @property
    def values(self) -> Mapping[str, Value]:
        """The parameters by name."""
        return dict(self.parameters)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A case in an environment; of a two-step scenario, read in one what another has written."""

    case: Case
    environment: str
    writer: str | None = None

    def named(self, scenario: str) -> Cell:
        """Return the same cell of a scenario with another name."""
        case = self.case.named(scenario)
        return self if case is self.case else Cell(case=case, environment=self.environment, writer=self.writer)

    def __str__(self) -> str:
        where = self.environment if self.writer is None else f"{self.writer}{_WRITER_TO_READER}{self.environment}"
        return f"{self.case}@{where}"

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Parse an id; a UsageError says what is wrong with it."""
        case, rest = _split_case(text)
        where = rest[1:]
        if not rest.startswith("@") or not where:
            raise UsageError(f"{text!r} is not the id of a cell", next_step="Write scenario[name=value]@environment")
        writer, arrow, reader = where.partition(_WRITER_TO_READER)
        if not arrow:
            return cls(case=case, environment=where)
        if not writer or not reader:
            raise UsageError(f"{text!r} is not the id of a cell", why=f"An environment is missing at {where!r}")
        return cls(case=case, environment=reader, writer=writer)


def _split_case(text: str) -> tuple[Case, str]:
    """Return the case at the beginning of an id, and the rest of the id."""
    # Thousands of ids are read, of few cases: the text before the last @ is mostly a known case.
    head, at, where = text.rpartition("@")
    try:
        case, rest = _read_case(head)
    except UsageError:
        return _read_case(text)
    return (case, at + where) if at and not rest else _read_case(text)


def as_label(text: str) -> str:
    """Return the label of a script with this file name: letters and digits of all alphabets, `_`, `.`, `+` and `-`.

    Letters are in the form NFC, in every file system.
    """
    text = unicodedata.normalize("NFC", text)
    shown = "".join(each if _in_label(each) else "\0" for each in text)
    return re.sub(r"\0+", "_", shown).lstrip(".+-") or "script"


def _in_label(character: str) -> bool:
    # Marks belong to the letters before them, as the vowels of Devanagari do.
    return character.isalnum() or character in "_.+-" or unicodedata.category(character).startswith("M")


def _read_name(text: str) -> tuple[str, str]:
    """Return the name of a scenario that an id begins with, `label` or `label~digest`, and the rest."""
    found = _LABEL.match(text)
    label = found.group() if found else ""
    end = next((place for place, each in enumerate(label) if not (each.isascii() or _in_label(each))), len(label))
    if not end or text[0] in ".+-":
        raise UsageError(f"{text!r} does not begin with the name of a scenario")
    digest = _DIGEST.match(text, end)
    label = unicodedata.normalize("NFC", text[:end])
    return (label + digest.group(), text[digest.end() :]) if digest else (label, text[end:])


@functools.lru_cache(maxsize=4096)
def _read_case(text: str) -> tuple[Case, str]:
    name, rest = _read_name(text)
    if not rest.startswith("["):
        return Case(scenario=name), rest
    parameters: list[tuple[str, Value]] = []
    for pair in _read_parameters(text, rest):
        if isinstance(pair, str):
            return Case(scenario=name, parameters=tuple(parameters)), pair
        parameters.append(pair)
    raise UsageError(f"{text!r} is not the id of a case", why="Its '[' is not closed")


def _read_parameters(whole: str, rest: str) -> Iterator[tuple[str, Value] | str]:
    """Yield each name and value between brackets, and finally the text after the bracket as a string."""
    decoder = json.JSONDecoder()
    while rest and rest[0] in "[,":
        rest = rest[1:]
        name = NAME.match(rest)
        if name is None or not rest[name.end() :].startswith("="):
            raise UsageError(f"{whole!r} is not the id of a case", why=f"`name=value` is missing at {rest!r}")
        rest = rest[name.end() + 1 :]
        if rest.startswith('"'):
            try:
                value, end = decoder.raw_decode(rest)
            except ValueError as error:
                raise UsageError(
                    f"{whole!r} is not the id of a case", why=f"A quoted value is malformed: {error}"
                ) from None
            yield name.group(), value
        else:
            bare = _BARE.match(rest)
            if bare is None:
                raise UsageError(f"{whole!r} is not the id of a case", why=f"A value is missing at {rest!r}")
            end = bare.end()
            yield name.group(), read_value(bare.group())
        rest = rest[end:]
    if rest.startswith("]"):
        yield rest[1:]


def split_ids(text: str) -> list[str]:
    """Split a comma-separated list of ids, leaving alone the commas inside brackets, quotes and version specifiers."""
    items, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += {"[": 1, "]": -1}.get(token, 0)
        if token == "," and depth <= 0:
            items.append("")
        else:
            items[-1] += token
    joined: list[str] = []
    for item in items:
        # No id begins like this: it goes on what came before, as in `python=3.11 keras>=3,<4`.
        if joined and _SPECIFIER.match(item):
            joined[-1] += f",{item}"
        else:
            joined.append(item)
    return [item.strip() for item in joined if item.strip()]
