"""Badges: what they say, that they are valid SVG, and the Markdown and HTML that embed them."""

from __future__ import annotations

import html.parser
import xml.etree.ElementTree as ET

import pytest

from harness.model.site import SiteText
from harness.rendering import badge
from harness.rendering.badge import COLOURS, Part
from harness.rendering.site import snippet
from harness.rendering.site.badges import case_badge, cell_badge, environment_badge
from harness.rendering.site.content import Content
from harness.rendering.site.files import files
from tests.unit.test_rendering_formats import HOSTILE, hostile
from tests.unit.test_rendering_results import sample

SVG = "{http://www.w3.org/2000/svg}"
ADDRESS = "https://example.org/site/"
TEXT = SiteText(names={"pkg": "Package"})


def content_of(results):
    return Content(results=results, text=TEXT)


def of_case(content, name):
    return case_badge(content, [record for record in content.records if str(record.case) == name])


def of_environment(content, id):
    column = next(each for each in content.columns if each.id == id)
    return environment_badge(content, column, [each for each in content.records if each.environment.id == id])


def of_cell(content, id):
    return cell_badge(content, next(each for each in content.records if each.cell == id))


def texts(svg):
    return [each.text for each in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("build[shape=list,format=.h5]", ["Package 3.6 ✓ works"], id="the newest"),
        pytest.param("life[phase=a]", ["Package 3.5 ✓ works"], id="the newest was never run"),
        pytest.param("pair[format=.h5]", ["✓ 3 passed", "✗ 1 failed"], id="two steps"),
    ],
)
def test_case_has_the_newest_status_that_is_known(name, said):
    shown = of_case(content_of(sample()), name)
    assert shown.text == f"{name}: {', '.join(said)}"
    assert texts(shown.svg()) == [name, *said]


def test_environment_counts_what_passes_and_fails():
    assert of_environment(content_of(sample()), "pkg3.4.1").text == "Package 3.4.1: ✓ 4 passed, ✗ 6 failed, ≈ 1 flaky"
    assert of_environment(content_of(sample()), "pkg3.5.0-legacy").text.startswith("Package 3.5.0 (legacy): ")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("build[shape=list,format=.h5]@pkg3.4.1", "✗ cannot be loaded"),
        ("life[phase=a]@pkg3.4.1", "‼ crashes at predict"),
        ("life[phase=d]@pkg3.4.1", "– not applicable"),
        ("life[phase=g]@pkg3.4.1", "≈ flaky: 2/3 repeats passed"),
        ("life[phase=a]@pkg3.6.0", "? never run"),
    ],
)
def test_cell_says_what_it_shows(cell, text):
    assert of_cell(content_of(sample()), cell).text == f"{cell.partition('@')[0]} in Package {cell[-5:]}: {text}"


def test_cell_of_two_steps_names_both_versions():
    shown = of_cell(content_of(sample()), "pair[format=.h5]@pkg3.5.0 -> pkg3.4.1")
    assert shown.text == "pair[format=.h5] in Package 3.4.1, written in Package 3.5.0: ✗ cannot be loaded"


def test_site_has_a_badge_of_each_case_and_environment_under_stable_names():
    written = dict(files(content_of(sample())))
    pictures = {name for name in written if name.endswith(".svg")}
    assert pictures == {
        name.replace(".json", ".svg")
        for name in written
        if name.startswith(("cases/", "environments/")) and name.endswith(".json")
    }
    shown = of_case(content_of(sample()), "build[shape=list,format=.h5]")
    assert written[shown.file] == shown.svg()


def test_boxes_are_as_wide_as_the_picture_and_do_not_overlap():
    root = ET.fromstring(
        badge.render("label", [Part(text="✓ one", style="pass"), Part(text="two", style="none")], title="t")
    )
    boxes = [(int(each.get("x")), int(each.get("width"))) for each in root.findall(f"{SVG}g/{SVG}rect")]
    assert [x + width + 1 for x, width in boxes[:-1]] == [x for x, _ in boxes[1:]]
    assert sum(boxes[-1]) == int(root.get("width"))


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_white_text_can_be_read_on_each_colour(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, sorted(name for name, _ in attributes)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(text):
    content, harmless = content_of(hostile(text)), content_of(hostile("harmless"))

    def all_of(each):
        return [case_badge(each, each.records), environment_badge(each, each.columns[0], each.records[:1]),
                cell_badge(each, each.records[0])]  # fmt: skip

    for shown, usual in zip(all_of(content), all_of(harmless), strict=True):
        assert [each.tag for each in ET.fromstring(shown.svg()).iter()] == [
            each.tag for each in ET.fromstring(usual.svg()).iter()
        ]
        assert Tags(snippet.as_html(shown, ADDRESS)).found == Tags(snippet.as_html(usual, ADDRESS)).found
        line = snippet.as_markdown(shown, ADDRESS)
        assert line.count("\n") == 1
        assert line.count("](http") == snippet.as_markdown(usual, ADDRESS).count("](http")
        assert set(Tags(line).found) == set()


def test_snippets_link_to_the_view():
    shown = of_case(content_of(sample()), "imports")
    picture = "https://example.org/site/cases/imports.svg"
    for address in (ADDRESS, "https://example.org/site", "https://example.org/site/index.html#/table?find=x"):
        assert (
            snippet.as_markdown(shown, address)
            == f"[![imports: Package 3.6 ✓ works]({picture})]({ADDRESS}#/case/imports)\n"
        )
        assert snippet.as_html(shown, address) == (
            f'<a href="{ADDRESS}#/case/imports"><img src="{picture}" alt="imports: Package 3.6 ✓ works"></a>\n'
        )


def test_a_cell_is_a_link_without_a_picture():
    shown = of_cell(content_of(sample()), "build[shape=list,format=.h5]@pkg3.4.1")
    line = snippet.as_markdown(shown, ADDRESS)
    assert line.startswith("[build\\[shape=list,format=.h5\\] in Package 3.4.1: ✗ cannot be loaded](")
    assert line.endswith("#/cell/build%5Bshape=list,format=.h5%5D@pkg3.4.1)\n")
