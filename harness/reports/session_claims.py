"""What a session of a shell shows of the versions that it installs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.reports.code import installed_by
from harness.reports.facts import exceptions_in
from harness.reports.mentions import package_of
from harness.reports.pieces import Piece
from harness.reports.report import Claim, Place, Says
from harness.reports.sessions import SHELL_PROMPT

_STARTS = re.compile(r"(?:\S*/)?(?:python[\d.]*|pytest)\b|(?:\w+=\S+ )+(?:\S*/)?python")
_EXACT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?:\[[^]]*\])?==(?P<version>[\w.+!-]+)")


def claims_in_session(piece: Piece) -> Iterator[Claim]:
    """Yield what a session shows of the versions that it installs: `$ pip install keras==3.9.0`, `$ python x.py`."""
    lines = piece.lines[:2000]
    starts = [at for at, line in enumerate(lines) if SHELL_PROMPT.match(line)]
    installed: dict[str, tuple[str, int]] = {}
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        command = SHELL_PROMPT.sub("", lines[at])
        for each in installed_by(command):
            if found := _EXACT.fullmatch(each):
                installed[package_of(found["name"])] = (found["version"], at)
        if not _STARTS.match(command) or not installed:
            continue
        shown = "\n".join(lines[at + 1 : end])
        says = Says.FAILS if exceptions_in(shown, Place(line=1)) or "Traceback" in shown else Says.WORKS
        for package, (version, line) in installed.items():
            place = Place(line=piece.line + line, file=piece.file)
            yield Claim(text=lines[line].strip()[:300], place=place, says=says, package=package, version=version)
