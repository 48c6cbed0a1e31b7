"""Read files of users as text, up to a size limit."""

from __future__ import annotations

import contextlib
import errno
import json
import re
from pathlib import Path
from typing import Any

LONGEST = 1 << 22
# PEP 263: in the first line, or in the second one below a comment.
_DECLARATION = re.compile(rb"(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*(?P<name>[-\w.]+)")
_FORMATS = {
    b"PK\x03\x04": "a ZIP archive, as `.keras` and `.npz` files are",
    b"\x89HDF": "an HDF5 file, as `.h5` models are",
    b"\x93NUMPY": "an array of NumPy",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"\x7fELF": "a program",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


def read_text(path: Path, *, longest: int = LONGEST) -> str:
    """Read text of at most `longest` bytes. Raises OSError, also for a longer file, and UnicodeDecodeError.

    It is UTF-8. A Python script may declare another encoding; the text then declares UTF-8.
    """
    with path.open("rb") as stream:
        data = stream.read(longest + 1)
    if len(data) > longest:
        raise OSError(errno.EFBIG, f"it is longer than {longest >> 20} MiB", str(path))
    return _decoded(data).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str:
    """Decode a file. Raises UnicodeDecodeError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _DECLARATION.match(data)
        if declared is None:
            raise
        with contextlib.suppress(LookupError, UnicodeError):
            text = (data[: declared.start("name")] + b"utf-8" + data[declared.end("name") :]).decode(
                declared["name"].decode()
            )
            return text.removeprefix("\ufeff")
        raise


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401  # as json.loads
    """Parse JSON that another process or an earlier run wrote. Raises ValueError, also if it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def describe_bytes(data: bytes, place: int = 0) -> tuple[str, str]:
    """Return the kind of a file that is not UTF-8, and the next step. Decoding failed at the offset `place`."""
    kind = next((kind for magic, kind in _FORMATS.items() if data.startswith(magic)), "")
    if not kind and b"\0" in data:
        # In UTF-16 every second byte of plain English is a NUL; other binary files have them anywhere.
        halves = data[:256:2], data[1:256:2]
        kind = "text in UTF-16" if any(half.count(0) * 2 > len(half) for half in halves) else "a binary file"
    if kind.startswith("text"):
        return f"it is {kind}, not UTF-8", "Save it as UTF-8"
    if kind:
        return f"it is {kind}, not text", "Name a report or a script that shows the bug"
    line = data[:place].count(b"\n") + 1
    return f"it is not UTF-8: line {line} has the byte 0x{data[place]:02x}", "Save it as UTF-8"
