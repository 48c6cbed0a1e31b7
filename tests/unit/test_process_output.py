"""The first and the last of a stream that may be longer than anyone wants to keep."""

import re

from hypothesis import given
from hypothesis import strategies as st

from harness.process.capture import Capped


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(2, 60))
def test_both_ends_are_kept_and_the_rest_is_counted(chunks, limit):
    capped = Capped(limit)
    for chunk in chunks:
        capped.add(chunk)
    whole, kept = b"".join(chunks), capped.bytes()
    half = limit // 2
    if len(whole) <= 2 * half:
        assert kept == whole
        return
    note = re.search(rb"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n", kept[half:])
    assert kept[:half] == whole[:half]
    assert kept[half + note.end() :] == whole[-half:]
    assert int(note.group(1)) == len(whole) - 2 * half
