"""Find passwords and access keys in the text of a report, and mask them where the text is shown again."""

from __future__ import annotations

import re

MASK = "***"
_SECRET = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|xox[bp]-[\w-]{10,})"
    r"|(?i:\b(?:api[-_]?key|access[-_]?token|secret[-_]?key|password|passwd)\b[\"']?\s{0,9}[:=]\s{0,9}[\"'])"
    r"(?P<value>[^\"'\s<>{}]{6,})(?=[\"'])"
)


def has_secret(text: str) -> bool:
    """Return True if a text seems to contain a password or an access key."""
    return _SECRET.search(text) is not None


def masked(text: str) -> str:
    """Return a text with its passwords and access keys masked."""
    return _SECRET.sub(lambda found: found.group().removesuffix(found["value"] or found.group()) + MASK, text)
