"""A script that prints an error and ends with status 0 passes; a note says what it printed."""

import pytest

from harness.rendering.printed_errors import note, printed_error

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 3, in work\n    raise ValueError("no")\n'
THREAD = f"Exception in thread Thread-1:\n{TRACEBACK}ValueError: no\n"
CHAINED = (
    f"{TRACEBACK}KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
    f"{TRACEBACK}demo.errors.Gone\n"
)
DOCTEST = "1 items had failures:\n   1 of   1 in __main__.f\n***Test Failed*** 1 failures.\n"


@pytest.mark.parametrize(
    ("stdout", "stderr", "expected"),
    [
        ("done\n", "", None),
        ("", "Traceback is off\nValueError: no\n", None),
        ("", THREAD, "ValueError: no"),
        (f"{THREAD}done\n", "", "ValueError: no"),
        ("", CHAINED, "demo.errors.Gone"),
        (f"Failed example:\n    f(1)\nExpected:\n    3\n{DOCTEST}", "", "1 failed doctest"),
        ("", f"{TRACEBACK}", None),
        ("", "a.py:5: RuntimeWarning: coroutine 'A.go' was never awaited\n", "coroutine 'A.go' was never awaited"),
    ],
    ids=["nothing", "words", "thread", "printed", "last of a chain", "doctest", "cut off", "not awaited"],
)
def test_printed_error_is_found(stdout, stderr, expected):
    assert printed_error(stdout, stderr) == expected


def test_note_names_the_environments_and_says_what_a_pass_means():
    assert note("a", []) is None
    said = note("a", [("tf2.15.1", "ValueError: no"), ("keras3.5.0", "KeyError: 1")])
    assert said.startswith("a passes, but prints an error: ValueError: no and others (tf2.15.1, keras3.5.0). A pass")


def test_hostile_output_takes_linear_time():
    assert printed_error("", "Traceback (most recent call last):\n" + " \n" * 200_000) is None
    assert printed_error("", "Traceback (most recent call last):\n" * 20_000 + "\n" * 20_000) is None
