"""Read the facts of a failure from a report. A script may have forged all of them. No verdicts here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.execute.exception_handlers import raised_in_handler

_MOST = 12


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders of an attempt, as it saw them itself."""

    script: str = ""
    """The folder of the script's copy."""
    work: str = ""
    home: str = ""
    temporary: str = ""


@dataclass(frozen=True, kw_only=True)
class AttemptContext:
    """Facts about an attempt that are not in its report."""

    places: Places = field(default_factory=Places)
    sandboxed: bool = False
    packages: frozenset[str] = frozenset()
    """The packages of the environment, and the packages that they provide."""
    stand_ins: tuple[tuple[str, str], ...] = ()
    """Of these, the packages that another one stands for, and that one."""
    beside: frozenset[str] = frozenset()
    """The missing files (`companions`) that exist next to the original script."""
    sent: frozenset[str] = frozenset()
    """The files that were copied into the working folder and next to the script."""
    addresses: tuple[str, ...] = ()
    """The URLs in the script's text."""
    has_data: bool = False
    """True if the attempt saw downloaded data."""
    reads_artifact: bool = False
    """True for a reader: the working folder has the artifacts of the writer."""
    reads_arguments: bool = False
    """True if the script's text reads arguments, and it was run without any."""
    has_input: bool = False
    """True if it had a standard input."""
    variables: frozenset[str] = frozenset()
    """The environment variables that it was given."""
    text: str = ""
    """The script."""
    output: str = ""
    dump: str = ""
    """The stack of the worker at its time limit, innermost frame first; empty before it."""


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One exception of a chain, as the worker saw it."""

    type: str
    bases: frozenset[str]
    message: str
    errno: int | None = None
    filename: str | None = None
    texts: tuple[str, ...] = ()
    module: str | None = None
    missing: str | None = None
    file: str = ""
    line_text: str = ""
    link: str | None = None

    @classmethod
    def read(cls, facts: object) -> Raised | None:
        """Read the facts of a report, which may hold anything; None if they are none."""
        if not isinstance(facts, Mapping):
            return None
        return cls(
            type=text_of(facts, "type") or "Exception",
            bases=frozenset(texts_of(facts, "bases")),
            message=text_of(facts, "message") or "",
            errno=number_of(facts, "errno"),
            filename=text_of(facts, "filename"),
            texts=texts_of(facts, "texts"),
            module=text_of(facts, "module"),
            missing=text_of(facts, "missing"),
            file=text_of(facts, "file") or "",
            line_text=text_of(facts, "line_text") or "",
            link=text_of(facts, "link"),
        )

    def speaks_of(self, inner: Raised) -> bool:
        """Return True if this was raised because of `inner`, not only while `inner` was handled."""
        if inner.link == "cause" or {"ImportError"} <= self.bases & inner.bases:
            return True
        named = [inner.message, *inner.texts, inner.filename, inner.module]
        return any(each in self.message for each in named if each and len(each) > 2)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The failure that ended a script: its exceptions, outermost first, and its place."""

    chain: tuple[Raised, ...]
    context: AttemptContext
    prefixes: tuple[str, ...] = ()
    wrote: bool = False
    parser: str | None = None
    traceback: str = ""
    python: str = ""
    settings: tuple[Mapping[str, Any], ...] = ()
    exits_in_handler: bool = False
    """True if the script caught the second exception of the chain, and exited while it handled it."""

    @classmethod
    def read(cls, report: Mapping[str, Any], context: AttemptContext) -> Failure:
        """Read a report, which may hold anything."""
        found = list_of(report, "chain")
        chain: list[Raised] = []
        exits = False
        in_handler = raised_in_handler(context.text, text_of(report, "traceback") or "", context.places.script)
        for raised in filter(None, map(Raised.read, found[:_MOST])):
            exits = exits or (len(chain) == 1 and "SystemExit" in chain[0].bases and in_handler)
            if chain and not chain[-1].speaks_of(raised) and not (exits and len(chain) == 1):
                break
            chain.append(raised)
        return cls(
            chain=tuple(chain),
            context=context,
            prefixes=tuple(each for each in texts_of(report, "prefixes") if len(each) > 1),
            wrote=report.get("wrote") is True,
            parser=text_of(report, "parser"),
            traceback=text_of(report, "traceback") or "",
            python=python_of(report),
            settings=tuple(each for each in list_of(report, "settings") if isinstance(each, Mapping)),
            exits_in_handler=exits,
        )


def python_of(report: Mapping[str, Any]) -> str:
    """Return the Python of a report, as `3.11`."""
    facts = report.get("python")
    version = facts.get("version") if isinstance(facts, Mapping) else None
    return ".".join(version.split(".")[:2])[:8] if isinstance(version, str) else "this"


def text_of(values: Mapping[str, Any], key: str) -> str | None:
    """Return a string of a report, or None."""
    value = values.get(key)
    return value if isinstance(value, str) else None


def number_of(values: Mapping[str, Any], key: str) -> int | None:
    """Return an integer of a report, or None."""
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def list_of(values: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of a report, or an empty one."""
    value = values.get(key)
    return value if isinstance(value, list) else []


def texts_of(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the strings of a list of a report."""
    return tuple(each for each in list_of(values, key) if isinstance(each, str))
