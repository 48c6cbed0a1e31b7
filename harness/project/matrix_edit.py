"""Change single keys of a family in matrix.toml, and nothing else of the text: comments and order stay."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from harness.errors import HarnessError
from harness.project.inline_metadata import TOMLDecodeError, loads
from harness.project.matrix import FILE

_TABLE = re.compile(r"\s*\[")
Value = str | Sequence[str]


def set_key(text: str, family: str, key: str, value: Value) -> str:
    """Return the text with a key of [families.NAME] set to a string, or to a list of strings.

    Raises HarnessError if the text is written in a way that cannot be changed line by line.
    """
    wanted = json.dumps(value if isinstance(value, str) else list(value))
    lines = (text if text.endswith("\n") else f"{text}\n").splitlines(keepends=True)
    begin = next((at for at, line in enumerate(lines) if line.split("#")[0].strip() == f"[families.{family}]"), None)
    if begin is None:
        raise _cannot(family, key, wanted)
    ends = (at for at in range(begin + 1, len(lines)) if _TABLE.match(lines[at]))
    end = next(ends, len(lines))
    key_line = re.compile(rf"{re.escape(key)}\s*=")
    places = [at for at in range(begin + 1, end) if key_line.match(lines[at])]
    line = f"{key} = {wanted}\n"
    if places:
        lines[places[0]] = line
    else:
        # Behind the last key of the family, before blank lines and the comments of the next table.
        last = max(at for at in range(begin, end) if lines[at].strip() and not lines[at].lstrip().startswith("#"))
        lines.insert(last + 1, line)
    changed = "".join(lines)
    if not _is_only_change(text, changed, family, key, json.loads(wanted)):
        raise _cannot(family, key, wanted)
    return changed


def _is_only_change(before: str, after: str, family: str, key: str, value: object) -> bool:
    try:
        old, new = loads(before), loads(after)
    except TOMLDecodeError:
        return False
    old["families"][family][key] = value
    return old == new


def _cannot(family: str, key: str, value: str) -> HarnessError:
    return HarnessError(
        f"{FILE}: families.{family}.{key} cannot be changed automatically",
        why="The key is not on a line of its own",
        next_step=f"Write it yourself: {key} = {value}",
    )
