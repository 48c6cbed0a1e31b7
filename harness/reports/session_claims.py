"""Claims in output: a shell session and the versions that it installs, a block with a label for each version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.reports.clauses import OWN_NAMES
from harness.reports.code import is_transcript
from harness.reports.failures import exceptions_in
from harness.reports.mentions import find_mentions, package_of
from harness.reports.pieces import Piece, Shape
from harness.reports.pip_lines import installed_by
from harness.reports.report import Claim, Place, Says
from harness.reports.shell_blocks import SHELL_PROMPT
from harness.reports.wording import is_label_of_output, verdict_of

_STARTS = re.compile(r"(?:\S*/)?(?:python[\d.]*|pytest)\b|(?:\w+=\S+ )+(?:\S*/)?python")
_EXACT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?:\[[^]]*\])?==(?P<version>[\w.+!-]+)")
_MOST_LINES = 2000
_LONGEST_LABEL = 80


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A command that starts a script, with the versions that were installed before it."""

    installed: tuple[tuple[str, str, str, Place], ...]
    """The package, its version, the line that installs it, and where it stands."""
    failed: bool


def claims_in_sessions(pieces: Iterable[Piece]) -> Iterator[Claim]:
    """Yield the claims of sessions about the versions that they install: `$ pip install keras==3.9.0`, `$ python x.py`.

    A run without an exception says "works" only if another run has one: people also post the commands alone.
    """
    runs = [run for piece in pieces if piece.shape is Shape.BLOCK for run in _runs(piece)]
    if not any(run.failed for run in runs):
        return
    for run in runs:
        says = Says.FAILS if run.failed else Says.WORKS
        for package, version, line, place in run.installed:
            yield Claim(text=line, place=place, says=says, package=package, version=version)


def _runs(piece: Piece) -> Iterator[_Run]:
    lines = piece.lines[:_MOST_LINES]
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


def claims_of_labels(pieces: Iterable[Piece]) -> Iterator[Claim]:
    """Yield the claims of a block about several versions: `Results on TensorFlow 2.4:` above an exception.

    A part without an exception says "works" only if another part has one.
    """
    for piece in pieces:
        if piece.shape is not Shape.BLOCK or is_transcript(piece.text):
            continue
        lines = piece.lines[:_MOST_LINES]
        labels = [(at, named) for at, line in enumerate(lines) if (named := _labelled(line))]
        if len(labels) < 2:
            continue
        ends = [*(at for at, _ in labels[1:]), len(lines)]
        parts = [(at, named, "\n".join(lines[at + 1 : end])) for (at, named), end in zip(labels, ends, strict=True)]
        failed = [bool(exceptions_in(shown, Place(line=1))) for _, _, shown in parts]
        if not any(failed) or all(failed) or not all(shown.strip() for _, _, shown in parts):
            continue
        for (at, (package, version), _), fails in zip(parts, failed, strict=True):
            yield Claim(
                text=lines[at].strip(), place=Place(line=piece.line + at, file=piece.file),
                says=Says.FAILS if fails else Says.WORKS, package=package, version=version,
            )  # fmt: skip


def compared_outputs(claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims with verdicts of compared outputs: if one version fails by the report, the others work."""
    claims = list(claims)
    failing = {
        (each.package, each.version) for each in claims if each.says is Says.FAILS and verdict_of(each.text) is not None
    }
    labels = [each for each in claims if each.says is Says.FAILS and is_label_of_output(each.text)]
    bad = [each for each in labels if any(_is_version_of(each, package, number) for package, number in failing)]
    if not bad:
        return claims
    good = [each for each in labels if each not in bad and any(each.package == other.package for other in bad)]
    return [replace(each, says=Says.WORKS) if each in good else each for each in claims]


def _is_version_of(claim: Claim, package: str, number: str) -> bool:
    """Return whether a claim is about a version, or about a candidate of it: 2.2.0rc0 for 2.2.0."""
    same = f"{claim.version}.".startswith(f"{number}.") or f"{number}.".startswith(f"{claim.version}.")
    return claim.package == package and (
        same or re.match(rf"{re.escape(number)}[-.]?(?:rc|a|b|dev)", claim.version) is not None
    )


def _labelled(line: str) -> tuple[str, str] | None:
    """Return the package and the version of a line that is a label, such as `TF 2.10 output:`."""
    label = line.strip()
    if not label.endswith(":") or len(label) > _LONGEST_LABEL:
        return None
    found = [each for each in find_mentions(label) if each.named and each.package not in OWN_NAMES]
    return (found[0].package, found[0].version) if len(found) == 1 else None
