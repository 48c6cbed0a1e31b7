"""Searches on a cluster find what they find on one machine."""

import pytest

from tests.pinpoint.test_blame import blame, env, publish
from tests.pinpoint.test_releases import BAD, BROKEN, GOOD, IN, SCRIPT, transitions

pytestmark = pytest.mark.slow
pytest.importorskip("distributed")


def test_releases_on_a_cluster(playground):
    playground.releases("lib", {"1.0": GOOD, "1.1": GOOD, "1.2": BROKEN, "1.3": BAD, "1.4": GOOD})
    script = playground.script(SCRIPT)
    search = ("pinpoint", script, "--package", "lib", "--in", IN)
    document = playground.json(*search, "--cluster", "local:2")
    assert transitions(document) == [("introduced", "1.1", "1.3"), ("fixed", "1.3", "1.4")]
    assert {each["version"]: each["state"] for each in document["tested"]}["1.2"] == "untestable"
    here = playground.json(*search)
    # The list of suspicious files is made on one machine only: see docs/pinpoint.md.
    on_cluster = [{**each, "suspect_files": None} for each in here["transitions"]]
    assert (on_cluster, here["runs"]) == (document["transitions"], 0), "the store has what the cluster ran"


def test_packages_on_a_cluster(playground):
    publish(playground, "two.version < '2'")
    document = blame(playground, env("1.0"), env("2.0"), "--cluster", "local:2")
    assert [each["name"] for each in document["packages"]] == ["two"]
    assert document["proven"]
