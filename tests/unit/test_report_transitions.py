"""Borders between versions: only what was judged, with its bounds; every one of them; told once."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from harness.model import Outcome
from harness.report.causes import Causes
from harness.report.results import Results, records
from harness.report.statements import cases_text, statements_of
from harness.report.transitions import histories
from tests.unit.test_report_results import MEASURED, cell_of, column, result, scenario

SHOWN = {
    "g": [{}],
    "b": [{"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: one"}],
    "o": [{"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: another"}],
    "c": [{"outcome": Outcome.CRASHED, "stage": "load", "error": "SIGSEGV: killed by a signal"}],
    "f": [{}, {"outcome": Outcome.FAILED, "stage": "load", "error": "ValueError: one"}],
    "t": [{"outcome": Outcome.TIMED_OUT, "stage": "load"}],
    "n": [{"outcome": Outcome.NOT_APPLICABLE, "reason": "needs more"}],
    "u": [{"outcome": Outcome.UNAVAILABLE, "reason": "no wheel"}],
    "-": [],
}
JUDGED = set("gbocf")


def results_of(*sequences, every=True):
    """Cases `case=0`, `case=1` ... each a letter a version, 1.0, 1.1 ...; `every` if no release lies between."""
    longest = max(map(len, sequences))
    columns = [
        column(f"pkg1.{place}", version=f"1.{place}", follows=f"pkg1.{place - 1}" if every and place else None)
        for place in range(longest)
    ]
    shows = scenario("shows", parameters=[("case", tuple(range(len(sequences))))])
    cells = [
        result(cell_of(shows, f"pkg1.{place}", case=case), *SHOWN[letter])
        for case, sequence in enumerate(sequences)
        for place, letter in enumerate(sequence)
    ]
    return Results(scenarios=(shows,), environments=tuple(columns), cells=tuple(cells), generated=MEASURED)


def borders(sequence):
    return [
        (each.kind, each.last.column.version, each.first.column.version)
        for history in histories(results_of(sequence))
        for each in history.transitions
    ]


def told(*sequences, **more):
    results = results_of(*sequences, **more)
    return [
        (each.subject, [line.sentence(lambda cause: f" [{cause.error}]") for line in each.lines])
        for each in statements_of(histories(results), Causes(records(results)))
    ]


@given(st.text(alphabet="".join(SHOWN), min_size=1, max_size=14))
def test_every_border_between_judged_neighbours_is_one_and_nothing_else_is(sequence):
    judged = [(place, letter) for place, letter in enumerate(sequence) if letter in JUDGED]
    expected = [
        (f"1.{before}", f"1.{after}") for (before, one), (after, other) in itertools.pairwise(judged) if one != other
    ]
    assert [(last, first) for _, last, first in borders(sequence)] == expected


def test_a_bug_that_comes_and_goes_and_comes_again():
    assert borders("ggbbggb") == [("introduced", "1.1", "1.2"), ("fixed", "1.3", "1.4"), ("introduced", "1.5", "1.6")]
    assert borders("bo") == [("changed", "1.0", "1.1")]


def test_versions_are_in_order_of_versions_and_not_of_names():
    assert borders("g" * 10 + "b" * 3) == [("introduced", "1.9", "1.10")]


def test_a_sentence_says_its_bounds():
    (only,) = told("ggbbg")
    assert only == ("case=0", ["1.2 to 1.3: fails at load [ValueError: one]. Introduced in 1.2. Fixed in 1.4."])
    (only,) = told("bbg")
    assert only == (
        "case=0",
        ["1.0 to 1.1: fails at load [ValueError: one]. 1.0 is the first that was run. Fixed in 1.2."],
    )
    (only,) = told("gf")
    assert only == (
        "case=0",
        ["1.1: is flaky at load [ValueError: one]. Introduced in 1.1. 1.1 is the last that was run."],
    )
    (only,) = told("gbo")
    assert only[1] == [
        "1.1: fails at load [ValueError: one]. Introduced in 1.1. "
        "The neighbour that was run differs: 1.2 fails at load [ValueError: another].",
        "1.2: fails at load [ValueError: another]. "
        "The neighbour that was run differs: 1.1 fails at load [ValueError: one]. 1.2 is the last that was run.",
    ]


def test_a_failure_between_two_others_names_both():
    (only,) = told("boc")
    assert only[1][1] == (
        "1.1: fails at load [ValueError: another]. The neighbours that were run differ: "
        "1.0 fails at load [ValueError: one], 1.2 crashes at load [SIGSEGV: killed by a signal]."
    )


@given(st.text(alphabet="".join(SHOWN), min_size=1, max_size=14))
def test_introduced_and_fixed_are_said_only_next_to_a_pass(sequence):
    judged = [(place, letter) for place, letter in enumerate(sequence) if letter in JUDGED]
    said = " ".join(line for _, lines in told(sequence) for line in lines)
    for (before, one), (after, other) in itertools.pairwise(judged):
        where = f"in 1.{after}." if after - before == 1 else f"after 1.{before} and not later than 1.{after} ("
        assert (f"Introduced {where}" in said) == (one == "g" != other)
        assert (f"Fixed {where}" in said) == (one != "g" == other)


def test_where_something_lies_between_nobody_claims_the_release():
    (only,) = told("gub")
    assert only[1] == [
        "1.2: fails at load [ValueError: one]. "
        "Introduced after 1.0 and not later than 1.2 (not testable: 1.1). 1.2 is the last that was run."
    ]
    (only,) = told("gb", every=False)
    assert only[1] == [
        "1.1: fails at load [ValueError: one]. "
        "Introduced after 1.0 and not later than 1.1. 1.1 is the last that was run."
    ]


def test_cases_of_which_the_same_is_true_are_told_once():
    assert [subject for subject, _ in told("gb", "gb", "bg", "gg")] == ["case=0 or 1", "case=2"]


def test_names_of_cases_are_joined_only_where_all_of_their_combinations_are_meant():
    shows = scenario("shows")
    pairs = [cell_of(shows, "e", a=a, b=b).case for a, b in (("x", 1), ("x", 2), ("y", 1))]
    assert cases_text(pairs) == "a=x,b=1; a=x,b=2; a=y,b=1"
    assert cases_text(pairs[:2]) == "a=x, b=1 or 2"
    assert cases_text([cell_of(shows, "e").case]) == ""


def test_a_two_step_case_is_told_from_both_sides():
    pair = scenario("pair", two=True)
    columns = (column("pkg1.0", version="1.0"), column("pkg1.1", version="1.1", follows="pkg1.0"))
    cells = [
        result(cell_of(pair, reader.id, writer.id), *SHOWN["b" if (writer, reader) == columns[::-1] else "g"])
        for writer in columns
        for reader in columns
    ]
    results = Results(scenarios=(pair,), environments=columns, cells=tuple(cells), generated=MEASURED)
    assert [(each.held, each.failing[0].sentence(lambda record: "")) for each in histories(results)] == [
        ("read in pkg1.0", "1.1: fails at load. Introduced in 1.1. 1.1 is the last that was run."),
        ("written in pkg1.1", "1.0: fails at load. 1.0 is the first that was run. Fixed in 1.1."),
    ]


def test_environments_of_no_family_are_no_neighbours():
    shows = scenario("shows")
    columns = tuple(column(f"python=3.11 pkg=={version}", "written out", version=None) for version in ("1.0", "1.1"))
    cells = [result(cell_of(shows, each.id), *SHOWN[letter]) for each, letter in zip(columns, "gb", strict=True)]
    results = Results(scenarios=(shows,), environments=columns, cells=tuple(cells), generated=MEASURED)
    assert histories(results) == ()
