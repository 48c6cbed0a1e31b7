"""Warnings, time-outs and durations are followed like failures: releases of throw-away projects, run for real."""

import pytest

from tests.pinpoint.test_blame import env, names, publish
from tests.pinpoint.test_watch import IN, observations, transitions

pytestmark = pytest.mark.slow

SCRIPT = "# %% use\nimport lib\nlib.use()\n"
QUIET = "def use():\n    pass\n"
# What an import warns of, a fork does not show.
WARNS = (
    "import sys, warnings\nwarnings.warn('the old way, %d' % 1)\n"
    "def use():\n    sys.stderr.write('2024-01-01 10:00:00.1: I lib/core.cc:12] built\\nwith flags\\n')\n"
)
LOGS = "import logging\ndef use():\n    logging.warning('at 0x%x', id(use))\n"
SLEEPS = "import time\ndef use():\n    time.sleep(4)\n"
WAITS = "import time\ndef use():\n    time.sleep(1000)\n"
RAISES = "def use():\n    raise RuntimeError('no use')\n"


def at(version):
    return IN.replace("lib", f"lib=={version}")


def inline(*versions):
    return [part for each in versions for part in ("--environments", at(each))]


def test_warnings_are_followed_and_none_is_expected(playground):
    playground.releases("lib", {"1.0": QUIET, "1.1": WARNS, "1.2": WARNS, "1.3": LOGS, "1.4": QUIET})
    script = playground.script(SCRIPT)
    document = playground.json("pinpoint", script, "--package", "lib", "--in", at("1.2"), "--watch", "warning")
    assert transitions(document) == [("introduced", "1.0", "1.1"), ("changed", "1.2", "1.3"), ("fixed", "1.3", "1.4")]
    assert [each["state"] for each in document["tested"]] == ["good", "bad", "bad", "other", "good"]
    warned = {"kind": "warning", "group": "A", "text": "UserWarning: the old way, 1"}
    assert document["tested"][2]["observation"] == warned, "also from an import; no log lines below warnings"
    assert document["tested"][3]["observation"]["text"] == "WARNING:root:at <address>"
    assert document["statements"][0].startswith("lib 1.1 to 1.2: warns with [A]. Introduced in 1.1.")
    followed = playground.json("pinpoint", script, "--package", "lib", "--in", at("1.2"), "--watch", "warning=built")
    assert transitions(followed) == [("introduced", "1.0", "1.1"), ("fixed", "1.2", "1.3")], "any level, if named"


def test_table_says_that_scripts_warn_differently(playground):
    playground.releases("lib", {"1.0": QUIET, "1.1": WARNS, "1.3": LOGS})
    script = playground.script(SCRIPT.replace("# %% use", "import os"))
    document = playground.json("run", script, *inline("1.0", "1.3"))
    assert observations(document)[at("1.0")] == {"kind": "warning", "group": "A", "text": ""}
    assert observations(document)[at("1.3")]["text"] == "WARNING:root:at <address>"
    text = " ".join(playground.harness("table", script, *inline("1.0", "1.3")).split())
    assert "shows different warnings where it passes. This is a difference, not a verdict." in text
    assert f"A: no warning ({at('1.0')})" in text
    assert f"B: WARNING:root:at <address> ({at('1.3')})" in text
    watched = playground.json("run", script, *inline("1.0", "1.1"), "--watch", "warning")
    assert observations(watched)[at("1.1")] == {
        "kind": "warning", "group": "B", "text": "UserWarning: the old way, 1"
    }  # fmt: skip
    assert {each["isolation"] for each in watched["cells"]} == {"process"}
    assert "Nothing to run" not in playground.said
    playground.json("run", script, *inline("1.0", "1.1"), "--watch", "warning")
    assert "Nothing to run" in playground.said
    shown = playground.json("show", f"{script}@{at('1.1')}", "--watch", "warning=built")
    assert shown["observation"] == {"kind": "warning", "group": None, "text": "I core.cc: built"}
    assert "   warning  UserWarning: the old way, 1" in playground.harness(
        "show", f"{script}@{at('1.1')}", "--watch", "warning"
    )


