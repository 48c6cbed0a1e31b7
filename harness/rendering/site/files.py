"""Render the files of the site: the page, its scripts, and the data. Returns texts, writes nothing.

The same attempts give the same bytes. The data are JSON files for programs, and scripts for the page, which cannot read
JSON files when it is opened from a folder. Scripts leave out what the page has from the index.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from itertools import groupby
from typing import Any

from markupsafe import escape

from harness.rendering.results import Record
from harness.rendering.site import badges, case_document, environment_document, index_document, scenario_document
from harness.rendering.site.content import Content, file_name
from harness.rendering.transitions import History

PAGE = ("index.html", "style.css", "dom.js", "data.js", "words.js", "views.js", "landing.js", "upgrade.js",
        "errors.js", "file.js", "overview.js", "table.js", "history.js", "embed.js", "panel.js", "app.js")  # fmt: skip
DATA_FOLDERS = ("cases", "environments", "scenarios")
"""Generated as a whole: other data files there are from an earlier state of the results."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def files(content: Content) -> Iterator[tuple[str, str]]:
    """Yield the path of each file, relative to the folder of the site, and its text."""
    folder = resources.files("harness.rendering.site").joinpath("page")
    index = index_document.document(content)
    for name in PAGE:
        text = folder.joinpath(name).read_text(encoding="utf-8")
        yield (f"page/{name}", text) if name != "index.html" else (name, _with_texts(text, index))
    yield from _twice("index", index)
    if content.transfer is not None:
        yield from _twice("transfer", dict(content.transfer))
    yield from _cases(content)
    yield from _environments(content)


def transfer_files(index: Mapping[str, Any], transfer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the files of a site that have the table of readers, given its `index.json`; the others do not change."""
    yield from _twice("index", {**index, "transfer": index_document.transfer_member(transfer)})
    yield from _twice("transfer", dict(transfer))


def _cases(content: Content) -> Iterator[tuple[str, str]]:
    histories: dict[str, list[History]] = {}
    for history in content.histories:
        histories.setdefault(str(history.case), []).append(history)
    for scenario, of_scenario in groupby(content.records, key=lambda record: record.scenario.name):
        documents = []
        for case, members in groupby(of_scenario, key=lambda record: str(record.case)):
            found = list(members)
            document = case_document.document(content, found, histories.get(case, ()))
            documents.append(document)
            yield _json(f"cases/{file_name(case)}", document)
            yield from _picture(badges.case_badge(content, found))
        yield _script(f"scenarios/{file_name(scenario)}", scenario_document.document(scenario, documents))


def _environments(content: Content) -> Iterator[tuple[str, str]]:
    cells: dict[str, list[Record]] = {column.id: [] for column in content.columns}
    for record in content.records:
        cells[record.environment.id].append(record)
    for column in content.columns:
        name = f"environments/{file_name(column.id)}"
        document = environment_document.document(content, column, cells[column.id])
        yield _json(name, document)
        yield _script(name, {key: value for key, value in document.items() if key != "cells"})
        yield from _picture(badges.environment_badge(content, column, cells[column.id]))


def _with_texts(page: str, index: Mapping[str, object]) -> str:
    """Fill in what is shown before the scripts run, and without them."""
    scripts = "\n".join(f'<script src="page/{name}"></script>' for name in PAGE if name.endswith(".js"))
    texts = {"title": str(escape(index["title"])), "about": str(escape(index["about"])), "scripts": scripts}
    return re.sub("{(title|about|scripts)}", lambda place: texts[place[1]], page)


def _picture(badge: badges.Badge) -> Iterator[tuple[str, str]]:
    if badge.file is not None:
        yield badge.file, badge.svg()


def _twice(name: str, document: dict[str, object]) -> Iterator[tuple[str, str]]:
    yield _json(name, document)
    yield _script(name, document)


def _json(name: str, document: dict[str, object]) -> tuple[str, str]:
    return f"{name}.json", f"{_lines(document)}\n"


def _script(name: str, document: dict[str, object]) -> tuple[str, str]:
    """Return a document as a script. It is ASCII: a script sees the same characters as a JSON parser."""
    return f"{name}.js", f"siteData.receive({json.dumps(name)}, {_lines(document)});\n"


def _lines(document: dict[str, object]) -> str:
    """Print the members of lists one per line: a diff then shows the cells that changed."""
    parts = []
    for key, value in document.items():
        text = _compact(value)
        if isinstance(value, list) and value:
            text = "[\n" + ",\n".join(map(_compact, value)) + "\n]"
        parts.append(f"{json.dumps(key)}:{text}")
    return "{" + ",\n".join(parts) + "}"


def _compact(value: object) -> str:
    return _ENCODER.encode(value)
