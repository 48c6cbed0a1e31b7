"""The picture of the matrix: every cell is drawn once, in its place; texts stay texts."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace

import pytest

from harness.model import Outcome
from harness.rendering import picture
from harness.rendering.site.marks import MARKS
from tests.unit.test_rendering_formats import HOSTILE, hostile
from tests.unit.test_rendering_results import cell_of, column, only, result, sample, scenario

SVG = "{http://www.w3.org/2000/svg}"
RUN = re.compile(r"M(\d+) (\d+)H(\d+)v(\d+)H\1z")
FAILED = {"outcome": Outcome.FAILED, "stage": "load", "error": "E: no"}


def runs(text):
    """Return the rectangles of cells by their fill: left, top, right, height."""
    found = {}
    for path in ET.fromstring(text).findall(f"{SVG}path[@fill]"):
        rectangles = [tuple(map(int, each)) for each in RUN.findall(path.get("d"))]
        assert len(rectangles) == path.get("d").count("M")
        found.setdefault(path.get("fill"), []).extend(rectangles)
    return found


def texts(text):
    return [each.text for each in ET.fromstring(text).iter(f"{SVG}text")]


def test_every_cell_is_drawn_once():
    results = sample()
    drawn = Counter()
    for fill, rectangles in runs(picture.render(results)).items():
        drawn[fill] += sum((right - left) // 12 for left, _, right, _ in rectangles)
    expected = Counter()
    for record in results.records:
        style = MARKS[record.state].style
        expected[picture._FILLS[style]] += 1
    assert drawn == expected


def test_neighbours_with_one_state_are_one_shape_and_families_stay_apart():
    one = scenario("one")
    columns = [*(column(f"a{n}", "a", f"{n}.0") for n in range(4)), column("b0", "b", "1.0")]
    cells = [result(cell_of(one, each.id), FAILED if each.id == "a2" else {}) for each in columns]
    results = replace(only(one, *cells, environments=tuple(each.id for each in columns)), environments=tuple(columns))
    drawn = runs(picture.render(results))
    assert [(right - left) // 12 for left, _, right, _ in drawn["#bfe3cf"]] == [2, 1, 1]
    (failed,) = drawn["#b3261e"]
    assert failed[0] == drawn["#bfe3cf"][0][2]
    assert drawn["#bfe3cf"][2][0] > drawn["#bfe3cf"][1][2]


def test_it_names_scenarios_families_versions_and_states():
    found = texts(picture.render(sample()))
    for name in (
        "imports",
        "build",
        "life",
        "pkg",
        "legacy",
        "3.4.1",
        "3.6.0",
        "passed",
        "failed",
        "timed out",
        "flaky",
    ):
        assert name in found
    assert "pair[format=.h5]: a row wrote the file, a column read it" in found
    assert "not asked for" not in found


def test_only_rows_that_differ_can_be_drawn():
    assert "imports" not in texts(picture.render(sample(), only_differing=True))


def test_nothing_selected_is_an_empty_picture():
    assert ET.fromstring(picture.render(replace(sample(), cells=()))).tag == f"{SVG}svg"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(text):
    def tags(results):
        return [each.tag for each in ET.fromstring(picture.render(results)).iter()]

    assert tags(hostile(text)) == tags(hostile("harmless"))
    assert picture.render(hostile(text)).isascii()
