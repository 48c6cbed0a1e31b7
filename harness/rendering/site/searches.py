"""The commits of transitions, from searches that were recorded with `harness pinpoint --record`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from harness.rendering.foreign_text import one_line, web_address
from harness.rendering.transitions import History, Transition

_COMMIT = ("kind", "sha", "title", "date", "pull_request", "address", "certain")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A transition between two releases, with the commits that caused it."""

    kind: str
    last: Version
    first: Version
    commits: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, kw_only=True)
class Search:
    """A recorded search."""

    case: str
    digest: str
    """Of the scenario that was run."""
    package: str
    environment: str
    held: str
    """Of a two-step case: the side that stays in one environment, as in its history; else empty."""
    changes: tuple[Change, ...]


def read_search(document: Mapping[str, Any]) -> Search:
    """Return the search of a document. Raises ValueError if it is none."""
    try:
        if document["schema"] != 1:
            raise ValueError(f"its schema is {document['schema']!r}, not 1")
        return Search(
            case=str(document["case"]),
            digest=str(document["digest"]),
            package=str(document["package"]),
            environment=str(document["environment"]),
            held=str(document["held"] or ""),
            changes=tuple(_change(each) for each in document["transitions"]),
        )
    except (KeyError, TypeError, AttributeError, InvalidVersion) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def commits_of(searches: Iterable[Search], history: History, *, families: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the commits of the transitions of a history, oldest first, each with the transition that it caused.

    A search counts if it ran the same script, and stepped the package of the family in an environment of the family. A
    change that it found counts if it is of the same kind and lies within the transition. `families` has the family of
    each environment.
    """
    digest = history.segments[0].shown.scenario.digest
    mine = [
        each
        for each in searches
        if (each.case, each.digest, each.held) == (str(history.case), digest, history.held)
        and families.get(each.environment) == history.family
    ]
    found: dict[object, dict[str, object]] = {}
    for transition in history.transitions:
        for change in _within(mine, transition):
            for commit in change.commits:
                of = {"last": str(change.last), "first": str(change.first)}
                found.setdefault((commit["sha"], transition.last.record.cell), {**of, **commit})
    return list(found.values())


def _within(searches: Iterable[Search], transition: Transition) -> Iterator[Change]:
    last, first = transition.last.column, transition.first.column
    if last.version is None or first.version is None:
        return
    bounds = Version(last.version), Version(first.version)
    for search in searches:
        if search.package == first.package:
            for change in search.changes:
                if change.kind == transition.kind and bounds[0] <= change.last < change.first <= bounds[1]:
                    yield change


def _change(document: Mapping[str, Any]) -> Change:
    return Change(
        kind=str(document["kind"]),
        last=Version(document["last"]),
        first=Version(document["first"]),
        commits=tuple(_with_main_line(each) for each in document["commits"]),
    )


def _with_main_line(document: Mapping[str, Any]) -> dict[str, object]:
    """Return a commit; one of a release branch has the commit of the main line with the same change."""
    same = document.get("main_line")
    return _commit(document) | {"main_line": _commit(same) if same else None}


def _commit(document: Mapping[str, Any]) -> dict[str, object]:
    values = {name: document[name] for name in _COMMIT}
    number = values["pull_request"]
    return {
        "kind": one_line(str(values["kind"])),
        "sha": one_line(str(values["sha"])),
        "title": one_line(str(values["title"])),
        "date": one_line(str(values["date"])),
        "pull_request": number if isinstance(number, int) else None,
        "address": web_address(values["address"]) if isinstance(values["address"], str) else None,
        "certain": values["certain"] is True,
    }