def test_package_whose_warning_it_is(playground):
    publish(playground, "two.version < '1.2'", versions=("1.0", "1.1", "1.2", "2.0"))
    script = playground.script("import warnings, lib\nif lib.answer() != 42:\n    warnings.warn('wrong')\n")
    document = playground.json("blame", script, "--good", env("1.0"), "--bad", env("2.0"), "--watch", "warning")
    assert names(document) == ["two"]
    assert document["packages"][0]["first_bad"] == "1.2"
    assert document["failure"] == "warns: UserWarning: wrong"


def test_time_outs_are_followed_and_other_failures_are_others(playground):
    playground.releases("lib", {"1.0": QUIET, "1.1": WAITS, "1.2": RAISES, "1.3": QUIET})
    script = playground.script(SCRIPT)
    asked = ("pinpoint", script, "--package", "lib", "--in", at("1.1"), "--timeout", "12")
    plain = playground.json(*asked)
    assert [each["state"] for each in plain["tested"]] == ["good", "untestable", "bad", "good"]
    document = playground.json(*asked, "--watch", "hang")
    assert [each["state"] for each in document["tested"]] == ["good", "bad", "other", "good"]
    assert transitions(document) == [("introduced", "1.0", "1.1"), ("changed", "1.1", "1.2"), ("fixed", "1.2", "1.3")]
    assert document["failures"][0]["message"] == "use: Timeout: over 12 s"
    assert document["failures"][0]["followed"]
    table = playground.json("run", script, *inline("1.0", "1.1", "1.2"), "--timeout", "12", "--watch", "hang")
    assert observations(table) == {
        at("1.0"): {"kind": "hang", "group": "A", "text": "ends"},
        at("1.1"): {"kind": "hang", "group": "B", "text": "does not end within its time limit (stage use)"},
        at("1.2"): None,
    }


def test_durations_are_followed_within_one_session(playground):
    playground.releases("lib", {"1.0": QUIET, "1.1": SLEEPS, "1.2": SLEEPS, "1.3": QUIET})
    # The import is not timed: on a busy machine, one takes as long as the release sleeps.
    script = playground.script("# %% define\nimport lib\n# %% use\nlib.use()\n")
    timed = ("--watch", "time=use", "--factor", "3")
    document = playground.json("pinpoint", script, "--package", "lib", "--in", at("1.2"), *timed, "--versions",
                               "1.1..1.3")  # fmt: skip
    assert transitions(document) == [("changed", "1.2", "1.3")], "nobody said how long is right"
    assert [each["observation"]["group"] for each in document["tested"]] == ["A", "A", "B"]
    assert document["tested"][0]["observation"]["kind"] == "time"
    assert "(median of " in document["tested"][0]["observation"]["text"]
    assert document["statements"][0].startswith("lib 1.1 to 1.2: takes [A].")
    expected = playground.json(
        "pinpoint", script, "--package", "lib", "--in", at("1.1"), *timed, "--expected-in", at("1.3"),
        "--versions", "1.0..1.1",
    )  # fmt: skip
    assert transitions(expected) == [("introduced", "1.0", "1.1")]
    asked = ("run", script, *inline("1.0", "1.1"), *timed)
    shown = playground.json(*asked)
    assert {place: each["group"] for place, each in observations(shown).items()} == {at("1.0"): "A", at("1.1"): "B"}
    playground.json(*asked)
    assert "Nothing to run" in playground.said, "they were measured in one session"
    text = " ".join(playground.harness("table", script, *inline("1.0", "1.1"), *timed).split())
    assert "takes different times where it passes. This is a difference, not a verdict." in text
    assert "A group is at least 3 times slower than the one before." in text
    more = playground.json("table", script, *inline("1.0", "1.2"), "--watch", "time")
    assert [bool(each["observation"]) for each in more["cells"]] == [True, False], "1.2 was measured in another session"
