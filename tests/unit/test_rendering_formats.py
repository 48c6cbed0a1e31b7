"""The formats: goldens of each, hostile text in each, and what is published.

Accept the goldens as they are drawn now:  ACCEPT_GOLDENS=1 python -m pytest tests/unit/test_rendering_formats.py
"""

from __future__ import annotations

import csv
import html.parser
import io
import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model import CellResult, Label, Outcome, Pattern
from harness.rendering import csv_table, feed, html_page, json_document, junit, markdown, publish, support, terminal
from harness.rendering.grid import NOT_ASKED, STATES, build_grid
from harness.rendering.results import Results, to_frame
from tests.unit.test_rendering_results import attempt, cell_of, column, only, result, sample, scenario

GOLDENS = Path(__file__).parent / "goldens"
FORMATS = {
    "report_terminal_140.txt": lambda results: terminal.render(results, width=140),
    "report_terminal_80.txt": lambda results: terminal.render(results, width=80),
    "report_terminal_colour.txt": lambda results: terminal.render(results, width=140, colour=True),
    "report_terminal_differing.txt": lambda results: terminal.render(results, width=140, only_differing=True),
    "report_table.md": markdown.render,
    "report_table.csv": csv_table.render,
    "report_live.json": json_document.render,
    "report_results.json": lambda results: json_document.render(results, published=True),
    "report_summary.md": publish.summary_markdown,
    "report_support.json": support.render,
    "report_transitions.atom": feed.render,
    "report_junit.xml": junit.render,
}


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name):
    drawn = FORMATS[name](sample())
    golden = GOLDENS / name
    if os.environ.get("ACCEPT_GOLDENS"):
        golden.write_text(drawn, encoding="utf-8", newline="\n")
    assert drawn == golden.read_text(encoding="utf-8")


# The grid ------------------------------------------------------------------------------------------------------------


def states_of(grid):
    return {cell.cell: cell for row in grid.rows for cell in row.cells} | {
        cell.cell: cell for square in grid.squares for line in square.lines for cell in line
    }


def test_each_state_has_a_unique_mark_and_word():
    assert len({display.mark for display in STATES.values()}) == len(STATES)
    assert len({display.plain for display in STATES.values()}) == len(STATES)


def test_never_run_differs_from_not_selected():
    states = states_of(build_grid(sample()))
    assert states["life[phase=a]@pkg3.6.0"].state == "never run"
    assert states[None].state == NOT_ASKED


def test_each_cell_that_did_not_simply_pass_has_a_cause_with_a_reason():
    for cell in states_of(build_grid(sample())).values():
        if cell.state in ("passed", "never run", NOT_ASKED):
            assert cell.cause is None
        else:
            assert cell.cause.error or cell.cause.reason


def test_missing_reason_is_reported():
    one = scenario("one")
    results = only(one, result(cell_of(one, "pkg3.4.1"), {"outcome": Outcome.UNAVAILABLE}))
    assert build_grid(results).causes[0].reason == "no reason was recorded"


def test_cells_with_the_same_signature_and_label_share_a_cause():
    cause = next(cause for cause in build_grid(sample()).causes if cause.label is not None)
    assert cause.cells == ("build[shape=list,format=.keras]@pkg3.4.1", "build[shape=list,format=.h5]@pkg3.4.1")


