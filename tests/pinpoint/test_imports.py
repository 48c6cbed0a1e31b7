"""A search for the release in which a package ceased to import."""

import pytest

from tests.pinpoint.conftest import PYTHON

pytestmark = pytest.mark.slow

GOOD = "def answer():\n    return 42\n"
GONE = "raise OSError('cannot be imported')\n"
OTHER = "raise KeyError('for another reason')\n"
IN = f"python={PYTHON} lib==1.3 as-of=2024-06-01"


def test_the_release_that_does_not_import_as_reported_shows_the_failure(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": GOOD, "1.2": GONE, "1.3": GONE, "1.4": OTHER, "1.5": GOOD})
    script = playground.script("import lib\nassert lib.answer() == 42\n")
    document = playground.json("pinpoint", script, "--package", "lib", "--in", IN)
    changes = [(each["kind"], each["last"], each["first"], each["untestable"]) for each in document["transitions"]]
    assert changes == [("introduced", "1.1", "1.2", []), ("fixed", "1.3", "1.5", ["1.4"])]
    assert {each["version"]: each["state"] for each in document["tested"]}["1.4"] == "untestable"
    assert any("does not import in 1.2, 1.3: with the followed failure" in each for each in document["notes"]), (
        document["notes"]
    )


def test_a_script_that_fails_later_is_not_about_the_import(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": GONE, "1.2": "def answer():\n    return 41\n", "1.3": GOOD})
    script = playground.script("import lib\nassert lib.answer() == 42\n")
    inside = IN.replace("lib==1.3", "lib==1.2")
    document = playground.json("pinpoint", script, "--package", "lib", "--in", inside)
    assert {each["version"]: each["state"] for each in document["tested"]} == {
        "1.0": "good", "1.1": "untestable", "1.2": "bad", "1.3": "good"
    }  # fmt: skip
