"""Reports about a file that one version writes and another reads: throw-away wheels with a made-up format."""

import json
import shlex

import pytest

from tests.pinpoint.conftest import MATRIX
from tests.pinpoint.repositories import ThrowAwayRepository
from tests.triage.test_triage import BASE

pytestmark = pytest.mark.slow

WRITE = "import keras\n\nkeras.write('number.txt', 42)\n"
READ = "import keras\n\nassert keras.read('number.txt') == 42\n"


def source(writes, reads):
    """Return a library that writes one format and reads some."""
    return f"""\
def write(path, number):
    with open(path, 'w') as stream:
        stream.write('{writes}%d' % number)


def read(path):
    with open(path) as stream:
        text = stream.read()
    if text[0] == 'c' and 'c' not in '{reads}':
        raise KeyError('the header of the third format')
    if text[0] not in '{reads}':
        raise ValueError('cannot read format ' + text[0])
    return int(text[1:])
"""


# 9.2 and 9.3 forget `a` for a while; 9.5 writes what older ones do not know, which is another failure.
FORMATS = {
    "9.0.0": ("a", "a"), "9.1.0": ("a", "a"), "9.2.0": ("b", "b"), "9.3.0": ("b", "b"), "9.4.0": ("b", "ab"),
    "9.5.0": ("c", "abc"),
}  # fmt: skip
TABLE = """\
# Files do not load any more

Files saved with keras 9.1.0 are refused:

```
ValueError: cannot read format a
```

| saved with | loaded with | |
| --- | --- | --- |
| 9.1.0 | 9.1.0 | ok |
| 9.1.0 | 9.2.0, 9.3.0 | ValueError |
| 9.1.0 | 9.4.0 | ValueError |
"""


@pytest.fixture
def framework(playground):
    playground.releases("keras", {version: source(*both) for version, both in FORMATS.items()})
    text = MATRIX.replace("framework", "keras").replace("\n[tiers.all]", f"{BASE}\n[tiers.all]")
    (playground.root / "matrix.toml").write_text(text.replace('["*"]', '["keras9.0.0", "keras9.3.0"]'))
    playground.harness("lock")
    return playground


def report(playground, text, name="old-files", write=WRITE, read=READ):
    folder = playground.folder / name
    folder.mkdir()
    for file, content in (("report.md", text), ("write.py", write), ("read.py", read)):
        (folder / file).write_text(content)
    return folder


def shown(ranges):
    return [(each["first"], each["last"], each["shows"]) for each in ranges]


def test_reader_that_stopped_accepting_old_files(framework):
    document = framework.json("triage", report(framework, TABLE))
    assert document["reproduced"]["environment"] == "keras9.1.0 -> keras9.2.0"
    assert document["reproduced"]["result"] == "reproduced"
    assert (document["responsible"], document["pairs"]["side"]) == ("keras", "reader")
    assert document["pairs"]["writer"] == "keras9.1.0"
    assert shown(document["ranges"]) == [
        ("9.0.0", "9.1.0", "passes"), ("9.2.0", "9.3.0", "this bug"), ("9.4.0", "9.5.0", "passes"),
    ]  # fmt: skip
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.1.0", "9.2.0")
    assert (document["fixed"]["last"], document["fixed"]["first"]) == ("9.3.0", "9.4.0")
    assert shown(document["pairs"]["writer_ranges"]) == [
        ("9.0.0", "9.1.0", "this bug"), ("9.2.0", "9.4.0", "passes"), ("9.5.0", "9.5.0", "another failure"),
    ]  # fmt: skip
    verdict = document["verdict"]
    assert verdict.startswith("Files written by keras 9.1.0: the reported problem (ValueError: cannot read format a)")
    assert "files of keras 9.0.0 to 9.1.0 fail, and files of keras 9.2.0 to 9.4.0 are read" in verdict
    assert verdict.endswith("Responsible: keras: the reader stopped accepting the file.")
    assert {(each["writer"], each["version"], each["says"], each["result"]) for each in document["claims"]} == {
        ("9.1.0", "9.1.0", "works", "confirmed"), ("9.1.0", "9.2.0", "fails", "confirmed"),
        ("9.1.0", "9.3.0", "fails", "confirmed"), ("9.1.0", "9.4.0", "fails", "contradicted"),
    }  # fmt: skip
    ways = [each["text"] for each in document["ways_out"]]
    assert ways[:3] == ["read with keras 9.4.0 to 9.5.0", "read with keras 9.1.0", "write with keras 9.2.0 to 9.4.0"]
    assert ways[3].startswith("load the file with keras 9.4.0 and save it again: keras 9.2.0 reads the files of")
    assert any("KeyError" in each for each in document["other_failures"])
    for each in document["ways_out"]:
        assert framework.json("show", each["cell"])["outcome"] == "passed"
    reply = framework.harness("answer", "old-files")
    assert "Readers of the files that `keras9.1.0` writes:" in reply
    assert "Writers whose files `keras9.2.0` reads:" in reply
    assert all(len(line) <= 80 for line in reply.splitlines() if line.startswith("|"))
    for text in (reply, framework.harness("answer", "old-files", "--format", "notebook"), json.dumps(document)):
        assert str(framework.folder) not in text


