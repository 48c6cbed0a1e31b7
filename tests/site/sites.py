"""Sites for the tests, written into a folder from results that are made here."""

from __future__ import annotations

import json
from dataclasses import replace

from harness.model import CellResult, Evidence, Outcome
from harness.model.site import SiteText
from harness.rendering.results import Results
from harness.rendering.site.content import Content
from harness.rendering.site.files import files
from harness.transfer.document import render
from tests.unit.test_rendering_formats import hostile
from tests.unit.test_rendering_results import MEASURED, cell_of, column, result, sample, scenario
from tests.unit.test_transfer_table import table

TRACEBACK = """Traceback (most recent call last):
  File "build.py", line 1, in <module>
    x = 1
  File "/home/me/.cache/harness/environments/abc/lib/python3.11/site-packages/pkg/models.py", line 7, in build
    raise ValueError("no")
ValueError: Sequential model 'sequential' has already been configured with a list
"""
EVIDENCE = Evidence(traceback=TRACEBACK, stdout="printed <b>text</b>")
TEXT = SiteText(title="What works where?", about="A demonstration.", names={"pkg": "Package"})


def write(folder, results, *, text=TEXT, evidence=EVIDENCE, transfer=None):
    """Write the site of results; every failing attempt has this evidence."""
    with_keys = tuple(
        replace(each, attempts=tuple(replace(a, platform="linux-x86_64", lock="abc") for a in each.attempts))
        for each in results.cells
    )
    content = Content(
        results=replace(results, cells=with_keys), text=text, evidence_of=lambda attempt: evidence, transfer=transfer
    )
    for name, text_of_file in files(content):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of_file, encoding="utf-8", newline="")
    return folder


def ordinary(folder):
    return write(folder, sample(), transfer=json.loads(render(table())))


def dangerous(folder, text):
    return write(folder, hostile(text), text=SiteText(title=text, about=text, stages={text: text}),
                 evidence=Evidence(traceback=text, stdout=text, stderr=text, dump=text))  # fmt: skip


def large(*, cases=150, environments=80, squares=10, side=20) -> Results:
    """12,000 cells with sixty causes, and ten squares of 20 writers and 20 readers."""
    one = scenario("one", parameters=[("x", tuple(range(cases)))])
    pair = scenario("pair", parameters=[("y", tuple(range(squares)))], two=True)
    names = tuple(f"pkg{place // 10}.{place % 10}.0" for place in range(environments))

    def shown(number):
        error = f"ValueError: reason {chr(97 + number % 26)}{chr(97 + number % 60 // 26)} of {'many words ' * 20}"
        return {"outcome": Outcome.FAILED, "stage": "load", "error": error} if number % 3 else {}

    cells: list[CellResult] = [
        result(cell_of(one, name, x=x), shown(x + at)) for x in range(cases) for at, name in enumerate(names)
    ]
    cells += [
        result(cell_of(pair, reader, writer, y=y), shown(y + at + to))
        for y in range(squares)
        for at, writer in enumerate(names[:side])
        for to, reader in enumerate(names[:side])
    ]
    return Results(
        scenarios=(one, pair),
        environments=tuple(column(name, version=name.removeprefix("pkg")) for name in names),
        cells=tuple(cells),
        generated=MEASURED,
    )
