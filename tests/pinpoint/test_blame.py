"""Who is to blame, among throw-away packages."""

import pytest

from tests.pinpoint.conftest import PYTHON

pytestmark = pytest.mark.slow

SCRIPT = "import lib\nassert lib.answer() == 42, 'wrong answer'\n"
LIB = "import one, two\n\ndef answer():\n    return 42 if {rule} else 41\n"


def publish(playground, rule, *, versions=("1.0", "2.0"), **requires):
    """Publish `app`, which needs the rest; `lib` computes by a rule over the versions of `one` and `two`."""
    index = playground.index
    names = ["one", "two", "three", "four"]
    for day, version in enumerate(versions, start=1):
        for name in names:
            index.add(
                name,
                version,
                f"2024-01-{day:02d}",
                f"version = {version!r}\n",
                requires=requires.get(name, {}).get(version, []),
            )
    index.add("lib", "1.0", "2024-01-01", LIB.format(rule=rule), requires=names)


def env(version, *more):
    pins = [f"{name}=={version}" for name in ("one", "two", "three", "four")]
    return " ".join([f"python={PYTHON}", "lib", *pins, "as-of=2024-06-01", *more])


def blame(playground, good, bad, *more):
    return playground.json("blame", playground.script(SCRIPT), "--good", good, "--bad", bad, *more)


def test_each_run_is_listed_with_its_cell(playground):
    publish(playground, "two.version < '2'")
    asked = ("blame", playground.script(SCRIPT), "--good", env("1.0"), "--bad", env("2.0"))
    cells = [each["cell"] for each in playground.json(*asked)["tested"]]
    assert f"shows_it@{env('2.0')}" in cells
    assert len(cells) == len(set(cells)) > 2
    text, markdown = playground.harness(*asked), playground.harness(*asked, "--markdown")
    for cell in cells:
        assert f"    {cell}\n" in text
        assert f"| `{cell}` |" in markdown
    assert "wrong answer" in playground.harness("show", f"shows_it@{env('2.0')}")


def names(document):
    return [each["name"] for each in document["packages"]]


def test_one_guilty_package_and_its_first_bad_release(playground):
    versions = ("1.0", "1.1", "1.2", "1.3", "2.0")
    publish(playground, "two.version < '1.2'", versions=versions)
    document = blame(playground, env("1.0"), env("2.0"))
    (only,) = document["packages"]
    assert (only["name"], only["good"], only["bad"]) == ("two", "1.0", "2.0")
    assert (only["last_good"], only["first_bad"]) == ("1.1", "1.2")
    assert document["proven"] and not document["forced"]
    assert set(document["differing"]) == {"one", "two", "three", "four"}
    again = blame(playground, env("1.0"), env("2.0"))
    assert again["packages"] == document["packages"]
    assert again["runs"] == 0


def test_the_release_that_broke_it_is_told_from_the_one_that_changed_the_error(playground):
    versions = ("1.0", "1.1", "1.2", "1.3", "2.0")
    publish(playground, "two.version < '1.1' or (two.version < '1.3' and [][0])", versions=versions)
    document = blame(playground, env("1.0"), env("2.0"))
    (only,) = document["packages"]
    assert (only["last_good"], only["first_bad"]) == ("1.0", "1.1")
    assert [(each["kind"], each["first"]) for each in only["steps"]] == [("introduced", "1.1"), ("changed", "1.3")]
    assert any("introduced in 1.1 (" in each and "error changed in 1.3." in each for each in document["statements"])


def test_two_that_only_together_are_guilty(playground):
    publish(playground, "one.version < '2' or two.version < '2'")
    document = blame(playground, env("1.0"), env("2.0"))
    assert names(document) == ["one", "two"]
    assert document["proven"]
    assert {each["without"] for each in document["packages"]} == {"good"}


def test_a_conflict_is_untestable_and_blames_nobody(playground):
    """`three` 2.0 and `four` 2.0 only go together, and neither has anything to do with it."""
    asks = {"three": {"2.0": ["four==2.0"]}, "four": {"2.0": ["three==2.0"]}}
    publish(playground, "one.version < '2'", **asks)
    document = blame(playground, env("1.0"), env("2.0"))
    assert names(document) == ["one"]


def test_which_of_two_that_go_together_it_is(playground):
    asks = {"one": {"2.0": ["two==2.0"]}, "two": {"2.0": ["one==2.0"]}}
    publish(playground, "two.version < '2'", **asks)
    document = blame(playground, env("1.0"), env("2.0"))
    assert names(document) == ["two"]
    assert document["forced"] and document["proven"]
    # What the metadata shows is refused needs no environment.
    reasons = {each["environment"]: each["reason"] for each in document["untestable"]}
    assert "pip refuses it: two 2.0 requires one==2.0, not 1.0" in reasons.values()
    assert not any("no compatible versions" in each for each in reasons.values())


def test_a_variable_is_a_member_too(playground):
    playground.index.add(
        "lib", "1.0", "2024-01-01", "import os\n\ndef answer():\n    return int(os.environ['ANSWER'])\n"
    )
    playground.index.add(
        "lib", "1.1", "2024-01-01", "import os\n\ndef answer():\n    return int(os.environ['ANSWER'])\n"
    )
    where = f"python={PYTHON} as-of=2024-06-01"
    document = blame(playground, f"{where} lib==1.0 ANSWER=42", f"{where} lib==1.1 ANSWER=41")
    (only,) = document["packages"]
    assert (only["name"], only["kind"], only["good"], only["bad"]) == ("ANSWER", "variable", "42", "41")
    assert only["first_bad"] == "41"


def test_where_nothing_fails_there_is_nothing_to_blame(playground):
    publish(playground, "True")
    playground.harness("blame", playground.script(SCRIPT), "--good", env("1.0"), "--bad", env("2.0"), status=1)
    assert "there is no failure to blame anything for" in playground.said
    playground.harness("blame", playground.script(SCRIPT), "--good", env("1.0"), "--bad", env("1.0"), status=2)
    assert "do not differ" in playground.said
