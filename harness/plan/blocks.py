"""TOML in comment blocks, as PEP 723 defines them: `# /// name` up to `# ///`. Scripts and locks carry such blocks."""

from __future__ import annotations

import re
import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same library under its earlier name
    import tomli as tomllib

TOMLDecodeError = tomllib.TOMLDecodeError

# The reference expression of PEP 723, for one named block.
_BLOCK = r"(?m)^# /// {name}$\s(?P<content>(^#(| .*)$\s)+)^# ///$"


def loads(text: str) -> dict[str, Any]:
    """Parse TOML. Whatever keeps it from being read is a TOMLDecodeError."""
    try:
        return tomllib.loads(text)
    except TOMLDecodeError:
        raise
    except ValueError as error:  # a number with thousands of digits
        raise TOMLDecodeError(str(error)) from None
    except RecursionError:
        raise TOMLDecodeError("it is nested too deep") from None


def find_block(text: str, name: str) -> tuple[dict[str, Any], tuple[int, int]] | None:
    """Give the table of the block with this name and its span in the text, or None if there is none.

    Raises TOMLDecodeError for malformed TOML and ValueError if the block stands twice or has no end.
    """
    matches = list(re.finditer(_BLOCK.format(name=re.escape(name)), text))
    if not matches:
        if begun := re.search(rf"(?m)^# /// {re.escape(name)}\s*$", text):
            line = text.count("\n", 0, begun.start()) + 1
            raise ValueError(f"it begins in line {line} and does not end: each line up to '# ///' begins with '# '")
        return None
    if len(matches) > 1:
        raise ValueError(f"the block '# /// {name}' stands {len(matches)} times")
    lines = matches[0].group("content").removesuffix("\n").split("\n")
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    return loads(content), matches[0].span()
