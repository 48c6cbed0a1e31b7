"""Replace the quotes, dashes and blanks that word processors and web pages put into code."""

from __future__ import annotations

from harness.project.syntax import tree_of
from harness.reports.not_python import TYPOGRAPHIC

_PLAIN = {
    **dict.fromkeys("“”„«»″", '"'), **dict.fromkeys("‘’‚′", "'"), **dict.fromkeys("–—−", "-"), "…": "...",
    **dict.fromkeys("\u00a0\u202f\u2009\u3000", " "), **dict.fromkeys("\u200b\u2060\ufeff\u00ad\u200e\u200f", ""),
    "，": ",", "（": "(", "）": ")", "：": ":", "＝": "=",
}  # fmt: skip


def with_plain_characters(text: str) -> str | None:
    """Return code with plain quotes, dashes and blanks; None if it has no others, or is no code with plain ones."""
    if not any(each in text for each in TYPOGRAPHIC):
        return None
    plain = "".join(_PLAIN.get(each, each) for each in text)
    return plain if tree_of(plain) is not None else None
