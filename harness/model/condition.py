"""The options of a run that can change an outcome: results under different conditions are never pooled as repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"(sandbox off)|overlay (\w+)|timeout (\S+) s|data ([0-9a-f]{16})")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Options that differ from the ordinary condition: sandboxed, no overlay, the script's own time limit."""

    sandboxed: bool = True
    overlay: str | None = None
    """The package whose sources overlay the installed ones."""
    timeout_s: float | None = None
    """The time limit, where the outcome depends on it."""
    data: str = ""
    """The digest of the downloaded data that the script sees."""

    def __str__(self) -> str:
        parts = (
            "" if self.sandboxed else "sandbox off",
            f"overlay {self.overlay}" if self.overlay else "",
            f"timeout {self.timeout_s:.12g} s" if self.timeout_s is not None else "",
            f"data {self.data}" if self.data else "",
        )
        return ", ".join(filter(None, parts))

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read a condition as it prints itself; empty is the ordinary one. Raises ValueError."""
        sandboxed, overlay, timeout_s, data = True, None, None, ""
        for part in text.split(", ") if text else ():
            match = _PART.fullmatch(part)
            if match is None:
                raise ValueError(f"{part!r} is no part of a condition")
            sandboxed = sandboxed and not match[1]
            overlay = match[2] or overlay
            timeout_s = float(match[3]) if match[3] else timeout_s
            data = match[4] or data
        return cls(sandboxed=sandboxed, overlay=overlay, timeout_s=timeout_s, data=data)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the command line that ask for it."""
        return (
            *(() if self.sandboxed else ("--sandbox", "off")),
            *(("--overlay", f"{self.overlay}=DIR") if self.overlay else ()),
            *(("--timeout", f"{self.timeout_s:.12g}") if self.timeout_s is not None else ()),
            *(("--data", "DIR") if self.data else ()),
        )
