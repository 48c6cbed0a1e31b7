"""`harness refresh` against a loopback index: new releases are added, run and searched, and nothing is done twice."""

import json
import shutil

import pytest

from tests.pinpoint.conftest import MATRIX

SCRIPT = '''\
# /// script
# dependencies = ["framework"]
# ///
"""It works."""
# %% load
import framework
framework.work()
'''
WORKS = "def work():\n    return 1\n"
BREAKS = "def work():\n    raise ValueError('broken on purpose')\n"


@pytest.fixture
def published(playground):
    """A project with two releases, which were run and published; the attempts are gone, as in a new clone."""
    (playground.root / "scenarios" / "works.py").write_text(SCRIPT)
    (playground.root / "matrix.toml").write_text(
        MATRIX.replace('versions = ">=9"', 'versions = ">=9,<9.2"  # see docs')
    )
    playground.releases("framework", {"9.0": WORKS, "9.1": WORKS})
    playground.harness("lock")
    playground.harness("run")
    playground.harness("report", "--unconfirmed")
    shutil.rmtree(playground.folder / "attempts.sqlite.locks", ignore_errors=True)
    (playground.folder / "attempts.sqlite").unlink()
    return playground


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_new_releases_are_added_run_and_reported_once(published):
    assert published.harness("refresh") == "Nothing is new.\n"
    assert not (published.folder / "refresh").exists()

    # A patch release that still works, one that breaks, and a candidate.
    published.index.add("framework", "9.2", "2024-03-01", WORKS)
    published.index.add("framework", "9.3", "2024-03-02", BREAKS)
    published.index.add("framework", "9.4rc0", "2024-03-03", BREAKS)
    before = (published.root / "matrix.toml").read_text()
    said = published.harness("refresh", "--dry-run")
    assert said == "families.framework: new: 9.2, 9.3, 9.4rc0\n"
    assert (published.root / "matrix.toml").read_text() == before

    done = published.json("refresh")
    assert done["added"] == ["framework9.2", "framework9.3", "framework9.4rc0"]
    assert done["files"][0] == "matrix.toml"
    assert 'versions = ">=9,<9.4"' in (published.root / "matrix.toml").read_text()
    assert 'also = ["9.4rc0"]' in (published.root / "matrix.toml").read_text()
    (regression,) = done["regressions"]
    assert (regression["last"], regression["first"], regression["adjacent"]) == ("9.2", "9.3", True)
    assert regression["cells"] == ["works@framework9.2", "works@framework9.3"]
    assert done["counts"] == {"failed": 2, "passed": 1}

    output = published.folder / "refresh"
    texts = files_of(output)
    assert set(texts) == {"pull_request.md", "refresh.json", f"issues/{regression['id']}.md"}
    issue = texts[f"issues/{regression['id']}.md"].decode()
    assert issue.startswith("# works fails at load since framework 9.3\n")
    assert f"<!-- repro-matrix regression {regression['id']} -->" in issue
    assert "harness replay 'works@framework9.3'" in issue
    assert b"# New releases: framework9.2, framework9.3, framework9.4rc0\n" in texts["pull_request.md"]

    # The published cells were not run again.
    table = published.json("table", "--environments", "*")
    ran = {cell["cell"]: cell["attempts"] > 0 for cell in table["cells"]}
    assert ran == {
        "works@framework9.0": False, "works@framework9.1": False, "works@framework9.2": True,
        "works@framework9.3": True, "works@framework9.4rc0": True,
    }  # fmt: skip

    # Again, before anything is published: nothing is run twice, and the texts stay.
    again = published.json("refresh")
    assert (again["attempts"], again["added"]) == (0, [])
    assert f"issues/{regression['id']}.md" in files_of(output)
    assert files_of(output)[f"issues/{regression['id']}.md"].decode() == issue

    published.harness("report", "--keep-published")
    cells = json.loads((published.root / "results" / "results.json").read_text())["cells"]
    assert {cell["cell"]: cell["outcome"] for cell in cells} == {
        "works@framework9.0": "passed", "works@framework9.1": "passed", "works@framework9.2": "passed",
        "works@framework9.3": "failed", "works@framework9.4rc0": "failed",
    }  # fmt: skip
    assert published.harness("refresh") == "Nothing is new.\n"

    # The final release replaces its candidate.
    published.index.add("framework", "9.4", "2024-03-10", WORKS)
    last = published.json("refresh")
    assert (last["added"], last["superseded"]) == (["framework9.4"], ["framework9.4rc0"])
    assert last["deleted"] == ["locks/framework/framework9.4rc0.txt"]
    assert [each["kind"] for each in last["transitions"]] == ["fixed"]
    assert last["regressions"] == []
    assert not (output / "issues").exists()


def test_gap_between_releases_is_searched(published):
    matrix = (published.root / "matrix.toml").read_text()
    (published.root / "matrix.toml").write_text(
        matrix.replace('versions = ">=9,<9.2"  # see docs', 'versions = ">=9,<9.2"\npick = "last of each minor"')
    )
    for patch, text in enumerate((WORKS, BREAKS, BREAKS)):
        published.index.add("framework", f"9.2.{patch}", f"2024-04-{patch + 1:02d}", text)
    done = published.json("refresh")
    assert done["added"] == ["framework9.2.2"]
    (regression,) = done["regressions"]
    assert (regression["last"], regression["first"], regression["adjacent"]) == ("9.1", "9.2.2", False)
    issue = (published.folder / "refresh" / "issues" / f"{regression['id']}.md").read_text()
    assert "## Search" in issue
    assert "9.2.1" in issue.partition("## Search")[2]


def test_release_that_cannot_be_locked_is_named_and_the_rest_goes_on(published):
    published.index.add("framework", "9.2", "2024-03-01", WORKS, requires=["missing-package"])
    published.index.add("framework", "9.3", "2024-03-02", WORKS)
    done = published.json("refresh", status=1)
    assert done["added"] == ["framework9.3"]
    assert [each["environment"] for each in done["failed"]] == ["framework9.2"]
    assert "missing-package" in done["failed"][0]["reason"]


def test_index_that_does_not_answer_changes_nothing(published):
    published.index.fails_with = 500
    before = files_of(published.root)
    published.harness("refresh", status=1)
    assert "No family could be looked up" in published.said
    assert files_of(published.root) == before


def test_wrong_repository_is_said_before_anything_is_done(published):
    published.harness("refresh", "--repository", "nowhere", status=2)
    assert "Write PACKAGE=DIR, as keras=../keras" in published.said
    published.harness("refresh", "--scenarios", "wroks", status=2)
    assert "Did you mean works" in published.said
