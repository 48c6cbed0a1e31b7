"""Text that XML can hold: most control characters have no form in it."""

from __future__ import annotations

import re

from harness.rendering.foreign_text import plain

_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def valid(text: str) -> str:
    """Return sanitized text without the characters that XML 1.0 does not allow."""
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", plain(text))
