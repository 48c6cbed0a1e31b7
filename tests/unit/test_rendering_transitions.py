"""Borders between versions: only what was judged, with its bounds; every one of them; told once."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.model import Outcome
from harness.model.durations import Measured
from harness.model.watch import DIFFERS, Observed, WatchKind
from harness.rendering.causes import Causes
from harness.rendering.observed import grouped, grouped_by_time, section
from harness.rendering.results import Results, records
from harness.rendering.statements import cases_text, statements_of
from harness.rendering.transitions import histories
from tests.unit.test_rendering_results import MEASURED, cell_of, column, result, scenario

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
    columns = tuple(column(f"python=3.11 pkg=={version}", "inline", version=None) for version in ("1.0", "1.1"))
    cells = [result(cell_of(shows, each.id), *SHOWN[letter]) for each, letter in zip(columns, "gb", strict=True)]
    results = Results(scenarios=(shows,), environments=columns, cells=tuple(cells), generated=MEASURED)
    assert histories(results) == ()


def observed(sequence, kind=WatchKind.OUTPUT, **texts):
    """A case whose passing cells show these texts, by version: `v0="30"`."""
    results = results_of(sequence)
    shown = {f"shows[case=0]@pkg1.{name[1:]}": [text] for name, text in texts.items()}
    found = grouped(shown, watched=True, kind=kind)
    return replace(results, observed={cell: (each,) for cell, each in found.items()})


def observed_borders(results):
    return [
        (each.kind, each.observed, each.last.column.version, each.first.column.version)
        for history in histories(results)
        for each in history.transitions
    ]


def sentences(results):
    return [line.sentence(lambda _: "") for each in statements_of(histories(results), Causes(records(results)))
            for line in each.lines]  # fmt: skip


def test_printed_texts_that_differ_are_changes():
    results = observed("ggg", v0="x\n30", v1="x\n18", v2="x\n18")
    assert observed_borders(results) == [("changed", "output", "1.0", "1.1")]
    assert sentences(results) == [
        "1.0: prints: 30 [A]. 1.0 is the first that was run. The neighbour that was run differs: 1.1 prints: 18 [B].",
        "1.1 to 1.2: prints: 18 [B]. The neighbour that was run differs: 1.0 prints: 30 [A]. 1.2 is the last that was "
        "run.",
    ]
    assert observed_borders(observed("ggg", v0="30", v1="30", v2="30")) == []


def test_warnings_come_and_go():
    results = observed("gggg", WatchKind.WARNING, v0="", v1="old", v2="old", v3="")
    assert observed_borders(results) == [
        ("introduced", "warning", "1.0", "1.1"), ("fixed", "warning", "1.2", "1.3")
    ]  # fmt: skip
    assert sentences(results) == ["1.1 to 1.2: warns: old [B]. Introduced in 1.1. Fixed in 1.3."]


def test_a_failure_next_to_an_observed_pass_is_introduced():
    assert observed_borders(observed("gb", v0="30")) == [("introduced", None, "1.0", "1.1")]
    assert observed_borders(observed("gbg", v0="30", v2="30")) == [
        ("introduced", None, "1.0", "1.1"), ("fixed", None, "1.1", "1.2")
    ]  # fmt: skip


def test_a_pass_that_was_not_observed_is_not_compared():
    assert observed_borders(observed("ggg", v0="30", v2="18")) == [("changed", "output", "1.0", "1.2")]


def test_time_outs_count_where_they_are_watched():
    assert borders("gt") == []
    results = observed("gtg", WatchKind.HANG, v0="ends", v1="does not end", v2="ends")
    assert observed_borders(results) == [("introduced", None, "1.0", "1.1"), ("fixed", None, "1.1", "1.2")]
    assert "1.1: reaches its time limit at load." in sentences(results)[0]


def test_repeats_that_show_different_texts_are_said():
    results = replace(
        observed("gg", v0="30"),
        observed={
            "shows[case=0]@pkg1.0": (Observed(kind="output", group="A", text="30", short="30"),),
            "shows[case=0]@pkg1.1": (Observed(kind="output", group=DIFFERS, text="31", short="31"),),
        },
    )
    assert observed_borders(results) == [("changed", "output", "1.0", "1.1")]
    assert "1.1: repeats print different texts." in sentences(results)[1]


def test_section_has_what_only_a_group_shows():
    text = section(observed("ggg", WatchKind.WARNING, v0="", v1="old\nx", v2="old\ny"), width=100)
    assert text.splitlines() == [
        "shows[case=0]: shows different warnings where it passes. This is a difference, not a verdict.",
        "  A: no warning (pkg1.0)",
        "  B: old | x (pkg1.1)",
        "  C: old | y (pkg1.2)",
    ]


def test_groups_by_time_begin_with_the_fastest():
    found = grouped_by_time(
        {
            "s@a": Measured(seconds=(4.0, 4.2, 4.1)),
            "s@b": Measured(seconds=(1.0, 1.1, 1.2)),
            "s@c": Measured(seconds=(1.5, 1.6, 1.7)),
            "s@d": Measured(seconds=(1.0, 3.0, 9.0)),
        },
        2,
    )
    assert {cell: each.group for cell, each in found.items()} == {"s@a": "B", "s@b": "A", "s@c": "A", "s@d": DIFFERS}
    assert found["s@a"].text == "4.1 s (median of 3)"
    assert found["s@d"].text == "3.0 s (median of 3), 1.0 s to 9.0 s"
