"""Regular expressions of strangers: they find what Python's would, and none of them takes long."""

import re

import pytest

from harness.model import Case, Label, Pattern

LONG = 200_000


@pytest.mark.parametrize(
    ("expression", "text"),
    [("(a+)+$", "a" * LONG + "b"), ("(x+x+)+y", "x" * LONG), ("(.*)*(.*)*(.*)*z", "y" * LONG)],
)
def test_an_expression_made_to_take_hours_is_searched_in_a_moment(expression, text):
    """Python's `re` would not come to an end before the limit of the tests does."""
    label = Label(stage=None, error=Pattern(expression), label="bug", note="why")
    assert not label.matches(stage="load", error=text, case=Case(scenario="s"), environment="demo1.0")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("already been configured", "ValueError: it has already been configured"),
        (r"(?s)TypeError: .*'(dict|str)' object", "TypeError: first\nsecond 'str' object"),
        (r"\d+ != \d+", "3 != 44"),
        ("", "anything"),
        ("ValueError: é", "ValueError: é"),
        ("^KeyError", "ValueError: KeyError"),
        ("a.c", "a\nc"),
    ],
)
def test_it_finds_what_python_would_find(expression, text):
    assert Pattern(expression).found_in(text) == bool(re.search(expression, text))


def test_half_a_character_in_a_message_does_no_harm():
    assert Pattern("Error").found_in("Error: \ud800")


@pytest.mark.parametrize("expression", ["(", "(?=a)b", r"(a)\1", "(a{1000}){1000}", "[", "*"])
def test_what_cannot_be_searched_in_time_is_refused(expression):
    with pytest.raises(ValueError, match="RE2"):
        Pattern(expression)
