"""The files of the site: what they contain, that equal attempts give equal bytes, and that their documents are valid."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.model import Evidence
from harness.rendering.site.content import Content, file_name
from harness.rendering.site.files import files
from harness.rendering.site.published_text import failing_line, published
from harness.rendering.site.searches import read_search
from tests.schemas import validator
from tests.unit.test_rendering_formats import HOSTILE, hostile
from tests.unit.test_rendering_results import sample

TRACEBACK = 'File "/a/b/other.py", line 3, in f\n  File "/attempt/build.py", line 7, in <module>\n  File "x.py", line 9'


def site_of(results, **given):
    return dict(files(Content(results=results, **given)))


def test_equal_attempts_give_equal_bytes():
    results = sample()
    again = replace(results, generated=results.generated.replace(year=2031), cells=tuple(reversed(results.cells)))
    assert site_of(results) == site_of(again)


def test_index_has_every_cell_and_each_state():
    index = json.loads(site_of(sample())["index.json"])
    numbers = [number for case in index["cases"] for number in case["row"]]
    numbers += [number for square in index["squares"] for line in square["lines"] for number in line]
    assert len([number for number in numbers if number >= 0]) == len(sample().cells) == index["counts"]["cells"]
    assert {index["kinds"][number][0] for number in numbers if number >= 0} == {
        "passed", "failed", "crashed", "timed out", "out of memory", "not applicable", "unavailable", "error", "flaky",
        "never run",
    }  # fmt: skip


@pytest.mark.parametrize(
    "results", [sample(), hostile(HOSTILE["html"]), hostile(HOSTILE["surrogate"])], ids=["sample", "html", "surrogate"]
)
def test_documents_are_ascii_and_follow_their_schemas(results):
    for name, text in site_of(results, evidence_of=lambda attempt: Evidence(traceback=HOSTILE["escape"])).items():
        if not name.endswith(".html") and not name.startswith("page/"):
            assert text.isascii()
        if name.endswith(".json"):
            folder = name.rpartition("/")[0]
            schema = {"": "site_index", "cases": "site_case", "environments": "site_environment"}[folder]
            validator(schema).validate(json.loads(text))


def test_texts_of_the_project_are_escaped_in_the_page():
    page = site_of(hostile(HOSTILE["html"]))["index.html"]
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_page_allows_no_other_host_and_no_inline_script():
    page = site_of(sample())["index.html"]
    assert "default-src 'none'; script-src 'self' file:; style-src 'self' file:" in page
    assert "http" not in page.replace('http-equiv="Content', "")


def test_names_of_files_are_stable_unique_and_safe():
    assert file_name("tf2.16.2") == "tf2.16.2"
    odd = ["build[shape=list]", "build[shape=tuple]", "../../etc/passwd", "", ".", "ü", "a" * 300, "a/b", "\ud800"]
    names = [file_name(each) for each in odd]
    assert len({name.lower() for name in names}) == len(odd)
    assert all(name.replace("-", "").replace("_", "").isalnum() and len(name) < 90 for name in names)
    assert file_name("build[shape=list]").startswith("build-")


def test_published_text_has_no_paths_of_this_machine():
    text = 'File "/home/me/.cache/e/lib/python3.11/site-packages/pkg/a.py", line 1\nFile "/usr/lib/python3.11/ast.py"\n/root/x'
    assert published(text, longest=1000) == 'File "<packages>/pkg/a.py", line 1\nFile "<python>/ast.py"\n~/x'


def test_long_text_keeps_its_end():
    text = published("first\n" + "x" * 50 + "\nlast", longest=20)
    assert text.startswith("[")
    assert "characters left out" in text
    assert text.endswith("\nlast")


def test_failing_line_is_the_last_frame_in_the_script():
    assert failing_line(TRACEBACK, "build.py") == 7
    assert failing_line(TRACEBACK, "none.py") is None


CASE = "build[shape=list,format=.h5]"
COMMIT = {"kind": "fixed", "sha": "0123456789abcdef", "title": "Compare <b>shapes</b>", "date": "2024-08-01T00:00:00", "pull_request": 7,
          "address": "https://github.com/a/b/commit/0123456789abcdef", "certain": True}  # fmt: skip


def search(**changes):
    """Return a recorded search as its document: pkg 3.5.0 fixed the case."""
    digest = next(each.digest for each in sample().scenarios if each.name == "build")
    found = {"kind": "fixed", "last": "3.4.1", "first": "3.5.0", "cells": [], "commits": [COMMIT]}
    document = {"schema": 1, "case": CASE, "digest": digest, "package": "pkg", "environment": "pkg3.4.1", "held": None}
    return document | {"transitions": [found]} | changes


def commits_in(document):
    written = site_of(sample(), searches=(read_search(document),))
    case = json.loads(written[f"cases/{file_name(CASE)}.json"])
    validator("site_case").validate(case)
    return {each["family"]: each["commits"] for each in case["statements"] if "commits" in each}


def test_commits_of_a_recorded_search_are_with_the_transition():
    validator("search").validate(search())
    assert commits_in(search()) == {"pkg": [{"last": "3.4.1", "first": "3.5.0", **COMMIT, "main_line": None}]}


def test_commit_of_a_release_branch_has_the_one_of_the_main_line():
    same = COMMIT | {"sha": "fedcba9876543210", "address": "javascript:alert(1)"}
    bundle = {
        "kind": "fixed",
        "last": "3.4.1",
        "first": "3.5.0",
        "cells": [],
        "commits": [COMMIT | {"main_line": same}],
    }
    document = search(transitions=[bundle])
    validator("search").validate(document)
    (commit,) = commits_in(document)["pkg"]
    assert commit["main_line"] == same | {"address": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"case": "build[shape=list,format=.keras]"}, {"digest": "another text"}, {"package": "other"},
        {"environment": "pkg3.5.0-legacy"}, {"environment": "none"}, {"held": "written in pkg3.4.1"},
        {"transitions": [{"kind": "introduced", "last": "3.4.1", "first": "3.5.0", "commits": [COMMIT]}]},
        {"transitions": [{"kind": "fixed", "last": "3.3.0", "first": "3.5.0", "commits": [COMMIT]}]},
        {"transitions": [{"kind": "fixed", "last": "3.5.0", "first": "3.6.0", "commits": [COMMIT]}]},
    ],
    ids=["case", "script", "package", "family", "environment", "held", "kind", "wider", "later"],
)  # fmt: skip
def test_a_search_about_something_else_has_no_commits_there(changes):
    assert commits_in(search(**changes)) == {}


def test_a_search_within_the_transition_counts():
    narrower = {
        "kind": "fixed",
        "last": "3.4.2",
        "first": "3.4.3",
        "commits": [COMMIT | {"address": "javascript:alert(1)"}],
    }
    (commit,) = commits_in(search(transitions=[narrower]))["pkg"]
    assert (commit["last"], commit["first"], commit["address"]) == ("3.4.2", "3.4.3", None)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        search(schema=2),
        search(transitions=[{}]),
        search(transitions=[{"kind": "fixed", "last": "x", "first": "1", "commits": []}]),
    ],
    ids=["empty", "list", "null", "schema", "keys", "version"],
)
def test_what_is_no_search_is_refused(document):
    with pytest.raises(ValueError, match=r".+"):
        read_search(document)
