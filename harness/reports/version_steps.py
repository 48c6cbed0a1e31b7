"""Steps from one version to another, and two versions that a sentence compares: the direction says which one works."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.reports.mentions import Mention, is_commit
from harness.reports.report import Says
from harness.reports.wording import verdict_of

_STEP = re.compile(
    r"\b(?:mov(?:e|ed|ing)|upgrad\w*|updat\w*|bump\w*|go(?:ing)?|went|switch\w*|migrat\w*|chang\w*|regress\w*"
    r"|deviat\w*|differ\w*|broke\w*|downgrad\w*|roll\w*|revert\w*)\b(?:\W+\w+){0,6}?\W+(?:from|between)\b",
    re.IGNORECASE,
)
# `I had to go back from 3.10.0 to 3.9.2`
_BACK = re.compile(
    r"\bdowngrad|\brevert|\b(?:go|going|went|switch\w*|mov\w*|roll\w*|chang\w*)\b[^.]{0,20}\bback\b", re.IGNORECASE
)
_TO = re.compile(r"[\s`*]*(?:to\b|->|→)", re.IGNORECASE)
# `keras 3.9.2 -> 3.10.0`
_ARROW = re.compile(r"[\s`*'\"]*(?:-+>|=+>|[→➜⟶])[\s`*'\"]*(?:keras|tensorflow|tf)?[\s=`*'\"v]*", re.IGNORECASE)
# `0.98 with TF 2.12 and 0.11 with TF 2.13`, and lines `keras 3.3.3: 12 s`
_VALUES = re.compile(
    r"\W*(?:(?:and|vs\.?|versus|but) )?[`'\"]?-?\d[\d.,e%+-]*\s?\w{0,12}[`'\"]? "
    r"(?:with|in|on|under|using|for) (?:keras|tf|tensorflow)? ?$"
    r"|[`'\"*]*\s*[:=][^\n]{1,60}\n\W*(?:keras|tf|tensorflow)?[ =]*$",
    re.IGNORECASE,
)
# `2.4 takes 3 s per epoch, versus 1 s with 2.3`
_VERSUS = re.compile(
    r"[^.;\n]{0,60}?\d[\d.,]*\s?[A-Za-z%][^.;\n]{0,40}?\b(?:versus|vs\.?|compared (?:to|with))\s"
    r"[^.;\n]{0,20}?\d[\d.,]*\s?[A-Za-z%][^.;\n]{0,20}?\b(?:with|in|on|under|using|for) (?:keras|tf|tensorflow)? ?$",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[`'\"]*\s*\((?P<said>[^()\d]{1,30})\)")
_WHEREAS = re.compile(r"[\s,;]*\b(?:but|while|whereas|however)\b", re.IGNORECASE)


def verdict_of_step(clause: str, mention: Mention, mentions: Sequence[Mention], verdict: Says | None) -> Says | None:
    """Return what a step says of one of its versions: the first works, the last fails; None if there is no step.

    `verdict` is that of the clause. Of a step back, the first one fails.
    """
    back = _BACK.search(clause) is not None
    arrow = _by_arrow(clause, mention, mentions, verdict)
    if arrow is not None and (back or verdict is not Says.WORKS):
        return arrow
    step = _STEP.search(clause)
    if step is None:
        return None
    says: Says | None = None
    from_here = _in_order([each for each in mentions if each.start >= step.end()], step)
    if step.end() <= mention.start and len(mentions) > 1 and (back or verdict is not Says.WORKS):
        says = Says.WORKS if (mention is from_here[0] and len(from_here) > 1) is not back else Says.FAILS
    first = not clause[step.end() : mention.start].strip(" `*")
    if first and not back and not _between(step) and not _TO.match(clause[mention.end :]):
        says = Says.WORKS  # `fails after the upgrade from 2.15`, and nothing says to which version
    return says


def _by_arrow(clause: str, mention: Mention, mentions: Sequence[Mention], verdict: Says | None) -> Says | None:
    """Return what `3.9.2 -> 3.10.0`, or `0.9 with 3.9 and 0.1 with 3.10`, says of a version: the higher one fails."""
    at = mentions.index(mention)
    for one, other in zip(mentions[max(0, at - 1) : at + 1], mentions[max(0, at - 1) + 1 : at + 2], strict=False):
        between = clause[one.end : other.start]
        if one.package == other.package and (
            _ARROW.fullmatch(between) or (verdict is None and (_VALUES.match(between) or _VERSUS.match(between)))
        ):
            return Says.FAILS if mention is max((one, other), key=_numbers) else Says.WORKS
    return None


def verdict_of_contrast(between: str, one: Sequence[Mention], other: Sequence[Mention]) -> Says | None:
    """Return what a clause says of its version, if the next or previous one says something else of another version.

    `In 3.10 it is a list, whereas it is a tensor in 3.9`: without any other word, the higher version is the problem.
    `between` is what stands between the clauses, and `one` are the versions of the clause in question.
    """
    if _WHEREAS.match(between) is None or len(one) != 1 or len(other) != 1 or one[0].package != other[0].package:
        return None
    if _numbers(one[0]) == _numbers(other[0]):
        return None
    return Says.FAILS if _numbers(one[0]) > _numbers(other[0]) else Says.WORKS


def verdict_in_brackets(line: str, mentions: Sequence[Mention]) -> tuple[Mention, Says] | None:
    """Return the version whose brackets alone say what a line says, with their verdict."""
    for mention in mentions if len(mentions) > 1 else ():
        found = _IN_BRACKETS.match(line[mention.end :])
        says = verdict_of(found["said"]) if found else None
        if found and says is not None and verdict_of(line[: mention.end]) is None:
            return mention, says
    return None


def _between(step: re.Match[str]) -> bool:
    return step.group().lower().endswith("between")


def _in_order(mentions: list[Mention], step: re.Match[str]) -> list[Mention]:
    """Return the versions of a step, the earliest first: `between` says nothing of their order."""
    if not _between(step) or any(is_commit(each.version) for each in mentions):
        return mentions
    return sorted(mentions, key=_numbers)


def _numbers(mention: Mention) -> list[int]:
    return [int(part) for part in re.findall(r"\d{1,9}", mention.version)]
