"""Render the transitions as an Atom feed: what broke and what was fixed, the newest releases first.

The date of an entry is that of the environment in which it shows, and not of the run: the same results give the same
bytes.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from xml.sax.saxutils import escape

from harness.errors import counted, some_of
from harness.rendering.foreign_text import one_line, stable_error
from harness.rendering.results import Results
from harness.rendering.transitions import History, Transition, histories
from harness.rendering.xml_text import valid

MOST_ENTRIES = 200
_NEVER = dt.date(1970, 1, 1)
_Place = tuple[str, str, str, str, str, str, str, str]


def render(results: Results, *, page: str = "index.html") -> str:
    """Return the feed; `page` is the address of the table, relative to the feed."""
    groups: dict[_Place, list[tuple[History, Transition]]] = {}
    for history in histories(results):
        for transition in history.transitions:
            groups.setdefault(_place(history, transition), []).append((history, transition))
    entries = sorted(groups.items(), key=lambda each: each[0])
    entries.sort(key=lambda each: _date(each[1]), reverse=True)
    known = (column.as_of for column in results.environments if column.as_of is not None)
    updated = max((_date(members) for _, members in entries), default=max(known, default=_NEVER))
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{_text(results.title)}: transitions</title>",
        f"<id>{_id(('feed', results.title))}</id>",
        f"<updated>{_stamp(updated)}</updated>",
        "<author><name>repro-matrix</name></author>",
        f'<link href="{_text(page)}"/>',
    ]
    for place, members in entries[:MOST_ENTRIES]:
        lines += _entry(place, members, page)
    return "\n".join([*lines, "</feed>", ""])


def _place(history: History, transition: Transition) -> _Place:
    last, first = transition.last, transition.first
    return (
        history.case.scenario,
        history.family,
        "two-step" if history.held else "",
        transition.kind,
        str(last.column.version),
        str(first.column.version),
        last.record.signature or "",
        first.record.signature or "",
    )


def _date(members: Iterable[tuple[History, Transition]]) -> dt.date:
    return max(transition.first.column.as_of or _NEVER for _, transition in members)


def _entry(place: _Place, members: list[tuple[History, Transition]], page: str) -> list[str]:
    _, transition = members[0]
    first, last = transition.first, transition.last
    scenario, family, *_ = place
    title = f"{scenario}: {transition.kind} {transition.when} ({first.column.package or family}, {family})"
    errors = [stable_error(step.record.error) for step in (last, first) if step.record.error]
    cases = dict.fromkeys(" ".join(filter(None, [str(each.case), each.held])) for each, _ in members)
    said = [
        f"{last.column.version} {last.shows}; {first.column.version} {first.shows}.",
        *(f"{error}" for error in errors),
        f"{counted(len(cases), 'case')}: {some_of(map(one_line, cases), most=10)}.",
        f"Shown by {last.record.cell} and {first.record.cell}.",
    ]
    return [
        "<entry>",
        f"<title>{_text(title)}</title>",
        f"<id>{_id(place)}</id>",
        f"<updated>{_stamp(_date(members))}</updated>",
        f'<link href="{_text(page)}"/>',
        f'<category term="{_text(transition.kind)}"/>',
        f'<content type="text">{_text(chr(10).join(said))}</content>',
        "</entry>",
    ]


def _id(parts: Iterable[str]) -> str:
    """Return an id that is the same in each feed with this transition, however many cases have it."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, chr(10).join(parts))}"


def _stamp(date: dt.date) -> str:
    return f"{date.isoformat()}T00:00:00Z"


def _text(text: str) -> str:
    return escape(valid(text), {'"': "&quot;"})
