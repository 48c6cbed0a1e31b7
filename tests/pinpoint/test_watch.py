"""What scripts print is followed like a failure: releases and packages of throw-away projects, run for real."""

import json

import pytest

from tests.pinpoint.conftest import PYTHON
from tests.pinpoint.test_blame import env, names, publish

pytestmark = pytest.mark.slow

RIGHT = "def answer():\n    return 30.0\n"
WRONG = "def answer():\n    return 18.5333\n"
RAISES = "def answer():\n    raise RuntimeError('no answer')\n"
RANDOM = "import random\ndef answer():\n    return random.random()\n"
SCRIPT = "import lib\nprint('took 3ms')\nprint('loss:', lib.answer())\n"
IN = f"python={PYTHON} lib as-of=2024-06-01"
RELEASES = {"1.0": RIGHT, "1.1": WRONG, "1.2": WRONG, "1.3": RIGHT, "1.4": RIGHT}


def transitions(document):
    return [(each["kind"], each["last"], each["first"]) for each in document["transitions"]]


def test_printed_text_of_the_named_environment_is_followed(playground):
    playground.releases("lib", RELEASES)
    script = playground.script(SCRIPT)
    plain = playground.json("pinpoint", script, "--package", "lib", "--in", IN.replace("lib", "lib==1.2"))
    assert plain["transitions"] == []
    asked = ("pinpoint", script, "--package", "lib", "--in", IN.replace("lib", "lib==1.2"), "--watch", "output")
    document = playground.json(*asked)
    runs = (document["probes"], document["runs"])
    assert runs == (0, 4), "stdout is stored: only the four sides of the transitions are run again"
    assert transitions(document) == [("changed", "1.0", "1.1"), ("changed", "1.2", "1.3")], "nobody said what is right"
    assert [each["state"] for each in document["tested"]] == ["other", "bad", "bad", "other", "other"]
    assert [each["observation"]["group"] for each in document["tested"]] == ["B", "A", "A", "B", "B"]
    assert document["tested"][1]["observation"] == {"kind": "output", "group": "A", "text": "took\nloss: 18.533"}
    assert document["tested"][1]["outcome"] == "passed"
    assert document["statements"][1] == (
        "lib 1.1 to 1.2: prints [A]. The neighbours that were run differ: 1.0 prints [B], 1.3 prints [B]."
    )
    assert document["failures"][0]["message"] == "prints: took loss: 18.533"
    text, markdown = playground.harness(*asked), playground.harness(*asked, "--markdown")
    assert "[A] prints: took loss: 18.533" in text
    assert "\\[A\\] `prints: took loss: 18.533`" in markdown
    assert "fails" not in text.partition("Searched:")[0]


def test_expected_text_makes_a_change_an_introduction_or_a_fix(playground):
    playground.releases("lib", RELEASES)
    script = playground.script(SCRIPT)
    document = playground.json(
        "pinpoint", script, "--package", "lib", "--in", IN.replace("lib", "lib==1.2"),
        "--watch", "output=^loss", "--expected-in", IN,
    )  # fmt: skip
    assert transitions(document) == [("introduced", "1.0", "1.1"), ("fixed", "1.2", "1.3")]
    assert [each["state"] for each in document["tested"]] == ["good", "bad", "bad", "good", "good"]
    assert document["tested"][0]["observation"] == {"kind": "output", "group": None, "text": "loss: 30"}
    assert document["statements"] == ["lib 1.1 to 1.2: prints [A]. Introduced in 1.1. Fixed in 1.3."]


def test_header_names_what_is_watched_and_a_failure_stays_a_failure(playground):
    playground.releases("lib", {"1.0": RIGHT, "1.1": RAISES, "1.2": WRONG})
    header = '# /// script\n# [tool.harness]\n# watch = "output=loss"\n# ///\n'
    script = playground.script(header + SCRIPT)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    assert transitions(document) == [("changed", "1.0", "1.1"), ("changed", "1.1", "1.2")]
    assert [each["outcome"] for each in document["tested"]] == ["passed", "failed", "passed"]
    assert [bool(each["observation"]) for each in document["tested"]] == [True, False, True]
    followed = playground.json("pinpoint", script, "--package", "lib", "--in", IN, "--follow", "no answer")
    assert transitions(followed) == [("introduced", "1.0", "1.1"), ("fixed", "1.1", "1.2")]


