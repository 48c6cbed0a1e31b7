"""A script that catches an exception, prints it and goes on: a note says so."""

import pytest

from harness.reports.caught_exceptions import caught_and_printed

TRY = "try:\n    work()\nexcept {}:\n    {}\n"


@pytest.mark.parametrize(
    ("handler", "body", "output"),
    [
        ("Exception as e", "print('Error:', e)", "Error: wrong shape"),
        ("Exception as e", "print(f'FAILED {e} in step {1}')", "FAILED wrong shape in step 1"),
        ("ValueError as error", "print('it is', type(error).__name__, error)", "it is ValueError wrong shape"),
    ],
)
def test_printed_exception_is_found(handler, body, output):
    text = TRY.format(handler, body)
    assert caught_and_printed(text, f"start\n{output}\nend\n") == output
    assert caught_and_printed(text, "start\nend\n") is None


@pytest.mark.parametrize(
    ("handler", "body"),
    [
        ("Exception as e", "print(e)"),
        ("Exception", "print('Error:')"),
        ("Exception as e", "print('Error:', e); raise"),
        ("Exception as e", "print('Error:', e); sys.exit(1)"),
        ("Exception as e", "log('Error:', e)"),
    ],
    ids=["nothing but it", "without it", "raised again", "exit", "no print"],
)
def test_other_handlers_are_not_looked_for(handler, body):
    assert caught_and_printed(TRY.format(handler, body), "Error: wrong shape\n") is None


def test_text_that_is_no_python_has_none():
    assert caught_and_printed("x = (", "Error: a") is None


def test_hostile_output_takes_little_time():
    text = TRY.format("Exception as e", "print(f'{e}a{e}b{e}c{e}ddd')")
    assert caught_and_printed(text, "abc" * 300_000) is None
