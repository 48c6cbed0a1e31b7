"""TOML in comment blocks, as PEP 723 defines them: `# /// name` up to `# ///`. Scripts and locks carry such blocks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same library under its earlier name
    import tomli as tomllib

TOMLDecodeError = tomllib.TOMLDecodeError

_END = "# ///"
_LARGEST = 1 << 63


def loads(text: str) -> dict[str, Any]:
    """Parse TOML. Whatever keeps it from being read is a TOMLDecodeError."""
    try:
        values = tomllib.loads(text)
    except TOMLDecodeError:
        raise
    except ValueError as error:  # a number with thousands of digits
        raise TOMLDecodeError(str(error)) from None
    except RecursionError:
        raise TOMLDecodeError("it is nested too deep") from None
    _refuse_large_numbers(values)
    return values


def _refuse_large_numbers(values: dict[str, Any]) -> None:
    """An integer of TOML has 64 bits; what is written in hexadecimal may have more, and then cannot be printed."""
    left: list[Any] = [values]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
        elif isinstance(each, int) and not -_LARGEST <= each < _LARGEST:
            raise TOMLDecodeError("a number in it has more than 64 bits")


def find_block(text: str, name: str) -> tuple[dict[str, Any], tuple[int, int]] | None:
    """Give the table of the block with this name and its span in the text, or None if there is none.

    Raises TOMLDecodeError for malformed TOML and ValueError if the block stands twice or has no end.
    """
    blocks = list(_blocks(text.split("\n"), f"# /// {name}"))
    ended = [(first, last) for first, last in blocks if last is not None]
    if not ended:
        if blocks:
            begun = blocks[0][0] + 1
            raise ValueError(f"it begins in line {begun} and does not end: each line up to '# ///' begins with '# '")
        return None
    if len(ended) > 1:
        raise ValueError(f"the block '# /// {name}' stands {len(ended)} times")
    first, last = ended[0]
    lines = text.split("\n")
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines[first + 1 : last])
    start = sum(len(line) + 1 for line in lines[:first])
    end = start + sum(len(line) + 1 for line in lines[first : last + 1]) - 1
    return loads(content), (start, end)


def _blocks(lines: list[str], begin: str) -> Iterator[tuple[int, int | None]]:
    """Give the first and the last line of each block, None where it does not end; in one pass, however many begin.

    As PEP 723's expression finds them: a block goes on to the last `# ///` that only comments stand before.
    """
    at = 0
    while at < len(lines):
        first, end = at, None
        at += 1
        if lines[first] != begin:
            if lines[first].rstrip() == begin:
                yield first, None
            continue
        while at < len(lines) and (lines[at] == "#" or lines[at].startswith("# ")):
            if lines[at] == _END and at > first + 1:
                end = at
            at += 1
        if end is not None:
            at = end + 1
        yield first, end
