"""Parse TOML in comment blocks of scripts and locks, as PEP 723 defines them: `# /// name` up to `# ///`."""

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
    """Parse TOML. Raises TOMLDecodeError for every kind of invalid input."""
    try:
        values = tomllib.loads(text)
    except TOMLDecodeError:
        raise
    except ValueError as error:  # a number with thousands of digits
        raise TOMLDecodeError(str(error)) from None
    except RecursionError:
        raise TOMLDecodeError("it is nested too deeply") from None
    _refuse_large_numbers(values)
    return values


def _refuse_large_numbers(values: dict[str, Any]) -> None:
    """Raise TOMLDecodeError for integers of more than 64 bits. Python cannot print very long ones."""
    pending: list[Any] = [values]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
        elif isinstance(each, int) and not -_LARGEST <= each < _LARGEST:
            raise TOMLDecodeError("a number in it has more than 64 bits")


def find_block(text: str, name: str) -> tuple[dict[str, Any], tuple[int, int]] | None:
    """Return the table of the block with this name and its span in the text, or None if there is none.

    Raises TOMLDecodeError for invalid TOML, and ValueError if there are several blocks or the block has no end.
    """
    blocks = list(_blocks(text.split("\n"), f"# /// {name}"))
    ended = [(first, last) for first, last in blocks if last is not None]
    if not ended:
        if blocks:
            begun = blocks[0][0] + 1
            raise ValueError(f"it begins in line {begun} and has no end: each line up to '# ///' must begin with '# '")
        return None
    if len(ended) > 1:
        raise ValueError(f"there are {len(ended)} blocks '# /// {name}'")
    first, last = ended[0]
    lines = text.split("\n")
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines[first + 1 : last])
    start = sum(len(line) + 1 for line in lines[:first])
    end = start + sum(len(line) + 1 for line in lines[first : last + 1]) - 1
    return loads(content), (start, end)


def _blocks(lines: list[str], begin: str) -> Iterator[tuple[int, int | None]]:
    """Yield the first and last line of each block, None if it has no end. Takes linear time.

    Like the regular expression of PEP 723: a block ends at the last `# ///` that follows comment lines only.
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
