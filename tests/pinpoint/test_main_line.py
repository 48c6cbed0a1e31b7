"""A commit of a release branch, and the commit of the main line that carries the same change."""

import pytest

from tests.pinpoint.repositories import ThrowAwayRepository
from tests.pinpoint.test_commits import IN, SCRIPT, found_in, publish, source

pytestmark = pytest.mark.slow


@pytest.fixture
def repository(playground):
    return ThrowAwayRepository(playground.folder / "clone")


def test_a_commit_that_bundles_picks_is_named_with_the_commit_of_the_main_line(playground, repository):
    """The release branch has one commit of three changes, under other titles than on the main line."""
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42))
    repository.branch("r1")
    repository.commit("Release", source(42, "release"), tag="v1.0")
    repository.switch("main")
    repository.commit("Change (#3)", source(42, "change"))
    guilty = repository.commit("Be clever (#4)", source(41, "clever"))
    repository.commit("Change again (#5)", source(41, "again"))
    repository.switch("r1")
    bundle = repository.commit("Version bump to 1.1 (#6)", source(41, "release 1.1"), tag="v1.1")
    repository.switch("main")
    repository.commit("Go on", source(41, "on"))

    (found,) = found_in(playground, repository)

    commit = found["commit"]
    assert (commit["sha"], commit["main_line"]["sha"]) == (bundle, guilty)
    assert "is on a release branch, not on the main line" in commit["notes"][0]
    text = playground.harness(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--repository", repository.folder
    )
    assert f"on the main line, commit {guilty}" in text


def test_titles_that_the_message_lists_are_tried_first(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42))
    repository.branch("r1")
    repository.commit("Release", source(42, "release"), tag="v1.0")
    repository.switch("main")
    for number in range(8):
        repository.commit(f"Change {number}", source(42, f"change {number}"))
    guilty = repository.commit("Be clever (#4)", source(41, "clever"))
    repository.switch("r1")
    message = "Version bump to 1.1 (#6)\n\n* Fix the docs (#2)\n\n* Be clever (#4)\n\n* Version bump to 1.1"
    repository.commit(message, source(41, "release 1.1"), tag="v1.1")
    repository.switch("main")

    (found,) = found_in(playground, repository)

    assert found["commit"]["main_line"]["sha"] == guilty
    assert any("Fix the docs (#2); Be clever (#4)" in note for note in found["commit"]["notes"])
    probed = playground.said.count("lib@")
    assert probed <= 2 * 5, "the tags, and the commit of that title with its parent"


def test_a_change_that_the_main_line_does_not_have(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42))
    repository.branch("r1")
    repository.commit("Release", source(42, "release"), tag="v1.0")
    only_here = repository.commit("Only here", source(41), tag="v1.1")
    repository.switch("main")
    repository.commit("Go on", source(42, "on"))

    (found,) = found_in(playground, repository)

    commit = found["commit"]
    assert (commit["sha"], commit["main_line"]) == (only_here, None)
    assert any("the main line does not have that change" in note for note in commit["notes"])


def test_a_merge_that_does_what_none_of_its_sides_does(playground, repository):
    """Two branches that work by themselves, and not together."""
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", "import lib.one, lib.two\n" + source(42), tag="v1.0")
    for name in ("one", "two"):
        (repository.folder / "lib" / f"{name}.py").write_text("value = 0\n")
    repository.commit("Parts", "from lib import one, two\ndef answer():\n    return 42 - one.value * two.value\n")
    repository.git("tag", "--force", "v1.0")
    repository.branch("side")
    (repository.folder / "lib" / "two.py").write_text("value = 1\n")
    repository.commit("Two", other="two.txt")
    repository.switch("main")
    (repository.folder / "lib" / "one.py").write_text("value = 1\n")
    repository.commit("One", other="one.txt")
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge two", "--strategy-option", "ours", "side")
    merge = repository.git("rev-parse", "HEAD")
    repository.tag("v1.1")

    (found,) = found_in(playground, repository)

    commit = found["commit"]
    assert (commit["sha"], commit["inside"]) == (merge, None)
    assert any("the merge itself made it" in note for note in commit["notes"])
