"""From two releases of a throw-away package to the commit between their tags."""

import json
import os
import re
import shlex
import sqlite3
import textwrap
import time

import pytest

from tests.pinpoint.conftest import MATRIX, PYTHON
from tests.pinpoint.repositories import ThrowAwayRepository
from tests.schemas import validator
from tests.wheels import make_wheel

pytestmark = pytest.mark.slow

IN = f"python={PYTHON} lib as-of=2024-06-01"
SCRIPT = "import lib\nassert lib.answer() == 42, 'wrong answer'\n"


def source(answer, note=""):
    return f"# {note}\ndef answer():\n    return {answer}\n"


@pytest.fixture
def repository(playground):
    return ThrowAwayRepository(playground.folder / "clone")


def found_in(playground, repository, *arguments, status=0):
    document = playground.json(
        "pinpoint",
        playground.script(SCRIPT),
        "--package", "lib", "--in", IN, "--repository", repository.folder, *arguments, status=status,
    )  # fmt: skip
    return document["transitions"]


def publish(playground, **answers):
    """Publish releases named like v1_0, in the order given."""
    playground.releases("lib", {name[1:].replace("_", "."): source(answer) for name, answer in answers.items()})


def test_the_commit_its_pull_request_and_its_files(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    for number in range(6):
        repository.commit(f"Change {number} (#1{number})", source(42, f"change {number}"))
    guilty = repository.commit("Be clever (#77)", source(41), other="lib/clever.txt")
    repository.commit("Only words", other="README.md")
    repository.commit("After that (#78)", source(41, "later"), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert (found["last"], found["first"], found["kind"]) == ("1.0", "1.1", "introduced")
    commit = found["commit"]
    assert (commit["sha"], commit["pull_request"], commit["title"]) == (guilty, 77, "Be clever (#77)")
    assert commit["date"].startswith("2024-01-0")
    assert commit["files"] == ["lib/__init__.py", "lib/clever.txt"]
    assert commit["untestable"] == []
    assert repository.git("status", "--porcelain") == ""


def test_a_search_can_be_recorded_for_the_site(playground, repository):
    playground.releases("lib", {"1.0": source(42), "1.1": source(41)}, home="https://github.com/a-team/lib")
    repository.commit("Begin", source(42), tag="v1.0")
    guilty = repository.commit("Be clever (#77)", source(41), tag="v1.1")
    scenario = playground.root / "scenarios" / "subject" / "shows_it.py"
    scenario.parent.mkdir()
    scenario.write_text(f'"""It answers."""\n{SCRIPT}')
    search = ["pinpoint", "shows_it", "--package", "lib", "--in", IN, "--repository", repository.folder]
    playground.harness(*search, "--record")
    (path,) = (playground.root / "results" / "pinpoint").iterdir()
    assert f"results/pinpoint/{path.name}: written" in playground.said
    document = json.loads(path.read_text())
    validator("search").validate(document)
    (found,) = document["transitions"]
    assert (found["kind"], found["last"], found["first"]) == ("introduced", "1.0", "1.1")
    assert [each["address"] for each in found["commits"]] == [f"https://github.com/a-team/lib/commit/{guilty}"]
    assert str(playground.folder) not in path.read_text()
    playground.harness(*search, "--record")
    assert list(path.parent.iterdir()) == [path]


def test_a_search_that_cannot_be_recorded_says_why(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    script = playground.script(SCRIPT)
    search = ["pinpoint", script, "--package", "lib", "--in", IN, "--record"]
    playground.harness(*search, "--commits", "v1.0..v1.1", "--repository", repository.folder, status=2)
    assert "a search over --commits has no releases" in playground.said
    playground.harness(*search, status=2)
    assert "shows_it is no scenario of this project" in playground.said


def test_pull_request_has_the_repository_that_the_package_names(playground, repository):
    """The clone has no remote. In an issue of another repository, a bare #77 would link to something else."""
    playground.releases("lib", {"1.0": source(42), "1.1": source(41)}, home="https://github.com/a-team/lib")
    repository.commit("Begin", source(42), tag="v1.0")
    guilty = repository.commit("Be clever (#77)", source(41), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert (found["commit"]["pull_request"], found["commit"]["repository"]) == (77, "a-team/lib")
    text = playground.harness(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--repository", repository.folder,
        "--markdown",
    )  # fmt: skip
    assert f"Introduced in 1.1 by {guilty[:7]} (a-team/lib#77)." in text
    assert "pull request a-team/lib#77" in text
    assert not re.search(r"(?<!a-team/lib)#77", text)


RAISES = "def answer():\n    raise RuntimeError('no answer')\n"


def test_what_broke_it_is_told_from_what_changed_the_error(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.commit("Still well", source(42, "well"))
    breaks = repository.commit("Break it (#3)", RAISES)
    repository.commit("Still broken", RAISES + "# still\n")
    changes = repository.commit("Change the error (#4)", source(41))
    repository.commit("Release", source(41, "release"), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert (found["kind"], found["commit"]["sha"]) == ("introduced", breaks)
    assert [(each["kind"], each["sha"], each["failure_after"]) for each in found["commits"]] == [
        ("introduced", breaks, "B"),
        ("changed", changes, "A"),
    ]
    text = playground.harness(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--repository", repository.folder
    )
    assert (
        f"Commits: introduced by {breaks[:7]} (#3) (error [B]); error changed by {changes[:7]} (#4) (error [A])."
        in " ".join(text.split())
    )


def test_what_was_fixed_and_broken_again_in_between_is_reported(playground, repository):
    playground.releases("lib", {"1.0": RAISES, "1.1": source(41)})
    repository.commit("Begin", RAISES, tag="v1.0")
    mended = repository.commit("Mend it", source(42))
    repository.commit("Still well", source(42, "well"))
    breaks = repository.commit("Break it again", source(41), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert found["kind"] == "changed"
    assert [(each["kind"], each["sha"]) for each in found["commits"]] == [("fixed", mended), ("introduced", breaks)]


def test_commits_of_several_transitions_are_searched_side_by_side_and_none_runs_twice(playground, repository):
    publish(playground, v1_0=42, v1_1=41, v1_2=42, v1_3=40)
    changes = []
    repository.commit("Begin", source(42), tag="v1.0")
    for release, answer, before in (("v1.1", 41, 42), ("v1.2", 42, 41), ("v1.3", 40, 42)):
        for number in range(3):
            repository.commit(f"Towards {release}: {number}", source(before, f"{release} {number}"))
        changes.append(repository.commit(f"Change for {release}", source(answer, release)))
        repository.commit(f"Release {release}", source(answer, f"of {release}"), tag=release)
    found = found_in(playground, repository)
    assert [each["commit"]["sha"] for each in found] == changes
    assert [each["kind"] for each in found] == ["introduced", "fixed", "introduced"]
    with sqlite3.connect(playground.folder / "attempts.sqlite") as store:
        counts = store.execute("SELECT key, count(*) FROM attempts GROUP BY key").fetchall()
    # A side of a transition is run again, twice in processes of its own; all else runs once.
    assert max(count for _, count in counts) <= 3
    again = found_in(playground, repository)
    assert [each["commit"]["sha"] for each in again] == changes


def test_source_trees_of_commits_share_their_files_and_are_pruned(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), other="lib/same.py", tag="v1.0")
    repository.commit("Change", source(41), tag="v1.1")
    found_in(playground, repository)
    trees = [each for each in (playground.folder / "cache/trees").iterdir() if re.fullmatch("[0-9a-f]{40}", each.name)]
    assert len(trees) == 2
    assert (trees[0] / "lib/same.py").samefile(trees[1] / "lib/same.py")
    old = time.time() - 40 * 86400
    os.utime(trees[0], (old, old))
    playground.harness("prune")
    assert [each.exists() for each in trees] == [False, True]
    assert found_in(playground, repository)[0]["commit"]["title"] == "Change"


def test_inside_a_merge_what_broke_it_is_told_from_what_changed_the_error(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.branch("side")
    breaks = repository.commit("On the side, guilty (#5)", RAISES)
    changes = repository.commit("On the side, another error (#6)", source(41))
    repository.switch("main")
    repository.commit("Meanwhile", other="meanwhile.txt")
    merge = repository.merge("side", "Merge pull request #7 from someone/side")
    repository.tag("v1.1")
    (found,) = found_in(playground, repository)
    assert (found["commit"]["sha"], found["commit"]["inside"]["sha"]) == (merge, breaks)
    assert [(each["kind"], each["sha"]) for each in found["commit"]["merged"]] == [
        ("introduced", breaks),
        ("changed", changes),
    ]


def test_a_merge_that_also_changed_the_error_still_names_what_it_brought(playground, repository):
    """The side breaks it with one error; merged, it shows another."""
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.branch("side")
    breaks = repository.commit("On the side, guilty (#5)", RAISES)
    repository.switch("main")
    repository.commit("Meanwhile", other="meanwhile.txt")
    repository.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    merge = repository.commit("Merge with changes", source(41), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert (found["commit"]["sha"], found["commit"]["failure_after"]) == (merge, "A")
    assert (found["commit"]["inside"]["sha"], found["commit"]["inside"]["failure_after"]) == (breaks, "B")


def test_lines_that_part_at_a_third_state_are_both_searched(playground, repository):
    """Where they part it fails with one error; the earlier release fixed that, the later one has another."""
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", RAISES)
    repository.branch("r1.0")
    mended = repository.commit("Mend it (#9)", source(42), tag="v1.0")
    repository.switch("main")
    changes = repository.commit("Another error", source(41), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert [(each["kind"], each["sha"], each["lacking"]) for each in found["commits"]] == [
        ("fixed", mended, True),
        ("changed", changes, False),
    ]
    assert (found["kind"], found["commit"]["sha"]) == ("introduced", mended)


def test_commits_that_do_not_import_leave_an_interval(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="1.0")
    last = repository.commit("Still well", source(42, "well"))
    broken = [repository.commit(f"Broken {number}", f"raise OSError('broken {number}')\n") for number in range(2)]
    first = repository.commit("Imports again", source(41))
    repository.commit("Later", source(41, "later"), tag="1.1")
    (found,) = found_in(playground, repository)
    commit = found["commit"]
    assert (commit["last"], commit["sha"], commit["untestable"]) == (last, first, broken)


def test_a_merge_is_named_with_the_commit_that_it_brought(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.branch("side")
    repository.commit("On the side, harmless", source(42, "side"))
    guilty = repository.commit("On the side, guilty (#5)", source(41))
    repository.commit("On the side, later", source(41, "later"))
    repository.switch("main")
    repository.commit("Meanwhile", other="meanwhile.txt")
    merge = repository.merge("side", "Merge pull request #6 from someone/side")
    repository.commit("After", source(41, "after"), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert (found["commit"]["sha"], found["commit"]["pull_request"]) == (merge, 6)
    assert (found["commit"]["inside"]["sha"], found["commit"]["inside"]["pull_request"]) == (guilty, 5)


def test_a_fix_that_was_picked_to_a_release_branch_is_found_there(playground, repository):
    """1.0.1 has the fix by itself; 1.1 was made from a line that parted before."""
    publish(playground, v1_0=41, v1_0_1=42, v1_1=41)
    repository.commit("Begin", source(41), tag="v1.0")
    repository.branch("r1.0")
    repository.commit("On the branch", source(41, "branch"))
    picked = repository.commit("Mend it (#9)", source(42), tag="v1.0.1")
    repository.switch("main")
    repository.commit("Go on", source(41, "on"))
    repository.commit("Release", source(41, "release"), tag="v1.1")
    mended = repository.commit("Mend it (#9)", source(42))
    fixed, broken = found_in(playground, repository)
    assert (fixed["kind"], fixed["commit"]["sha"]) == ("fixed", picked)
    assert (broken["kind"], broken["commit"]["sha"]) == ("introduced", picked)
    assert "two lines" in " ".join(broken["commit"]["notes"])
    assert mended in " ".join(fixed["commit"]["notes"])


def test_a_change_on_the_main_line_is_found_past_a_release_branch(playground, repository):
    publish(playground, v1_0_1=41, v1_1=42)
    repository.commit("Begin", source(41))
    repository.branch("r1.0")
    repository.commit("Only here", source(41, "branch"), tag="lib-1.0.1")
    repository.switch("main")
    repository.commit("Go on", source(41, "on"))
    guilty = repository.commit("Mend it", source(42))
    repository.commit("Release", source(42, "release"), tag="release/1.1")
    (found,) = found_in(playground, repository)
    assert (found["kind"], found["commit"]["sha"]) == ("fixed", guilty)


def test_sources_that_do_not_show_it_name_nobody(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.commit("Release", source(42, "the wheel was another"), tag="v1.1")
    (found,) = found_in(playground, repository)
    assert found["commit"] is None
    assert "does not show what the release shows" in found["commit_note"]


def test_sources_below_src_and_a_bare_clone(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), package="src/lib", tag="v1.0")
    guilty = repository.commit("Be clever", source(41), package="src/lib", tag="v1.1")
    bare = playground.folder / "bare"
    repository.git("clone", "--quiet", "--bare", str(repository.folder), str(bare))
    repository.folder = bare
    (found,) = found_in(playground, repository)
    assert found["commit"]["sha"] == guilty


def test_what_a_wheel_has_elsewhere_than_its_sources(playground, repository):
    """As `from tensorflow.keras import layers`: looked for in a folder of Keras that only its wheels have."""
    host = """\
        import importlib.util, os
        __path__ = [os.path.join(os.path.dirname(importlib.util.find_spec("lib").origin), "_as_host")]
        """
    playground.releases("host", {"1.0": textwrap.dedent(host)})
    # What is installed as 1.1 asks of the sources what those of 1.0 do not have.
    modules = {"1.0": (source(42), "from lib import answer\n")}
    modules["1.1"] = (source(41) + "later = 1\n", "from lib import answer, later\n")
    facade = repository.folder / "lib" / "api" / "_as_host" / "lib.py"
    facade.parent.mkdir(parents=True)
    for day, (version, (module, part)) in enumerate(modules.items(), start=1):
        files = {"lib/__init__.py": module, "lib/_as_host/lib.py": part}
        playground.index.publish(make_wheel(playground.index.folder, "lib", version, files), f"2024-01-{day:02d}")
        facade.write_text(part)
        guilty = repository.commit(f"Release {version}", module, tag=f"v{version}")
    script = playground.script("from host.lib import answer\nassert answer() == 42, 'wrong answer'\n")
    more = 'preload = ["host"]\n[package-dir.lib]\n_as_host = "api/_as_host"\n[families'
    (playground.root / "matrix.toml").write_text(MATRIX.replace("[families", more, 1).replace("= []", '= ["host"]', 1))

    document = playground.json(
        "pinpoint", script, "--package", "lib", "--in", f"{IN} host", "--repository", repository.folder
    )

    (found,) = document["transitions"]
    assert found["commit"]["sha"] == guilty, found["commit_note"]


def test_a_clone_without_the_tags(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v7.0")
    playground.harness(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN,
        "--repository", repository.folder, status=2,
    )  # fmt: skip
    assert "no tag of lib 1.0 to 1.1" in playground.said
    assert "v7.0" in playground.said


def test_a_working_tree_in_front_of_what_is_installed(playground):
    """Does my change break any of this?"""
    publish(playground, v1_0=42)
    tree = playground.folder / "tree" / "src" / "lib"
    tree.mkdir(parents=True)
    (tree / "__init__.py").write_text(source(41))
    script = playground.script(SCRIPT)
    arguments = ["run", script, "--environments", IN, "--overlay", f"lib={tree.parents[1]}"]
    assert [each["outcome"] for each in playground.json("run", script, "--environments", IN)["cells"]] == ["passed"]
    assert [each["outcome"] for each in playground.json(*arguments)["cells"]] == ["failed"]
    (tree / "__init__.py").write_text(source(42))
    assert [each["outcome"] for each in playground.json(*arguments)["cells"]] == ["passed"], "it is run as it is now"
    playground.harness("run", script, "--environments", IN, "--overlay", f"app={tree}", status=2)
    assert "there is no app in it" in playground.said


def test_a_bug_that_no_release_has_is_found_between_two_by_stepping_through_the_commits(playground, repository):
    publish(playground, v1_0=42, v1_1=42)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.commit("Go on", source(42, "on"))
    guilty = repository.commit("Break it (#7)", source(41))
    repository.commit("Elsewhere", other="elsewhere.txt")
    repository.commit("Does not import", "raise OSError('cannot be imported')\n")
    last = repository.commit("Still broken", source(41, "still"))
    mended = repository.commit("Mend it (#8)", source(42, "mended"))
    repository.commit("Release", source(42, "release"), tag="v1.1")
    script = playground.script(SCRIPT)
    common = ["pinpoint", script, "--package", "lib", "--in", IN, "--repository", repository.folder]
    assert playground.json(*common)["transitions"] == []
    assert "--commits 1.0..1.1" in playground.harness(*common), "the way on is said"
    document = playground.json(*common, "--commits", "1.0..main")
    introduced, fixed = document["transitions"]
    assert (introduced["kind"], introduced["commit"]["sha"], introduced["first"]) == ("introduced", guilty, guilty)
    assert (fixed["kind"], fixed["last"], fixed["commit"]["sha"]) == ("fixed", last, mended)
    assert (document["unit"], document["complete"]) == ("commit", True)
    assert "cannot be imported" in document["untestable"][0]["reason"]
    (statement,) = document["statements"]
    assert f"Introduced by {guilty[:7]} (#7). Fixed by {mended[:7]} (#8)." in statement


def test_a_first_commit_on_another_line_begins_where_they_part_and_says_so(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42))
    parting = repository.commit("Before the branch", source(42, "before"))
    repository.branch("r1.0")
    repository.commit("Only here", source(42, "branch"), tag="v1.0")
    repository.switch("main")
    guilty = repository.commit("Break it", source(41), tag="v1.1")
    document = playground.json(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN,
        "--repository", repository.folder, "--commits", "1.0..1.1",
    )  # fmt: skip
    (found,) = document["transitions"]
    assert (found["last"], found["commit"]["sha"]) == (parting, guilty)
    assert "they part at" in document["notes"][0]


@pytest.mark.parametrize(
    ("commits", "says"),
    [
        pytest.param("1.0", "Write --repository DIR --commits FIRST..LAST", id="no range"),
        pytest.param("1.0..nowhere", "no commit 'nowhere'", id="no such commit"),
        pytest.param("--upload-pack=x..main", "no commit '--upload-pack=x'", id="an option is no commit"),
        pytest.param("1.1..1.0", "the later one?", id="reversed"),
    ],
)
def test_commits_that_make_no_sense(playground, repository, commits, says):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.commit("Release", source(41), tag="v1.1")
    common = ["pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN]
    playground.harness(*common, "--repository", repository.folder, f"--commits={commits}", status=2)
    assert says in playground.said
    playground.harness(*common, f"--commits={commits}", status=2)
    assert "--repository DIR" in playground.said


def test_releases_and_commits_are_not_stepped_through_at_once(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    common = ["pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--repository", repository.folder]
    playground.harness(*common, "--versions", "1.0..1.1", "--commits", "1.0..1.1", status=2)
    assert "not allowed with argument" in playground.said


def cells_in(value):
    """Return all ids of cells in a document."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "cell" and each:
                yield each
            elif key == "cells":
                yield from each
            else:
                yield from cells_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from cells_in(each)


def test_every_cell_that_a_search_names_can_be_shown_replayed_and_searched_again(playground, repository):
    publish(playground, v1_0=42, v1_1=41)
    repository.commit("Begin", source(42), tag="v1.0")
    repository.commit("Break it", source(41))
    repository.commit("Release", source(41, "release"), tag="v1.1")
    search = ("pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN)
    releases = [*search, "--repository", repository.folder]
    commits = [*releases, "--commits", "1.0..1.1"]
    printed = {id for each in (releases, commits) for id in cells_in(playground.json(*each))}
    for each in (releases, commits):
        commands = re.findall(r"^ *(harness show .+)$", playground.harness(*each), re.MULTILINE)
        assert commands
        printed |= {shlex.split(command)[2] for command in commands}
    at_commits = {id for id in printed if re.search(r" \+ lib@[0-9a-f]{10}$", id)}
    assert len(at_commits) > 1
    assert len(printed - at_commits) > 1
    for id in printed:
        shown = playground.json("show", id)
        assert (shown["cell"], shown["current"]) == (id, True)
    for id in (min(at_commits), max(printed - at_commits)):
        assert "The same as on" in playground.harness("replay", id)
        (cell,) = playground.json("run", "--cells", id)["cells"]
        assert (cell["cell"], cell["outcome"]) == (id, playground.json("show", id)["outcome"])
        assert playground.json("pinpoint", id, *search[2:])["transitions"][0]["first"] == "1.1"


def test_without_a_commit_those_that_touch_the_files_of_the_traceback_are_listed(playground, repository):
    """The wheel of 1.1 fails, and no source tree does: what its build did is not in the repository."""
    playground.releases("lib", {"1.0": source(42), "1.1": RAISES})
    repository.commit("Begin", source(42), tag="v1.0")
    touching = repository.commit("Rework answers (#5)", source(42, "reworked"))
    repository.commit("Only words", other="README.md")
    repository.commit("Another file", other="lib/other.py", tag="v1.1")
    (found,) = found_in(playground, repository)
    assert found["commit"] is None
    assert "does not show what the release shows" in found["commit_note"]
    assert [(each["sha"], each["title"], each["pull_request"]) for each in found["not_tested"]] == [
        (touching, "Rework answers (#5)", 5)
    ]
    text = playground.harness(
        "pinpoint", playground.script(SCRIPT), "--package", "lib", "--in", IN, "--repository", repository.folder
    )
    assert f"not tested, touches a file of the traceback: commit {touching[:10]}" in " ".join(text.split())


def test_of_a_merge_the_commits_that_it_brings_are_listed(playground, repository):
    playground.releases("lib", {"1.0": source(42), "1.1": RAISES})
    repository.commit("Begin", source(42), tag="v1.0")
    repository.branch("side")
    inside = repository.commit("Fix the answer (#7)", source(42, "fixed"))
    repository.commit("Only words", other="WORDS.md")
    repository.switch("main")
    repository.merge("side", "Merge branch 'side'")
    repository.commit("Release", other="lib/last.py", tag="v1.1")
    (found,) = found_in(playground, repository)
    assert [(each["sha"], each["title"]) for each in found["not_tested"]] == [(inside, "Fix the answer (#7)")]


def test_files_of_a_traceback_are_found_where_the_build_moved_them(playground, repository):
    """The wheel has the sources in a folder of their own, as that of Keras 2.13 has keras/src."""
    inside = {"lib/src/__init__.py": RAISES, "lib/__init__.py": "from lib.src import *\nfrom lib.src import answer\n"}
    playground.releases("lib", {"1.0": source(42)})
    playground.index.publish(make_wheel(playground.index.folder, "lib", "1.1", inside), "2024-01-02")
    repository.commit("Begin", source(42), tag="v1.0")
    touching = repository.commit("Rework answers (#5)", source(42, "reworked"))
    repository.commit("Another file", other="lib/other.py", tag="v1.1")
    (found,) = found_in(playground, repository)
    assert [(each["sha"], each["in_traceback"]) for each in found["not_tested"]] == [(touching, True)]


def test_few_commits_are_listed_if_none_touches_a_file_of_the_traceback(playground, repository):
    playground.releases("lib", {"1.0": source(42), "1.1": RAISES})
    repository.commit("Begin", source(42), tag="v1.0")
    repository.commit("Only words", other="README.md")
    other = repository.commit("Another file", other="lib/other.py", tag="v1.1")
    (found,) = found_in(playground, repository)
    assert [(each["sha"], each["in_traceback"]) for each in found["not_tested"]] == [(other, False)]
