"""The files of the site: what they contain, that equal attempts give equal bytes, and that their documents are valid."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.model import Evidence
from harness.report.site.content import Content, file_name
from harness.report.site.files import files
from harness.report.site.published_text import failing_line, published
from tests.schemas import validator
from tests.unit.test_report_formats import HOSTILE, hostile
from tests.unit.test_report_results import sample

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
