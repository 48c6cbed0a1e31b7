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
loads = tomllib.loads

# The reference expression of PEP 723, for one named block.
_BLOCK = r"(?m)^# /// {name}$\s(?P<content>(^#(| .*)$\s)+)^# ///$"


def find_block(text: str, name: str) -> tuple[dict[str, Any], tuple[int, int]] | None:
    """Give the table of the block with this name and its span in the text, or None if there is none.

    Raises TOMLDecodeError for malformed TOML and ValueError if the block stands twice.
    """
    matches = list(re.finditer(_BLOCK.format(name=re.escape(name)), text))
    if not matches:
        return None
    if len(matches) > 1:
        raise ValueError(f"the block '# /// {name}' stands {len(matches)} times")
    lines = matches[0].group("content").splitlines()
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    return loads(content), matches[0].span()
