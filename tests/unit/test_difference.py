"""The comparison of two published results."""

import json

import pytest

from harness.errors import UsageError
from harness.rendering.difference import changes, lines_of, read_results


def cell(id, outcome, stage=None, signature=None):
    return {"cell": id, "outcome": outcome, "stage": stage, "signature": signature}


def document(*cells):
    return {"schema": 1, "cells": list(cells)}


def test_each_kind_of_change_is_reported():
    old = document(
        cell("a@1", "failed", "load", "s1"), cell("b@1", "passed"), cell("c@1", "failed", "load", "s1"),
        cell("d@1", "passed"), cell("same@1", "failed", "load", "s1"),
    )  # fmt: skip
    new = document(
        cell("a@1", "passed"), cell("b@1", "crashed", "load", "s2"), cell("c@1", "failed", "load", "s2"),
        cell("e@1", "passed"), cell("same@1", "failed", "load", "s1"),
    )  # fmt: skip
    assert [(each.cell, each.kind) for each in changes(old, new)] == [
        ("a@1", "fixed"),
        ("b@1", "broken"),
        ("c@1", "changed"),
        ("d@1", "removed"),
        ("e@1", "added"),
    ]


def test_change_is_formatted_as_one_line():
    (change,) = changes(document(cell("a@1", "passed")), document(cell("a@1", "failed", "load", "s")))
    assert str(change) == "broken   a@1: passed -> failed at load"


def test_environments_that_change_alike_share_a_line():
    old = document(*(cell(f"a[x=1]@{number}", "failed", "load", "s1") for number in range(11)), cell("b@1", "passed"))
    new = document(*(cell(f"a[x=1]@{number}", "failed", "load", "s2") for number in range(10)), cell("b@1", "passed"))
    assert lines_of(changes(old, new)) == [
        "changed  a[x=1]: failed at load, with the same message, in 10 environments: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more",
        "removed  a[x=1]@10: failed at load -> missing",
    ]


def test_failure_that_only_has_another_message_says_so():
    one, other = ({**cell("a@1", "failed", "load", each), "error": f"ValueError: {each}"} for each in ("s1", "s2"))
    assert lines_of(changes(document(one), document(other))) == ["changed  a@1: failed at load, with another message"]


def test_text_of_a_file_is_sanitized():
    """A results.json is untrusted, and its stages are text of scripts."""
    escapes = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;aGk=\x07\r\u202e\x9b2J\nfixed    other@1: failed -> passed"
    old = document(cell(f"a{escapes}", f"failed{escapes}", f"load{escapes}"), cell("b@1", "passed"))
    new = document(cell(f"a{escapes}", "passed"), cell("b@1", "failed", escapes), cell(f"c{escapes}", escapes))
    for line in [*map(str, changes(old, new)), *lines_of(changes(old, new))]:
        assert "owned" not in line
        assert line.isprintable(), "no control characters, line ends or bidirectional marks"


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2, "cells": []}', '{"schema": 1}', "{"])
def test_invalid_results_are_rejected(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"results\.json"):
        read_results(tmp_path)


def test_folder_or_file_is_read(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(document()))
    assert read_results(tmp_path) == read_results(tmp_path / "results.json")
    with pytest.raises(UsageError, match="file not found"):
        read_results(tmp_path / "other.json")