def test_same_failure_under_two_labels_is_two_causes():
    one = scenario("one")
    environments = ("pkg3.4.1", "pkg3.5.0")
    labels = [Label(stage=None, error=Pattern(""), label=label, note="n") for label in ("bug", "by design")]
    failed = {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: no"}
    cells = [
        result(cell_of(one, name), failed, labels=[label]) for name, label in zip(environments, labels, strict=True)
    ]
    causes = build_grid(only(one, *cells, environments=environments)).causes
    assert [cause.label.label for cause in causes] == ["bug", "by design"]
    assert len({cause.key for cause in causes}) == 2


def test_cases_with_equal_values_of_different_types_have_separate_rows():
    one = scenario("one", parameters=[("x", (1, True, 1.0))])
    cells = [result(cell_of(one, "pkg3.4.1", x=value), {}) for value in (1, True, 1.0)]
    assert len(build_grid(only(one, *cells)).rows) == 3


def test_only_rows_that_differ_are_kept_and_the_rest_is_counted():
    grid = build_grid(sample(), only_differing=True)
    assert [str(row.case) for row in grid.rows] == [
        "build[shape=list,format=.keras]", "build[shape=list,format=.h5]",
        "life[phase=a]", "life[phase=b]", "life[phase=c]", "life[phase=g]",
    ]  # fmt: skip
    assert len(grid.squares) == 1
    assert grid.left_out == 6
    assert [cause.number for cause in grid.causes] == list(range(1, len(grid.causes) + 1))


def test_unknown_results_are_no_difference():
    one = scenario("one")
    cells = [
        result(cell_of(one, "a"), {}),
        result(cell_of(one, "b")),
        result(cell_of(one, "c"), {"outcome": Outcome.UNAVAILABLE, "reason": "r"}),
        result(cell_of(one, "d"), {"outcome": Outcome.NOT_APPLICABLE, "reason": "r"}),
    ]
    assert not build_grid(only(one, *cells, environments=tuple("abcd"))).rows[0].differs


def test_every_cell_is_counted_once():
    counts = build_grid(sample()).counts
    parts = (
        counts.passed, counts.failed, counts.flaky, counts.not_applicable, counts.unavailable,
        counts.error, counts.never_run,
    )  # fmt: skip
    assert counts.cells == len(sample().cells) == sum(parts)
    assert str(counts) == (
        "45 cells: 28 passed, 6 failed (2 labelled, 4 unexplained), 1 flaky, 1 not applicable, 1 unavailable, "
        "1 error, 7 never run"
    )


def test_scenario_without_environments_is_omitted():
    empty = Results(scenarios=(), environments=(), cells=(), generated=sample().generated)
    for draw in FORMATS.values():
        assert draw(empty)
    assert "0 cells" in html_page.render(empty)


# Hostile text --------------------------------------------------------------------------------------------------------

HOSTILE = {
    "escape": "\x1b[2J\x1b]0;pwned\x07\x1b[31mred",
    "c1": "\x9b2Jred\x9d0;pwned\x9cend",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "table": "a | b |\n| --- |\n| c |",
    "code": "`` ` ``` <!-- report:end --> [x](javascript:alert(1)) @octocat",
    "formula": "=cmd|' /C calc'!A0",
    "formula after spaces": "  =1+1",
    "formula tab": "\t=1+1",
    "formula minus": "-1+1",
    "formula at": "@SUM(A1)",
    "bidi": "\u202e\u2066evil\u2069\u200b\ufeff",
    "lines": "one\r\ntwo\u2028three\x0bfour\x85five\nsix",
    "surrogate": "\ud800\udfff",
    "template": "{{ 7*7 }}{% raw %}",
    "comment": "--> <!-- ]]> </pre></script></style>",
}


def hostile(text: str) -> Results:
    """Results in which everything that comes from a script is one text."""
    label = Label(stage=None, error=Pattern("labelled"), label=text, note=text, link=text)
    one = scenario(
        "one", subject=text, title=text, text=text, issue=text, parameters=[("x", (text,))], labels=[label]
    )  # fmt: skip
    names = tuple("abcde")
    text = text.encode(errors="replace").decode()  # the worker's report is read as UTF-8: no lone surrogates in errors
    shown = [
        {"outcome": Outcome.FAILED, "stage": text, "error": text},
        {"outcome": Outcome.FAILED, "stage": "load", "error": f"labelled {text}"},
        {"outcome": Outcome.NOT_APPLICABLE, "reason": text},
        {"outcome": Outcome.UNAVAILABLE, "reason": text},
        {"outcome": Outcome.TIMED_OUT, "stage": text, "reason": text},
    ]
    cells = [result(cell_of(one, name, x=text), each, labels=[label]) for name, each in zip(names, shown, strict=True)]
    return replace(only(one, *cells, environments=names), title=text, notes=(text,))


class Page(html.parser.HTMLParser):
    """Collects the tags, attributes and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in ("href", "src", "action")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_terminal_shows_hostile_text_as_text(text):
    drawn = terminal.render(hostile(text), width=100)
    assert all(character.isprintable() or character == "\n" for character in drawn)
    drawn.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_html_shows_hostile_text_as_text(text):
    drawn = html_page.render(hostile(text))
    page, harmless = Page(drawn), Page(html_page.render(hostile("harmless")))
    assert page.tags == harmless.tags
    assert page.attributes == harmless.attributes
    assert all(address.startswith(("#", "data:,")) for address in page.addresses)
    assert all(character.isprintable() or character == "\n" for character in drawn)
    drawn.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("draw", [markdown.render, publish.summary_markdown], ids=["table", "summary"])
def test_markdown_shows_hostile_text_as_text(draw, text):
    drawn, harmless = draw(hostile(text)), draw(hostile("harmless"))
    assert drawn.count("\n") == harmless.count("\n")
    tables = [line.count("|") for line in drawn.splitlines() if line.startswith("|")]
    assert tables == [line.count("|") for line in harmless.splitlines() if line.startswith("|")]
    assert set(re.findall(r"<[^>\s]*", drawn)) <= {"<code", "</code", "<!--"}
    assert "report:end" not in drawn.splitlines()
    assert not re.search(r"(?<!\\)\[[^\]^]*\]\((?!https?://)", drawn)
    assert all(character.isprintable() or character == "\n" for character in drawn)
    drawn.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_csv_has_one_line_per_cell_and_no_formulas(text):
    drawn = csv_table.render(hostile(text))
    rows = list(csv.reader(io.StringIO(drawn)))
    assert drawn.count("\n") == len(rows) == 6
    assert not [value for row in rows for value in row if value.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert all(character.isprintable() or character == "\n" for character in drawn)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_keeps_hostile_text_escaped(text):
    drawn = json_document.render(hostile(text))
    assert drawn.isascii()
    assert all(character.isprintable() or character == "\n" for character in drawn)
    assert json.loads(drawn)["cells"][0]["error"] == text.encode(errors="replace").decode()


def test_csv_escapes_formulas_only():
    assert csv_table.escape_formula("plain") == "plain"
    assert csv_table.escape_formula(None) == ""


def test_colour_only_if_requested():
    assert "\x1b" not in terminal.render(sample())
    assert "\x1b[32mpass\x1b[0m" in terminal.render(sample(), colour=True)


# Width ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_tables_fit_the_terminal(width):
    drawn = terminal.render(wide(environments=30), width=width)
    table = drawn[: drawn.index("passed: the script")]
    assert max(len(line) for line in table.splitlines()) <= width


def test_ten_environments_fit_into_140_columns_side_by_side():
    drawn = terminal.render(wide(environments=10), width=140)
    assert "columns 1 to" not in drawn
    assert max(len(line) for line in drawn.splitlines()) <= 140


def test_id_of_a_nightly_build_is_broken_into_its_parts():
    name = "nightly-keras3.16.0.dev2026102704"
    one = scenario("sequential_build")
    drawn = terminal.render(only(one, result(cell_of(one, name), {}), environments=(name,)), width=80)
    head = [line.split()[-1] for line in drawn.splitlines()[1:6]]
    assert head == ["nightly", "-keras", "3.16.0", ".dev", "2026102704"]
    assert f"\n{name}\n" in drawn
    assert "column 1" not in drawn


def wide(*, environments: int) -> Results:
    names = tuple(f"tf2.{minor}.1-legacy" for minor in range(environments))
    one = scenario("sequential_build", parameters=[("shape", ("tuple", "list")), ("save_format", (".keras", ".h5"))])
    cells: list[CellResult] = []
    for name in names:
        for case in one.cases():
            cell = replace(cell_of(one, name), case=case)
            bad = {"outcome": Outcome.FAILED, "stage": "predict", "error": f"ValueError: {case}"}
            cells.append(result(cell, bad if case.values["shape"] == "list" else {}))
    return only(one, *cells, environments=names)


# The page ------------------------------------------------------------------------------------------------------------


def test_page_loads_nothing_and_runs_only_its_own_script():
    page = html_page.render(sample())
    assert "default-src 'none'" in page
    assert "unsafe-inline" not in page
    assert {"link", "img", "iframe", "object"} & set(Page(page).tags) == {"link"}
    outside = [address for address in Page(page).addresses if not address.startswith(("#", "data:,"))]
    assert set(outside) == {"https://example.org/issues/20214"}


def test_cells_of_the_page_link_to_their_causes():
    page = html_page.render(sample())
    targets = set(re.findall(r'href="#(c-[^"]+)"', page))
    assert targets
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


def test_page_draws_each_cell_once_with_its_state():
    page = html_page.render(sample())
    body = page[page.index("<main>") : page.index('<h2 id="causes">')]
    drawn = re.findall(r'<td class="(\w)', body)
    asked = [letter for letter in drawn if letter != html_page.CLASSES[NOT_ASKED]]
    assert len(asked) == len(sample().cells)
    assert drawn.count(html_page.CLASSES["never run"]) == 7


def test_each_state_has_a_unique_style():
    assert set(html_page.CLASSES) == set(STATES)
    assert len(set(html_page.CLASSES.values())) == len(STATES)


def test_page_of_ten_thousand_cells_stays_small():
    one = scenario("one", parameters=[("x", tuple(range(120)))])
    names = tuple(f"e{place}" for place in range(80))
    bad = [{"outcome": Outcome.FAILED, "stage": "load", "error": f"ValueError: reason {kind}"} for kind in range(40)]
    cells = [
        result(cell_of(one, name, x=x), bad[x % 40] if (x + place) % 3 else {})
        for x in range(120)
        for place, name in enumerate(names)
    ]
    results = only(one, *cells, environments=names)
    started = time.perf_counter()
    page = html_page.render(results, published=True)
    # A second on the machine this was written on; the limit only catches what grows with the square.
    assert time.perf_counter() - started < 20
    assert len(page) < 1_500_000


# What is published ---------------------------------------------------------------------------------------------------


def test_published_files_are_equal_for_equal_results():
    first = sample()
    again = replace(
        first,
        generated=first.generated.replace(year=2031),
        cells=tuple(
            replace(each, attempts=tuple(replace(a, duration_s=9.9, started=a.started.replace(year=2031)) for a in
                                         each.attempts))
            for each in reversed(first.cells)
        ),
    )  # fmt: skip
    assert publish.files(first) == publish.files(again)
    assert sorted(publish.files(first)) == [
        "index.html", "matrix.svg", "results.json", "summary.md", "support.json", "table.csv", "table.md", "transitions.atom",
    ]  # fmt: skip


def test_a_new_cause_changes_only_its_own_lines_of_the_markdown():
    before = sample()
    cell = cell_of(before.scenarios[0], "pkg3.4.1")
    bad = CellResult(
        cell=cell, attempts=(attempt(cell, outcome=Outcome.FAILED, stage="import", error="ImportError: no"),)
    )
    after = replace(before, cells=tuple(bad if each.cell == cell else each for each in before.cells))
    old, new = (markdown.render(each).splitlines() for each in (before, after))
    changed = [line for line in new if line not in old]
    # The counts, the list of the unexplained, the row, the statement of since when, and the footnote.
    assert len(changed) == 5


def test_each_transition_has_a_statement_in_each_format():
    results = sample()
    told = [each for each in build_grid(results).statements if each.scenario == "build"]
    (line,) = told[0].lines
    cause = line.cause
    assert line.cells == ("build[shape=list,format=.keras]@pkg3.4.1", "build[shape=list,format=.keras]@pkg3.5.0")
    begin, end = "3.4.1: fails at load", ". 3.4.1 is the first that was run. Fixed in 3.5.0."
    assert f"{begin}[^{cause.key}]{end} Shown in `pkg3.4.1`, `pkg3.5.0`." in markdown.render(results)
    assert f'{begin} <a href="#c-{cause.key}">[{cause.number}]</a>{end}' in html_page.render(results)
    assert f"{begin} [{cause.number}]{end}" in " ".join(terminal.render(results, width=140).split())


def test_counts_of_the_json_are_those_of_its_cells():
    document = json.loads(json_document.render(sample()))
    outcomes = [cell["outcome"] for cell in document["cells"]]
    assert document["counts"]["cells"] == len(outcomes)
    assert document["counts"]["never_run"] == outcomes.count("never run")


def test_json_and_frame_agree():
    cells = json.loads(json_document.render(sample()))["cells"]
    frame = to_frame(sample())
    assert [cell["cell"] for cell in cells] == frame["cell"].tolist()
    assert [cell["outcome"] for cell in cells] == frame["outcome"].tolist()
    assert [cell.get("writer") for cell in cells] == frame["writer"].tolist()


def test_summary_does_not_count_unknown_as_failed():
    one = scenario("one", parameters=[("x", tuple("abc"))])
    states = {"a": [{}], "b": [{}], "c": []}
    cells = [result(cell_of(one, "pkg3.4.1", x=x), *shown) for x, shown in states.items()]
    assert "| 2/2 ? |" in publish.summary_markdown(only(one, *cells))


@pytest.mark.parametrize(
    ("shown", "drawn"),
    [
        pytest.param([{}, {}], "✅", id="all pass"),
        pytest.param([{}, {"outcome": Outcome.FAILED, "stage": "load", "error": "E: x"}], "1/2", id="some fail"),
        pytest.param([{"outcome": Outcome.FAILED, "stage": "load", "error": "E: x"}] * 2, "❌ load", id="all fail"),
        pytest.param([{}, {"outcome": Outcome.NOT_APPLICABLE, "reason": "r"}], "✅", id="the rest does not apply"),
        pytest.param([{"outcome": Outcome.UNAVAILABLE, "reason": "r"}] * 2, "∅", id="unavailable"),
        pytest.param([{"outcome": Outcome.UNAVAILABLE, "reason": "r"}, None], "?", id="nothing known"),
        pytest.param([None, None], "?", id="never run"),
    ],
)
def test_summary_draws_a_scenario_in_one_cell(shown, drawn):
    one = scenario("one", parameters=[("x", (0, 1))])
    cells = [
        result(cell_of(one, "pkg3.4.1", x=x), *([each] if each is not None else [])) for x, each in enumerate(shown)
    ]
    row = publish.summary_markdown(only(one, *cells)).splitlines()[2]
    assert row.split("|")[2].strip() == drawn


def test_summary_is_limited_and_prefers_changes():
    many = [scenario(f"s{place}") for place in range(40)]
    names = tuple(f"e{place}" for place in range(25))
    bad = {"outcome": Outcome.FAILED, "stage": "load", "error": "E: x"}
    cells = [
        result(cell_of(each, name), bad if each.name == "s39" and place >= 13 else {})
        for each in many
        for place, name in enumerate(names)
    ]
    results = Results(
        scenarios=tuple(many),
        environments=tuple(column(name) for name in names),
        cells=tuple(cells),
        generated=sample().generated,
    )
    lines = publish.summary_markdown(results).splitlines()
    assert len([line for line in lines if line.startswith("| `s")]) == 30
    assert lines[0].count("`e") == 12
    assert {"`e0`", "`e13`", "`e24`"} <= set(lines[0].replace("|", " ").split())
    assert any(line.startswith("| `s39`") for line in lines)
    assert "Not shown here: 10 more scenarios and 13 more environments." in lines


def test_summary_keeps_the_newest_environment_of_each_family():
    columns = [replace(column(f"{family}{place:02}"), family=family) for family in "ab" for place in range(10)]
    cells = tuple(result(cell_of(scenario("s"), each.id), {}) for each in columns)
    results = Results(
        scenarios=(scenario("s"),), environments=tuple(columns), cells=cells, generated=sample().generated
    )
    head = publish.summary_markdown(results, columns=4).splitlines()[0]
    assert [each for each in head.split("`") if each[0] in "ab"] == ["a00", "a01", "a09", "b09"]


def test_text_between_markers_is_replaced_and_the_rest_kept():
    text = "a\n<!-- table:begin -->\nold\n<!-- table:end -->\nb\n"
    assert publish.replace_between_markers(text, "table", "new\nlines\n") == (
        "a\n<!-- table:begin -->\nnew\nlines\n<!-- table:end -->\nb\n"
    )


@pytest.mark.parametrize(
    "text",
    ["no markers", "<!-- table:end -->\n<!-- table:begin -->", "<!-- table:begin -->\n" * 2 + "<!-- table:end -->"],
    ids=["none", "wrong order", "twice"],
)
def test_file_without_markers_is_rejected(text):
    with pytest.raises(UsageError, match="Add the two lines at the place of the section"):
        publish.replace_between_markers(text, "table", "new")
