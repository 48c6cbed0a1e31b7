"""Error messages are complete sentences, each with one full stop."""

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from harness.errors import Problems, UsageError, counted, first_line, some_of


def test_parts_are_sentences_that_end_once():
    assert str(UsageError("it broke", why="Why?", next_step="Mend it.")) == "it broke.\nWhy?\nMend it."


@pytest.mark.parametrize(("fix", "said"), [("Did you mean it?", "Did you mean it?"), ("Mend it", "Mend it.")])
def test_fix_of_a_problem_ends_once(fix, said):
    problems = Problems()
    problems.add("a.py", "it is wrong", fix)
    assert list(problems) == [f"a.py: it is wrong. {said}"]


def test_first_line_omits_the_source_excerpt():
    with pytest.raises(InvalidRequirement) as caught:
        Requirement("demo >>1")
    assert "\n" in str(caught.value)
    assert first_line(caught.value).startswith("Expected")
    assert "\n" not in first_line(caught.value)
    assert first_line(ValueError()) == ""


def test_counted_uses_singular_and_plural():
    assert [counted(number, "cell") for number in (0, 1, 2)] == ["0 cells", "1 cell", "2 cells"]


@pytest.mark.parametrize(
    ("names", "said"), [([], "none"), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")]
)
def test_some_of_lists_the_first_names(names, said):
    assert some_of(names, most=2) == said
