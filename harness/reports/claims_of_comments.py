"""The claims of the comments below a report: `I cannot reproduce it with 3.5.0`. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from harness.model.nightly import is_nightly
from harness.reports.claims import Context, claims_in, without_repeats
from harness.reports.facts import claims_of_fields
from harness.reports.mentions import can_be, find_mentions
from harness.reports.pieces import MOST, Shape, clip, read_pieces
from harness.reports.report import Claim
from harness.reports.source import Comment
from harness.reports.wording import is_observation

_NUMBERS = re.compile(r"\d+\.\d+")
_QUOTED = re.compile(r"^[ \t]{0,3}>.*$", re.MULTILINE)


def claims_in_comments(comments: Iterable[Comment], default: str, subjects: Collection[str]) -> list[Claim]:
    """Return the claims of comments, each with the number and the author of its comment as its file.

    Only what a comment says that it saw counts: no question, no advice, no quoted text, and no version that it only
    names. A number without a package counts if only one of the `subjects` of the report can have it. The claims of
    the reporter's own comments are the reporter's, also the fields in them.
    """
    others = [each for each in subjects if each != default]
    found = (_in_comment(comment, number, default, others) for number, comment in enumerate(comments, start=1))
    return without_repeats(claim for claims in found for claim in claims)


def _in_comment(comment: Comment, number: int, default: str, others: Collection[str]) -> Iterator[Claim]:
    name = f"comment {number} by {comment.author}" if comment.author else f"comment {number}"
    text = _QUOTED.sub("", clip(comment.text)[0])
    pieces = [each for each in read_pieces(text, file=name)[:MOST] if each.shape is not Shape.BLOCK]
    claims = claims_in(pieces, Context(default=default, explicit=True))
    claims = [each for each in claims if is_observation(each.text) and not _may_be_of(others, each)]
    fields = claims_of_fields(pieces) if comment.by_reporter else ()
    yield from (replace(each, commented=not comment.by_reporter) for each in (*claims, *fields))


def _may_be_of(others: Collection[str], claim: Claim) -> bool:
    """Return whether the version of a claim stands alone, and may be that of another package."""
    named = any(each.version == claim.version for each in find_mentions(claim.text))
    if named or is_nightly(claim.version) or _NUMBERS.match(claim.version) is None:
        return False
    return any(can_be(each, claim.version) for each in others if each != claim.package)
