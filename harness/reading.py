"""Files that people hand over are read as a whole, if they are text of a sane size."""

from __future__ import annotations

import errno
from pathlib import Path

LONGEST = 1 << 22


def read_text(path: Path, *, longest: int = LONGEST) -> str:
    """Read UTF-8 text of at most so many bytes. Raises OSError, also for what is longer, and UnicodeDecodeError."""
    with path.open("rb") as stream:
        data = stream.read(longest + 1)
    if len(data) > longest:
        raise OSError(errno.EFBIG, f"it is longer than {longest >> 20} MiB", str(path))
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
