"""TOML in comment blocks is found as PEP 723's own expression finds it, in time that grows with the text alone."""

import re

from hypothesis import given
from hypothesis import strategies as st

from harness.project.inline_metadata import TOMLDecodeError, find_block

REFERENCE = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
lines = st.sampled_from(["# /// script", "# ///", "#", "# a = 1", "# b = 2", "code", "", "# /// script ", "#x"])
texts = st.lists(lines, max_size=12).map("\n".join)


@given(texts, st.booleans())
def test_blocks_are_those_of_the_reference(text, ends):
    text += "\n" * ends
    expected = [each.span() for each in REFERENCE.finditer(text)]
    try:
        found = find_block(text, "script")
    except TOMLDecodeError:
        assert len(expected) == 1
    except ValueError as error:
        assert len(expected) != 1, error
    else:
        assert [found[1]] == expected if found else expected == []