def test_repeats_that_print_different_texts_are_flaky(playground):
    playground.releases("lib", {"1.0": RIGHT, "1.1": RANDOM})
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--watch", "output"
    )
    assert document["tested"][1]["state"] == "flaky"
    assert document["tested"][1]["reason"] == "flaky: repeats print different texts"
    assert document["transitions"][0]["commit"] is None


def test_what_cannot_be_watched_is_refused(playground):
    playground.releases("lib", {"1.0": RIGHT})
    script = playground.script(SCRIPT)
    asked = ("pinpoint", script, "--package", "lib", "--in", IN)
    playground.harness(*asked, "--watch", "sound", status=2)
    assert "'sound' cannot be watched: write output[=REGEX], warning[=REGEX], time[=STAGE] or hang" in playground.said
    playground.harness(*asked, "--watch", "output=(", status=2)
    assert "missing )" in playground.said
    playground.harness(*asked, "--expected-in", IN, status=2)
    assert "Take it with --watch output" in playground.said
    playground.harness(*asked, "--watch", "hang", "--expected-in", IN, status=2)
    assert "a script that ends is expected" in playground.said
    playground.harness(*asked, "--watch", "time", "--factor", "1", status=2)
    assert "is not a number above 1" in playground.said
    playground.harness(*asked, "--watch", "output", "--follow", "x", status=2)
    assert "not allowed with argument" in playground.said


def test_package_that_makes_an_environment_print_something_else(playground):
    publish(playground, "two.version < '1.2'", versions=("1.0", "1.1", "1.2", "2.0"))
    script = playground.script("import lib\nprint('the answer is', lib.answer())\n")
    asked = ("blame", script, "--good", env("1.0"), "--bad", env("2.0"))
    playground.harness(*asked, status=1)
    assert "--watch output" in playground.said
    document = playground.json(*asked, "--watch", "output")
    assert names(document) == ["two"]
    assert document["packages"][0]["first_bad"] == "1.2"
    assert document["packages"][0]["without"] == "good"
    assert document["proven"]
    assert document["failure"] == "prints: the answer is 41"
    assert document["statements"][0] == (
        f"Of 4 differences, two alone makes {env('1.0')} print the same as {env('2.0')}."
    )
    assert "output changed in 1.2" in document["statements"][1]
    playground.harness("blame", script, "--good", env("1.0"), "--bad", env("1.1"), "--watch", "output", status=1)
    assert "prints the same there" in playground.said


def observations(document):
    return {each["environment"]: each["observation"] for each in document["cells"]}


def test_script_that_passes_everywhere_and_prints_different_texts_is_a_difference(playground):
    playground.releases("lib", RELEASES)
    environments = [f"python={PYTHON} lib=={version} as-of=2024-06-01" for version in ("1.0", "1.1", "1.4")]
    options = [part for each in environments for part in ("--environments", each)]
    script = playground.script(SCRIPT)
    document = playground.json("run", script, *options)
    assert observations(document) == {
        environments[0]: {"kind": "output", "group": "A", "text": "took\nloss: 30"},
        environments[1]: {"kind": "output", "group": "B", "text": "took\nloss: 18.533"},
        environments[2]: {"kind": "output", "group": "A", "text": "took\nloss: 30"},
    }
    assert {each["outcome"] for each in document["cells"]} == {"passed"}
    text = " ".join(playground.harness("table", script, *options).split())
    assert "prints different texts where it passes. This is a difference, not a verdict." in text
    assert f"A: loss: 30 ({environments[0]}, {environments[2]})" in text
    assert f"B: loss: 18.533 ({environments[1]})" in text
    same = playground.harness("table", script, *options, "--watch", "output=took", "--format", "json")
    assert [each["observation"]["group"] for each in json.loads(same)["cells"]] == ["A"] * 3
    alike = playground.json("run", script, *options[2:4], *options[2:4])
    assert set(map(str, observations(alike).values())) == {"None"}
