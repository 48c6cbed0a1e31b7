"""The results that all report tests use, and tests of records and the DataFrame."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Attempt, Case, Cell, CellResult, Header, Label, Outcome, Pattern, Scenario, Script
from harness.model.watch import DIFFERS
from harness.rendering.foreign_text import one_line, plain, stable_error, web_address
from harness.rendering.observed import grouped
from harness.rendering.results import COLUMNS, EnvironmentColumn, Results, by_family, records, to_frame

MEASURED = dt.datetime(2026, 11, 3, 12, 30, tzinfo=dt.timezone.utc)
BUG = Label(
    stage="load",
    error=Pattern("already been configured"),
    label="bug",
    note="list and tuple compared as different shapes; fixed in pkg 3.5.0",
    link="https://example.org/issues/20214",
)
CONFIGURED = "ValueError: Sequential model 'sequential_{}' has already been configured with a list"


def scenario(
    name, *, subject="building", title="It works", parameters=(), labels=(), issue=None, two=False, text="x = 1\n"
):
    script = Script(
        file_name=f"{name}.py",
        text=text,
        code=text,
        header=Header(parameters=tuple(parameters), labels=tuple(labels), issue=issue),
        marks=(),
        parameters_from=None,
    )
    write = script if two else None
    return Scenario(name=name, subject=subject, path=Path(f"{name}.py"), title=title, script=script, write=write)


def column(name, family="pkg", version="1.0", variables=(), follows=None):
    return EnvironmentColumn(
        id=name,
        family=family,
        python="3.11",
        packages=(("pkg", version), ("dep", "7.1")),
        variables=tuple(variables),
        as_of=dt.date(2024, 8, 1),
        package="pkg",
        version=version,
        follows=follows,
    )


def attempt(cell, *, outcome=Outcome.PASSED, stage=None, error="", reason="", conclusive=True, duration_s=1.25):
    return Attempt(
        cell=cell,
        key="k",
        outcome=outcome,
        stage=stage,
        error=error,
        reason=reason,
        conclusive=conclusive,
        started=MEASURED,
        duration_s=duration_s,
    )


def cell_of(scenario_, environment, writer=None, **parameters):
    return Cell(
        case=Case(scenario=scenario_.name, parameters=tuple(parameters.items())), environment=environment, writer=writer
    )


def result(cell, *shown, labels=()):
    """Return the result of a cell from keyword arguments of its attempts."""
    return CellResult(cell=cell, attempts=tuple(attempt(cell, **each) for each in shown), labels=tuple(labels))


def only(scenario_, *cells, environments=("pkg3.4.1",)):
    """Return results of one scenario in a few environments."""
    return Results(
        scenarios=(scenario_,),
        environments=tuple(column(name) for name in environments),
        cells=tuple(cells),
        generated=MEASURED,
    )


def sample() -> Results:
    """Each state at least once, causes shared and not, a two-step scenario, a case that is the same everywhere."""
    environments = (
        column("pkg3.4.1", version="3.4.1"),
        column("pkg3.5.0", version="3.5.0", follows="pkg3.4.1"),
        column("pkg3.5.0-legacy", "legacy", "3.5.0", [("USE_LEGACY", "1")]),
        column("pkg3.6.0", version="3.6.0"),
    )
    imports = scenario("imports", subject="environment", title="The package imports")
    build = scenario(
        "build",
        title="A model built with a list loads like one built with a tuple",
        parameters=[("shape", ("tuple", "list")), ("format", (".keras", ".h5"))],
        labels=[BUG],
        issue="https://example.org/issues/20214",
    )
    life = scenario("life", title="A model trains and predicts", parameters=[("phase", tuple("abcdefg"))])
    pair = scenario("pair", subject="files", title="A file is read", parameters=[("format", (".h5",))], two=True)
    failed = {"outcome": Outcome.FAILED, "stage": "load", "error": CONFIGURED.format(6)}
    cells = [result(cell_of(imports, each.id), {}) for each in environments]
    for each in environments:
        for shape in ("tuple", "list"):
            for form in (".keras", ".h5"):
                cell = cell_of(build, each.id, shape=shape, format=form)
                bad = shape == "list" and each.id == "pkg3.4.1"
                again = failed | {"error": CONFIGURED.format(len(form))}
                cells.append(result(cell, again if bad else {}, labels=[BUG]))
    odd = {
        "a": [{"outcome": Outcome.CRASHED, "stage": "predict", "error": "SIGSEGV"}],
        "b": [{"outcome": Outcome.TIMED_OUT, "stage": "train", "reason": "over its limit of 120 s"}],
        "c": [{"outcome": Outcome.OUT_OF_MEMORY, "stage": "train", "reason": "over its limit of 8192 MiB"}],
        "d": [{"outcome": Outcome.NOT_APPLICABLE, "reason": "needs pkg>=3.5, and this environment has pkg 3.4.1"}],
        "e": [{"outcome": Outcome.UNAVAILABLE, "reason": "no wheel for Python 3.11"}],
        "f": [{"outcome": Outcome.ERROR, "reason": "the worker left no report", "conclusive": False}],
        "g": [{}, {"outcome": Outcome.FAILED, "stage": "compare", "error": "AssertionError: numbers differ"}, {}],
    }
    for phase, shown in odd.items():
        cells.append(result(cell_of(life, "pkg3.4.1", phase=phase), *shown))
        cells.append(result(cell_of(life, "pkg3.5.0", phase=phase), {}))
        cells.append(result(cell_of(life, "pkg3.6.0", phase=phase)))
    for writer in ("pkg3.4.1", "pkg3.5.0"):
        for reader in ("pkg3.4.1", "pkg3.5.0"):
            bad = (writer, reader) == ("pkg3.5.0", "pkg3.4.1")
            unreadable = {"outcome": Outcome.FAILED, "stage": "load", "error": "OSError: not a file of this version"}
            cells.append(result(cell_of(pair, reader, writer, format=".h5"), unreadable if bad else {}))
    return Results(
        scenarios=(imports, build, life, pair),
        environments=environments,
        cells=tuple(cells),
        generated=MEASURED,
        title="What works where",
        notes=("Measured on Linux.",),
    )


def test_frame_has_one_row_per_cell_and_the_documented_columns():
    frame = to_frame(sample())
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == len(sample().cells) == frame["cell"].nunique()
    assert (frame["duration_s"].dtype, frame["attempts"].dtype, frame["flaky"].dtype) == ("float64", "int64", "bool")
    row = frame.set_index("cell").loc["build[shape=list,format=.h5]@pkg3.4.1"]
    assert (row["outcome"], row["stage"], row["label"], row["family"]) == ("failed", "load", "bug", "pkg")
    assert row["parameters"] == {"shape": "list", "format": ".h5"}
    assert row["writer"] is None


def test_empty_frame_has_its_columns():
    empty = replace(sample(), cells=())
    assert tuple(to_frame(empty).columns) == COLUMNS
    assert to_frame(empty).empty


def test_outcome_counts_include_never_run():
    counts = to_frame(sample())["outcome"].value_counts()
    assert counts["never run"] == 7
    assert counts.sum() == len(sample().cells)


def test_order_of_records_does_not_depend_on_the_order_of_the_cells():
    ordered = sample()
    shuffled = replace(ordered, cells=ordered.cells[::-1])
    assert records(ordered) == records(shuffled)


def test_flaky_record_has_its_failure_though_the_newest_attempt_passed():
    record = next(each for each in records(sample()) if each.flaky)
    assert (record.outcome, record.state, record.stage) == ("passed", "flaky", "compare")
    assert (record.passes, record.verdicts) == (2, 3)
    assert record.signature is not None


def test_families_are_brought_together_in_the_order_given():
    assert [each.id for each in by_family(sample().environments)] == [
        "pkg3.4.1", "pkg3.5.0", "pkg3.6.0", "pkg3.5.0-legacy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda r: replace(r, cells=r.cells * 2), "cell given twice", id="cell"),
        pytest.param(lambda r: replace(r, scenarios=r.scenarios * 2), "scenario given twice", id="scenario"),
        pytest.param(lambda r: replace(r, environments=r.environments[1:]), "environment pkg3.4.1 is not", id="column"),
        pytest.param(lambda r: replace(r, scenarios=r.scenarios[1:]), "scenario is not among", id="unknown scenario"),
    ],
)
def test_inconsistent_results_are_rejected(change, message):
    with pytest.raises(ValueError, match=message):
        change(sample())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colour"),
        pytest.param("a\x1b]0;title\x07b", "ab", id="window title"),
        pytest.param("a\x1b]8;;https://evil\x1b\\b", "ab", id="link"),
        pytest.param("a\x9b2Jb", "ab", id="eight-bit sequence"),
        pytest.param("a\x1bP1;2q###\x1b\\b", "ab", id="device string"),
        pytest.param("a\x1b]52;c;unterminated\nb", "a\nb", id="unterminated"),
        pytest.param("a\x00\x07\x08b", "ab", id="control characters"),
        pytest.param("50%\r100%", "50%\n100%", id="carriage return"),
        pytest.param("\u202egnp.exe", "\ufffdgnp.exe", id="right-to-left override"),
        pytest.param("a\u200bb\ufeff", "a\ufffdb\ufffd", id="zero width"),
        pytest.param("a\u2028b", "a\nb", id="line separator"),
        pytest.param("\ud800", "\ufffd", id="lone surrogate"),
        pytest.param("שלום é 漢", "שלום é 漢", id="other scripts stay"),
    ],
)
def test_text_of_scripts_is_sanitized(text, shown):
    assert plain(text) == shown


def test_long_text_is_shortened_to_one_line():
    line = one_line("a\nb " + "x" * 1000, longest=20)
    assert line == "a b xxxxxxxxxxxxxxx…"
    assert len(line) == 20


def test_stable_error_is_the_same_in_every_repeat():
    first = stable_error("ValueError: <Foo object at 0x7f01> in sequential_6 of /tmp/abc/m.h5")
    second = stable_error("ValueError: <Foo object at 0x7fff> in sequential_9 of /tmp/xyz/m.h5")
    assert first == second == "ValueError: <Foo object at <address>> in sequential of <path>"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.b/<script>",
        'https://a.b/" onclick="x',
        "https://a b",
        "//a",
    ],
)
def test_addresses_that_are_not_plain_web_addresses_are_not_linked(address):
    assert web_address(address) is None


def test_plain_web_addresses_are_linked():
    assert web_address("https://example.org/issues/1?a=b#c") == "https://example.org/issues/1?a=b#c"


def test_cells_that_print_the_same_are_a_group_and_no_observation_unless_they_differ():
    texts = {"s@a": ["30"], "s@b": ["18"], "s@c": ["30", "30"], "s@d": ["1", "2"], "s@e": []}
    groups = {cell: each.group for cell, each in grouped(texts, watched=False).items()}
    assert groups == {"s@a": "A", "s@b": "B", "s@c": "A", "s@d": DIFFERS}
    assert grouped({"s@a": ["30"], "s@b": ["30"]}, watched=False) == {}
    assert {each.group for each in grouped({"s@a": ["30"], "s@b": ["30"]}, watched=True).values()} == {"A"}
