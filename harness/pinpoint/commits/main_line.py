"""The search for the commit of the main branch with the same change as a commit on a release branch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.pinpoint.answers.values import Point, ProvenTransition
from harness.pinpoint.commits.repository import CommitDescription, Repository

_BULLET = re.compile(r"^\s*[*-]\s+(?P<title>\S.*\S)\s*$")
_MOST_BUNDLED = 12


class Probes(Protocol):
    """Runs commits."""

    def point(self, sha: str) -> Point:
        """Return the result of a commit."""

    def line(self, base: str, tip: str) -> list[str]:
        """List the commits of a tip's own line after a base that touch the package, oldest first, the tip included."""

    def borders(self, shas: Sequence[str]) -> tuple[ProvenTransition, ...]:
        """Return the transitions between some commits: neighbours that differ, found by halving."""


@dataclass(frozen=True, kw_only=True)
class OnMainLine:
    """The result of a search on the main branch: two neighbouring commits, or the reason why there are none."""

    border: ProvenTransition | None = None
    why_not: str = ""


def bundled(commit: CommitDescription) -> tuple[str, ...]:
    """Return the titles of the changes that the message of a squashed or picked commit lists."""
    found = (_BULLET.match(line) for line in commit.body.splitlines())
    titles = tuple(match["title"] for match in found if match is not None and match["title"] != commit.title)
    return titles[:_MOST_BUNDLED] if len(titles) > 1 else ()


def find_on_main_line(
    repository: Repository,
    probes: Probes,
    commit: CommitDescription,
    *,
    before: Point,
    after: Point,
    alike: Callable[[Point, Point], bool],
) -> OnMainLine:
    """Find the change from `before` to `after` on the main branch (HEAD). A commit on another branch made it.

    Commits of the same title, or of a title that the message lists, are tried first. Then the line is halved from where
    the two part to the day of the commit, or if it does not have the change by then, to its end.
    """
    head = repository.head()
    fork = None if head is None else repository.fork_of(commit.sha, head)
    if head is None or fork is None or fork == head:
        return OnMainLine(why_not="the HEAD of the repository is on no other line")
    for sha in repository.titled([commit.title, *bundled(commit)], f"{fork}..{head}"):
        parents = repository.describe(sha).parents
        if parents and alike(probes.point(parents[0]), before) and alike(probes.point(sha), after):
            return OnMainLine(
                border=ProvenTransition(package="", before=probes.point(parents[0]), after=probes.point(sha))
            )
    if not alike(probes.point(fork), before):
        return OnMainLine(why_not=f"where it parts, at {fork[:10]}, the main line shows: {probes.point(fork).text}")
    tips = dict.fromkeys([repository.last_before(head, fork, commit.sha) or head, head])
    tip = next((each for each in tips if each != fork and alike(probes.point(each), after)), None)
    if tip is None:
        return OnMainLine(
            why_not=f"the main line does not have that change: {head[:10]} shows: {probes.point(head).text}"
        )
    borders = [each for each in probes.borders([fork, *probes.line(fork, tip)]) if alike(each.after, after)]
    return (
        OnMainLine(border=borders[-1]) if borders else OnMainLine(why_not="no commit of the main line shows it alone")
    )
