"""What a session of a shell shows of the versions that it installs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.reports.code import installed_by
from harness.reports.failures import exceptions_in
from harness.reports.mentions import package_of
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Claim, Place, Says
from harness.reports.sessions import SHELL_PROMPT

_STARTS = re.compile(r"(?:\S*/)?(?:python[\d.]*|pytest)\b|(?:\w+=\S+ )+(?:\S*/)?python")
_EXACT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?:\[[^]]*\])?==(?P<version>[\w.+!-]+)")


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A command that starts a script, with the versions that were installed before it."""

    installed: tuple[tuple[str, str, str, Place], ...]
    """The package, its version, the line that installs it, and where it stands."""
    failed: bool


def claims_in_sessions(pieces: Iterable[Piece]) -> Iterator[Claim]:
    """Yield what sessions show of the versions that they install: `$ pip install keras==3.9.0`, `$ python x.py`.

    A run without an exception says "works" only beside a run with one: people also post the commands alone.
    """
    runs = [run for piece in pieces if piece.shape is Shape.BLOCK for run in _runs(piece)]
    if not any(run.failed for run in runs):
        return
    for run in runs:
        says = Says.FAILS if run.failed else Says.WORKS
        for package, version, line, place in run.installed:
            yield Claim(text=line, place=place, says=says, package=package, version=version)


def _runs(piece: Piece) -> Iterator[_Run]:
    lines = piece.lines[:2000]
    starts = [at for at, line in enumerate(lines) if SHELL_PROMPT.match(line)]
    installed: dict[str, tuple[str, str, str, Place]] = {}
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        command = SHELL_PROMPT.sub("", lines[at])
        for each in installed_by(command):
            if found := _EXACT.fullmatch(each):
                package, place = package_of(found["name"]), Place(line=piece.line + at, file=piece.file)
                installed[package] = (package, found["version"], lines[at].strip()[:300], place)
        if _STARTS.match(command) and installed:
            shown = "\n".join(lines[at + 1 : end])
            failed = bool(exceptions_in(shown, Place(line=1))) or "Traceback" in shown
            yield _Run(installed=tuple(installed.values()), failed=failed)