def test_commands_of_the_answer_show_the_failure(framework):
    folder = report(framework, TABLE)
    document = framework.json("triage", folder)
    run, pinpoint = document["commands"]
    for command, said in ((run, "ValueError: cannot read format a"), (pinpoint, "The reader stopped accepting")):
        ended = framework.run(*shlex.split(command)[1:])
        assert ended.returncode == 0, ended.stderr
        assert said in " ".join(ended.stdout.split())


def test_writer_that_changed_what_it_writes(framework):
    text = "Saved with keras 9.5.0, the file does not load in keras 9.3.0:\n\n```\nKeyError: 'the header of the third format'\n```\n"
    document = framework.json("triage", report(framework, text))
    assert document["reproduced"]["environment"] == "keras9.5.0 -> keras9.3.0"
    assert (document["responsible"], document["pairs"]["side"]) == ("keras", "writer")
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.4.0", "9.5.0")
    assert "introduced in the writer between 9.4.0 and 9.5.0" in document["verdict"]
    assert document["verdict"].endswith("the writer changed what it writes.")
    assert shown(document["ranges"]) == [("9.0.0", "9.4.0", "this bug"), ("9.5.0", "9.5.0", "passes")]


def test_without_a_writer_in_the_report_the_last_good_one_is_held(framework):
    text = "My old files do not load in keras 9.3.0.\n\n```\nValueError: cannot read format a\n```\n"
    document = framework.json("triage", report(framework, text))
    assert document["reproduced"]["environment"] == "keras9.0.0 -> keras9.3.0"
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.1.0", "9.2.0")


def test_pair_that_passes_is_not_reproduced(framework):
    text = "Files saved with keras 9.2.0 do not load in keras 9.4.0.\n\n```\nOSError: no such thing\n```\n"
    document = framework.json(
        "triage", report(framework, text, write=WRITE.replace("keras.write", "keras.__name__ and keras.write")),
        "--environments", "keras9.4.0",
    )  # fmt: skip
    assert document["reproduced"]["result"] == "does not fail"
    assert document["verdict"].startswith("Not reproduced")
    assert (document["responsible"], document["introduced"], document["ways_out"]) == (None, None, [])
    assert [each["result"] for each in document["claims"]] == ["contradicted"]


ONE_SCRIPT = """\
import sys
import keras

if sys.argv[1] == "save":
    keras.write("number.txt", 42)
else:
    assert keras.read("number.txt") == 42
"""


def test_one_script_that_runs_twice(framework):
    folder = framework.folder / "twice"
    folder.mkdir()
    (folder / "report.md").write_text(TABLE)
    (folder / "repro.py").write_text(ONE_SCRIPT)
    document = framework.json("triage", folder, "--write-args", "save", "--read-args", "load it")
    assert document["pairs"]["side"] == "reader"
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.1.0", "9.2.0")
    framework.harness("triage", report(framework, TABLE), "--write-args", "save", status=2)
    assert "does not have one script" in framework.said


def test_commits_are_those_of_the_failure_on_the_side_that_changed(framework):
    repository = ThrowAwayRepository(framework.folder / "clone")
    shas = {}
    for version, both in FORMATS.items():
        shas[version] = repository.commit(f"Formats of {version}", source(*both), package="keras")
        repository.commit(f"Release {version}", source(*both) + f"# {version}\n", package="keras", tag=f"v{version}")
    document = framework.json("triage", report(framework, TABLE), "--repository", repository.folder)
    assert document["introduced"]["commit"]["sha"] == shas["9.2.0"]
    assert document["fixed"]["commit"]["sha"] == shas["9.4.0"]
    others = [each for each in document["transitions"] if each["side"] == "writer"]
    assert others and all(each["commit"] is None for each in others)
    assert f"introduced between 9.1.0 and 9.2.0 by {shas['9.2.0'][:10]}" in document["verdict"]
