"""Pairs of releases of a throw-away package that write and read a made-up format: which side changed."""

import shlex

import pytest

from tests.pinpoint.conftest import PYTHON
from tests.pinpoint.repositories import ThrowAwayRepository

pytestmark = pytest.mark.slow

WRITE = "import lib\nlib.write('number.txt', 42)\n"
READ = "import lib\n# %% read\nassert lib.read('number.txt') == 42\n"


def source(writes, reads, note=""):
    """Return a library that writes one format and reads some."""
    return f"""\
# {note}
def write(path, number):
    with open(path, 'w') as stream:
        stream.write('{writes}%d' % number)


def read(path):
    with open(path) as stream:
        text = stream.read()
    if text[0] not in '{reads}':
        raise ValueError('unknown format ' + text[0])
    return int(text[1:])
"""


# What each release writes, and what it reads: 1.3 forgets `a` for a while, and 1.5 writes what older ones do not know.
FORMATS = {
    "1.0": ("a", "a"), "1.1": ("a", "ab"), "1.2": ("b", "ab"), "1.3": ("b", "b"), "1.4": ("b", "ab"), "1.5": ("c", "abc"),
}  # fmt: skip


def env(version):
    return f"python={PYTHON} lib=={version} as-of=2024-06-01"


@pytest.fixture
def formats(playground):
    playground.releases("lib", {version: source(*both) for version, both in FORMATS.items()})
    return playground


@pytest.fixture
def folder(playground):
    folder = playground.folder / "pairs"
    folder.mkdir()
    (folder / "write.py").write_text(WRITE)
    (folder / "read.py").write_text(READ)
    return folder


def transitions(document):
    return [(each["kind"], each["last"], each["first"]) for each in document["transitions"]]


def states(document):
    return {each["version"]: each["state"] for each in document["tested"]}


def pinpoint(playground, folder, *arguments, status=0):
    return playground.json("pinpoint", folder, "--package", "lib", "--versions", "1.0..1.5", *arguments, status=status)


def test_reader_is_stepped_while_the_writer_is_held(formats, folder):
    arguments = ("--writer", env("1.0"), "--in", env("1.3"))
    document = pinpoint(formats, folder, *arguments)
    assert transitions(document) == [("introduced", "1.2", "1.3"), ("fixed", "1.3", "1.4")]
    assert document["stepped"] == "reader"
    assert document["held"]["side"] == "writer" and "lib==1.0" in document["held"]["environment"]
    assert all(f"@{document['held']['environment']} -> " in each["cell"] for each in document["tested"])
    (statement,) = document["statements"]
    assert statement.startswith("lib 1.3, reading the files of python=")
    assert "Introduced in 1.3. Fixed in 1.4." in statement
    again = pinpoint(formats, folder, *arguments)
    assert (again["runs"], again["transitions"]) == (0, document["transitions"])


def test_the_held_writer_writes_once(formats, folder):
    document = pinpoint(formats, folder, "--writer", env("1.0"), "--in", env("1.3"), "--jobs", "4")
    writer = document["held"]["environment"]
    shown = formats.json("show", f"pairs@{writer}")
    assert [each["outcome"] for each in shown["attempts"]] == ["passed"]


def test_writer_is_stepped_while_the_reader_is_held(formats, folder):
    document = pinpoint(formats, folder, "--reader", env("1.2"), "--in", env("1.5"))
    assert transitions(document) == [("introduced", "1.4", "1.5")]
    assert (document["stepped"], document["held"]["side"]) == ("writer", "reader")
    assert all(f" -> {document['held']['environment']}" in each["cell"] for each in document["tested"])
    assert document["statements"][0].startswith("lib 1.5, writing files for python=")
    fixed = pinpoint(formats, folder, "--reader", env("1.3"), "--in", env("1.0"))
    assert transitions(fixed) == [("fixed", "1.1", "1.2"), ("introduced", "1.4", "1.5")]
    assert states(fixed) == {"1.0": "bad", "1.1": "bad", "1.2": "good", "1.3": "good", "1.4": "good", "1.5": "other"}


def test_cells_of_a_search_are_shown_and_replayed(formats, folder):
    document = pinpoint(formats, folder, "--writer", env("1.0"), "--in", env("1.3"))
    cell = next(each["cell"] for each in document["tested"] if each["version"] == "1.3")
    assert formats.json("show", cell)["error"] == "ValueError: unknown format a"
    assert "unknown format a" in formats.harness("replay", cell)
    text = formats.harness(
        "pinpoint", folder, "--package", "lib", "--versions", "1.0..1.5", "--writer", env("1.0"), "--in", env("1.3")
    )
    shown = [line.strip() for line in text.splitlines() if line.strip().startswith("harness show ")]
    assert len(shown) == 4
    for line in shown:
        assert "pairs@" in formats.harness(*shlex.split(line)[1:])


