"""Input is recognised by its content: what is no script, or does nothing, is named and not run."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.filesystem.reading import describe_bytes
from harness.reports.kinds import Fault, Kind
from harness.reports.scripts import check_script, find_fault
from tests.forms import NOT_SCRIPTS, SCRIPTS

ROOT = Path(__file__).parents[2]


def check(text, name="any.py"):
    return check_script(text, name=name, fault=find_fault(text))


@pytest.mark.parametrize("name", NOT_SCRIPTS)
def test_what_is_no_script_is_named_with_its_line(name):
    text, kind, line = NOT_SCRIPTS[name]
    refusal = check(text)
    assert refusal is not None
    assert (refusal.kind, refusal.line) == (kind, line)
    assert refusal.why
    assert refusal.next_step


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_does_something_is_accepted(name):
    assert check(SCRIPTS[name]) is None


FILES = [
    path
    for pattern in ("scenarios/**/*.py", "tests/fixtures/**/*.py", "tests/tensorflow/reports/*.py")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "is_no_python.py"
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_script_of_the_project_is_accepted(path):
    assert check(path.read_text(encoding="utf-8"), path.name) is None


def test_what_only_another_python_reads_is_left_to_the_environments():
    assert check_script("print f'{'a'}' of a later Python", fault=None) is None


def test_line_of_another_python_is_the_one_that_is_named():
    refusal = check_script("x = 1\ny = = 2\n", fault=Fault(line=2, message="invalid syntax"))
    assert (refusal.line, refusal.quoted) == (2, "y = = 2")


def test_quoted_line_is_short():
    refusal = check("x = (\n" + "y y " * 1000 + "\n")
    assert len(refusal.what) < 300


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04\xff", "ZIP"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("print(1)".encode("utf-16"), "UTF-16"),
        ("print(1)\n".encode("utf-16-be"), "UTF-16"),
        (b"\x7fELF\x00\xff", "program"),
        (b"\x00\x01\x02\xff" * 20 + b"abcdefgh" * 40, "binary"),
        ("x = 1\n# größe".encode("latin-1"), "line 2"),
    ],
    ids=["zip", "hdf5", "utf-16", "utf-16-be", "program", "binary", "latin-1"],
)
def test_bytes_are_named(data, said):
    what, how = describe_bytes(data, next((place for place, each in enumerate(data) if each > 127), 0))
    assert said in what
    assert how


PIECES = st.sampled_from([text for text, _, _ in NOT_SCRIPTS.values()] + list(SCRIPTS.values()))


@given(st.lists(PIECES | st.text(max_size=40), max_size=4).map("\n".join))
def test_any_text_is_accepted_or_refused_with_a_reason(text):
    refusal = check(text)
    if refusal is not None:
        assert refusal.what
        assert refusal.next_step
        assert refusal.line is None or 1 <= refusal.line <= text.count("\n") + 1


@given(PIECES, st.integers(min_value=0, max_value=500))
def test_what_is_no_script_anywhere_is_always_recognised(text, line):
    """Wherever a Python stops, and whatever it says."""
    refusal = check_script(text, fault=Fault(line=line + 1, message="invalid syntax"))
    assert refusal is not None


def test_indentation_alone_decides_how_pasted_code_is_named():
    code = 'import keras\n\ndef f():\n    """Text\n    more"""\n    return 1\n\nprint(f())\n'
    assert check(code) is None
    assert check(textwrap.indent(code, "\t")).kind is Kind.INDENTED
