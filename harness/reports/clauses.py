"""Split the sentences of a report into clauses: each says one thing of its versions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.reports.mentions import find_mentions
from harness.reports.wording import verdict_of

OWN_NAMES = {"python", "cuda", "cudnn", "pip"}
"""Packages whose versions are no claims."""
LONGEST_CLAUSE = 2000
"""Characters of a clause that are read."""
_CLAUSES = re.compile(
    r"(?<=[.!?])(?<!\bie\.)(?<!\beg\.)(?<!\bi\.e\.)(?<!\be\.g\.)(?<!\bvs\.)[\s)]+"
    r"(?=[A-Z\"'`*(]|\d+\.\d+(?:\.\d+)? (?:is|was|has|does|did|works|fails|also|still|ok|and)\b)"
    r"|(?<=[.!?])\s+(?=(?:[Kk]eras|[Tt]ensor[Ff]low|TF|tf)[ =]+v?\d)"  # `tensorflow==2.15: fine. tensorflow==2.16: no`
    r"|\n\s*(?=(?:[Kk]eras|[Tt]ensor[Ff]low|TF|tf)[ =]+v?\d[\w.]*\s*[-=]+>)"  # lines `keras 3.7.0 -> KO`
    r"|(?<=[.!?])[ \t]*\n\s*|;\s+|\n\s*\n|\n\s*(?=[-*+]\s|\*\*|\d+\.\d+)"
    r"|\s+(?=(?:The )?Same (?:model|code|script|file|example|notebook|program)\b)"  # titles have no full stop
    r"|[\uff0c\u3002\uff1b]"  # as Chinese is punctuated
    r"|(?:,|(?<!\s))\s+\(?(?:but|while|whereas|however|though|although|yet)\s+"
    r"|,\s+(?=neither\s+(?:in|with|on)\s)|,\s+(?:and\s+)?(?:not\s+)?(?=in\s|with\s)|(?<!\s)\s+\((?=not\s+(?:\w+\s+)?(?:in|on|with)\s)"
)
_WITHOUT_RELEASE = re.compile(r"\b[Kk]eras[ -]?[23]\b|(?<![\w.])(?:tf-|keras-)?nightly\b", re.IGNORECASE)
_TELLS_OF_VERSION = re.compile(
    r"(?:I|we)(?: am|'m| are|'re) (?:on|at|using) "
    r"|(?:keras|tensorflow|tf)[ =]v?\d[\w.]* (?!(?:as|plus|versus|works|passes|is|was)\b)[a-z]{2,}s\b",
    re.IGNORECASE,
)
# `crash with 2.2.3, this problem does not show up in 2.2.2`
_THE_PROBLEM = re.compile(
    r"(?:(?:this|the|that|such) (?:same )?(?:problem|issue|error|bug|warning|exception|crash)|it)\b", re.IGNORECASE
)
_BEGINS_WITH_CASE = re.compile(
    r"\W*(?:in|with|on|under|using|for|from|after|before|since|if|when|while|as)\b", re.IGNORECASE
)
_CASE = re.compile(r"(?:if|when|after|once)\s", re.IGNORECASE)
# `It worked, with TF 2.10`: the verdict stands before the comma
_ONLY_WHERE = re.compile(r"\W*(?:in|with|on|under|using)\W*$", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)")
_AND = re.compile(r"(?:,|(?<!\s))\s+(?:and|so)\s+|,\s+|(?<!\s)\s+\(|(?<!\s)\s+[-\u2013\u2014]+\s+|\n")


def clauses_of(text: str, default: str) -> Iterator[tuple[int, str]]:
    """Yield the clauses of a text with their places. `default` is the package of versions that stand alone."""
    at = 0
    places = [*((found.start(), found.end()) for found in _CLAUSES.finditer(text)), (len(text), len(text))]
    for start, end in places:
        clause = text[at : min(start, at + LONGEST_CLAUSE)]
        yield from ((at + offset, part) for offset, part in _halves(clause, default))
        at = end


def _halves(clause: str, default: str) -> list[tuple[int, str]]:
    """Split `works in 2.12 and fails in 2.13`: on each side there is a version and a verdict.

    `seen in 2.16 (it works in 2.15)` is split, too: what is in brackets speaks of its own version.
    """
    mentions = [each for each in find_mentions(clause, default) if each.package not in OWN_NAMES]
    for found in _AND.finditer(clause) if mentions else ():
        left, right = clause[: found.start()], clause[found.end() :]
        package = next((each.package for each in reversed(mentions) if each.end <= found.start()), None)
        if package is None and not found.group().endswith("("):
            continue
        package = package or default  # `Wrong weights (works in 2.9, broken in 2.10)`
        inside = right.partition(")")[0] if found.group().endswith("(") else ""
        aside = bool(inside) and verdict_of(inside) and find_mentions(inside, package)
        judged = verdict_of(right) or _CASE.match(right)
        # `It worked in 2.15, Keras 3.0.1 trains all again`
        another = bool(verdict_of(left)) and _TELLS_OF_VERSION.match(right) is not None
        another |= bool(judged) and _is_said_before(left, right, package, default)
        if another or aside or (judged and verdict_of(left) and _names_version(right, package, default)):
            return [(0, left), *((found.end() + offset, part) for offset, part in _halves(right, package))]
    return [(0, clause)]


def _is_said_before(left: str, right: str, package: str, default: str) -> bool:
    """Return whether the right half is a sentence of its own about the problem with another version."""
    named = _names_version(left, package, default) and _names_version(right, package, default)
    return named and _THE_PROBLEM.match(right) is not None and _BEGINS_WITH_CASE.match(left) is None


def _names_version(text: str, *packages: str) -> bool:
    """Return whether a text names a version: of one of these packages, a major one of Keras, or a nightly build."""
    return any(find_mentions(text, each) for each in packages) or _WITHOUT_RELEASE.search(text) is not None


def beside(clause: str, at: int) -> str:
    """Return the part of a clause with a place: the text in its brackets, or the text outside of brackets."""
    before = clause[:at]
    if before.count("(") > before.count(")"):
        return before.rpartition("(")[2] + clause[at:].partition(")")[0]
    return _ASIDE.sub("", clause)


def is_only_where(clause: str, default: str) -> bool:
    """Return whether a clause has nothing but a version and its preposition: `with TF 2.10`."""
    mentions = find_mentions(clause, default)
    if len(mentions) != 1 or _ONLY_WHERE.match(clause[: mentions[0].start]) is None:
        return False
    return re.search(r"\w", clause[mentions[0].end :]) is None