@pytest.mark.parametrize(
    ("writer", "reader", "responsible", "said"),
    [
        ("1.0", "1.3", ["reader"], "The reader stopped accepting what"),
        ("1.5", "1.2", ["writer"], "The writer changed what it writes:"),
    ],
    ids=["reader", "writer"],
)
def test_responsible_side_of_a_pair(formats, folder, writer, reader, responsible, said):
    document = pinpoint(formats, folder, "--both", "--writer", env(writer), "--reader", env(reader))
    assert document["responsible"] == responsible
    assert document["statements"][0].startswith(said)
    (border,) = [
        each for each in document["transitions"] if each["side"] == responsible[0] and each["kind"] == "introduced"
    ]
    assert (border["last"], border["first"]) == {"reader": ("1.2", "1.3"), "writer": ("1.4", "1.5")}[responsible[0]]
    arguments = ["pinpoint", folder, "--package", "lib", "--versions", "1.0..1.5", "--both"]
    cell = f"pairs@{document['writer']} -> {document['reader']}"
    of_cell = formats.json("pinpoint", cell, *arguments[2:])
    assert (of_cell["responsible"], of_cell["runs"]) == (responsible, 0)
    for option in ([], ["--markdown"]):
        text = formats.harness(*arguments, "--writer", env(writer), "--in", env(reader), *option)
        assert said in " ".join(text.split())


def test_workarounds_of_a_pair_are_named_on_both_sides(formats, folder):
    document = pinpoint(formats, folder, "--both", "--writer", env("1.0"), "--reader", env("1.3"))
    ways = [each for each in document["statements"] if each.startswith("Workaround")]
    assert len(ways) == 2
    assert "another reader: lib 1.4 to 1.5 reads the files of" in ways[0] and "fixed in 1.4" in ways[0]
    assert "another writer:" in ways[1] and "reads the files of lib 1.2 to 1.4, fixed in 1.2" in ways[1]


def test_pair_that_no_release_reads_has_no_responsible_side(playground, folder):
    playground.releases("lib", {version: source("a", "b") for version in ("1.0", "1.1")})
    document = playground.json(
        "pinpoint", folder, "--package", "lib", "--both", "--writer", env("1.0"), "--reader", env("1.1"),
        "--versions", "1.0..1.1",
    )  # fmt: skip
    assert document["responsible"] == []
    assert [each.partition(" that was run ")[0] for each in document["statements"]] == ["No release of lib"] * 2
    assert document["transitions"] == []


def test_commits_of_either_side(formats, folder):
    repository = ThrowAwayRepository(formats.folder / "clone")
    shas = {}
    for version, both in FORMATS.items():
        repository.commit(f"Before {version}", other="README.md")
        shas[version] = repository.commit(f"Formats of {version} (#{version[-1]})", source(*both))
        repository.commit(f"Release {version}", source(*both, note=version), tag=f"v{version}")
    document = pinpoint(
        formats, folder, "--both", "--writer", env("1.5"), "--reader", env("1.2"), "--repository", repository.folder
    )
    (border,) = [each for each in document["transitions"] if each["side"] == "writer"]
    assert border["commit"]["sha"] == shas["1.5"]
    assert "(#5)" in document["statements"][0]
    document = pinpoint(formats, folder, "--writer", env("1.0"), "--in", env("1.3"), "--repository", repository.folder)
    assert [each["commit"]["sha"] for each in document["transitions"]] == [shas["1.3"], shas["1.4"]]


def test_release_that_cannot_write_is_another_failure(playground, folder):
    texts = {version: source(*both) for version, both in FORMATS.items()}
    texts["1.4"] = "def write(path, number):\n    raise RuntimeError('no disk')\n"
    playground.releases("lib", texts)
    document = pinpoint(playground, folder, "--reader", env("1.2"), "--in", env("1.5"))
    assert states(document)["1.4"] == "other"
    held = playground.json(
        "pinpoint", folder, "--package", "lib", "--versions", "1.0..1.5", "--writer", env("1.4"), "--in", env("1.4"),
        status=1,
    )  # fmt: skip
    assert {each["state"] for each in held["tested"]} == {"untestable"}
    assert all("did not write" in each["reason"] for each in held["untestable"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--writer", env("1.0"), "--reader", env("1.1"), "--in", env("1.2")], "hold both steps"),
        (["--writer", env("1.0")], "--in: no environment is named"),
        (["--both", "--writer", env("1.0")], "a pair of environments is needed"),
        (["--both", "--writer", env("1.0"), "--reader", env("1.0")], "-> python="),
        (["--both", "--writer", env("1.0"), "--reader", env("1.3"), "--commits", "a..b"], "--both searches releases"),
    ],
    ids=["both held", "nothing to step", "half a pair", "a pair that passes", "commits"],
)
def test_mistakes_are_named(formats, folder, arguments, said):
    formats.harness("pinpoint", folder, "--package", "lib", *arguments, status=2)
    assert said in formats.said


def test_one_step_has_no_writer(formats):
    script = formats.script("import lib\nassert lib.write\n")
    formats.harness("pinpoint", script, "--package", "lib", "--writer", env("1.0"), "--in", env("1.1"), status=2)
    assert "--writer: shows_it has one step" in formats.said


def test_commands_of_the_answer_run_again(formats, folder):
    document = pinpoint(formats, folder, "--writer", env("1.0"), "--in", env("1.3"))
    words = shlex.split(document["command"])[1:]
    ended = formats.run(*words)
    assert ended.returncode == 0 and '"runs": 0' in ended.stdout
