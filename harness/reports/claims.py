"""Extract the claims of a report: which versions work and which fail. Claims are checked later."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.reports.blocks import is_code_block
from harness.reports.clauses import LONGEST_CLAUSE, OWN_NAMES, beside, clauses_of, is_only_where
from harness.reports.expected_behavior import AS_IN, versions_that_worked
from harness.reports.facts import LOG_LINE, VERSION_FIELDS, kind_of, place_in
from harness.reports.failures import exceptions_in
from harness.reports.mentions import Mention, before_list, companion_in, find_mentions, is_series
from harness.reports.missing_exception import verdict_on_raising
from harness.reports.nightly_builds import under_installed_names
from harness.reports.parts_of_versions import parts_of_versions
from harness.reports.pieces import Piece, Shape
from harness.reports.pip_conflicts import conflict_in
from harness.reports.report import Claim, Place, Says
from harness.reports.tables import in_table, is_table
from harness.reports.version_steps import verdict_in_brackets, verdict_of_contrast, verdict_of_step
from harness.reports.wording import (
    COMPARED_WITH,
    NOT_IN,
    OPPOSITE,
    denies,
    is_label_of_wish,
    is_least,
    is_outside,
    is_required,
    is_wish,
    is_wished,
    negation,
    raises_rightly,
    verdict_of,
)
from harness.reports.writer_versions import WAS_WRITTEN, is_written

_EARLIER = re.compile(
    r"\b(?:old(?:er)?|previous(?:ly)?|before|earlier|used to|last week|until|up to|prior to|formerly)\b", re.IGNORECASE
)
_NOT_OF_THE_BUG = re.compile(
    r"\brequires?\b(?=[^.\n]{0,40}\d)|\b(?:mentioned|listed) in\b|\bdepends?\b|release notes|\bdocs?\b|documentation"
    r"|(?:built|compiled) (?:for|against)"
    r"|\bsupport(?:s|ed)?\b|\bwhat version|which version|\b(?:is|was) the (?:last|first) (?:release|version)\b"
    r"|\bpython -c\s+\S*import\b",  # how the issue form of TensorFlow says to find the version
    re.IGNORECASE,
)
# `I updated tf to 2.4.1 and get the following`
_UPGRADED_TO = re.compile(
    r"\b(?:updat|upgrad|mov|switch|bump|migrat)\w*(?:\W+\w+){0,3}?\W+to(?:\W+\w+)?\W*$", re.IGNORECASE
)
_UPGRADE = re.compile(
    r"\b(?P<when>before|after|since)\s+(?:(?:the|my|our)\s+)?(?:upgrad|updat)\w*(?:\s+(?:from|to))?\W*$", re.IGNORECASE
)
_UNTIL = re.compile(r"\b(?:until|up to)\s+(?:and including\s+)?\S*\s*$", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:since|as of|starting (?:with|from|in))\s+(?:\w+\s+)?\W*$", re.IGNORECASE)
_OWN = re.compile(r"\b(?:I|we)(?: am|'m| are|'re) (?:on|at|using)\W*$", re.IGNORECASE)
_THAN = re.compile(rf"\bthan(?: (?:with|in|on|under|using))?\W*$|{COMPARED_WITH}", re.IGNORECASE)
# `it takes 40 s since Keras 3.9, it was 11 s with Keras 3.8`
_IT_WAS = re.compile(
    r"\b(?:it|that|this) (?:was|took|had)\b[^,;.]{0,60}\b(?:with|in|on|under|before)\W*$", re.IGNORECASE
)
_PROBLEM = re.compile(
    r"\b(?:happens?|happened|occurs?|occurred|appears?|shows? up|reproduc\w*|warnings?|problems?|issues?)\b"
    r"|\b(?:get|got|see|saw|have|had|raises?) (?:this|the|an?|it)\b",
    re.IGNORECASE,
)
_DESCRIPTION = re.compile(r"current behaviou?r|what happen|describe the (?:current|problem|bug|issue)", re.IGNORECASE)
# `I tried it with TF 2.15. In this setup it works.`
_THERE = re.compile(
    r"\s*(?:in|with|on|under|using) (?:this|that|these|those) (?:\w+ )?(?:setup|environment|versions?|combination)\b"
    r"|\s*(?:there|here),? (?:it|everything|the)\b",
    re.IGNORECASE,
)
_WITHOUT = re.compile(r"\bwithout\W*$", re.IGNORECASE)
_COMMENT_BEHIND = re.compile(r"(?<=[\w)\]:'\"] )\s{0,40}# \S.*$")
_PROMPT = re.compile(r"\s*(?:\$ |>>> |In \[)")
_FIRST = Place(line=1)
_MOST, _MOST_LINES = 300, 2000
_LONGEST_FIELD = 60
_LONGEST_VERDICT = 200
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, kw_only=True)
class Context:
    """Facts about a report that help to read its sentences."""

    default: str
    """The package of versions that stand alone."""
    failing_sections: frozenset[str] = frozenset()
    working_sections: frozenset[str] = frozenset()
    mixed_sections: frozenset[str] = frozenset()
    """Sections whose text quotes an exception, while their session shows none."""
    should_raise: bool = False
    """True if the report is about an exception that is not raised."""
    explicit: bool = False
    """True if only sentences that judge a version count: the text is a comment, not the report."""


def claims_in(pieces: Iterable[Piece], context: Context) -> list[Claim]:
    """Read the claims in headings, prose, tables, and in the lines of blocks that speak of versions."""
    found: list[Claim] = []
    pieces = tuple(pieces)
    shown = _shown_below(pieces)
    for place, piece in enumerate(pieces):
        if is_wish(piece.section):
            seen = versions_that_worked(piece.text, context.default) if piece.shape is Shape.PROSE else ()
            found += (
                _claim(clause, place_in(piece, at + each.start), Says.WORKS, each.package, each.version)
                for at, clause, each in seen
            )
            continue
        if place and pieces[place - 1].shape is Shape.HEADING and _is_field(piece, context):
            continue
        if piece.shape is Shape.BLOCK and not _has_sentences(piece):
            found += _in_block(piece, context)
        elif is_table(piece):
            found += in_table(piece, context.default)
        else:
            found += _in_prose(piece, context, shown.get(place))
        if len(found) > _MOST:
            break
    return without_repeats(found)


def _is_field(piece: Piece, context: Context) -> bool:
    """Return whether a piece is the value of a field that asks for one version: `claims_of_fields` reads it."""
    asks = kind_of(piece.section) in VERSION_FIELDS
    short = piece.shape is Shape.PROSE and len(piece.text) < _LONGEST_FIELD
    return asks and short and verdict_of(piece.text) is None and len(find_mentions(piece.text, context.default)) < 2


def without_repeats(claims: Iterable[Claim]) -> list[Claim]:
    """Remove repeated claims: keep the first. Leave out a major version if the report says the same of a release."""
    claims = under_installed_names(claims)
    exact = {(each.package, each.version.partition(".")[0], each.says) for each in claims if "." in each.version}
    said = {(each.version, each.says) for each in claims if "." not in each.version}
    lines = {(each.place, each.package, each.version.rpartition(".")[0], each.says) for each in claims}
    kept: dict[tuple[str, str, Says, str], Claim] = {}
    for claim in claims:
        if claim.version.isdigit() and (
            (claim.package, claim.version, claim.says) in exact or all((claim.version, each) in said for each in Says)
        ):
            continue
        if claim.version.count(".") == 1 and (claim.place, claim.package, claim.version, claim.says) in lines:
            continue  # `2.11.0 (v2.11.0-rc2-17-gd5b57ca93e5)`
        kept.setdefault((claim.package, claim.version, claim.says, claim.writer), claim)
    return list(kept.values())[:_MOST]


def _has_sentences(piece: Piece) -> bool:
    """Return whether a block has sentences: forms set the description of the problem as a block of shell, too."""
    found = _DESCRIPTION.search(piece.section) and not is_code_block(piece) and not exceptions_in(piece.text, _FIRST)
    return bool(found) and not any(_PROMPT.match(line) or LOG_LINE.search(line) for line in piece.lines)


def _shown_below(pieces: Sequence[Piece]) -> dict[int, Says]:
    """Return the verdict of the output below a heading or a paragraph such as `With Keras 3.9.2:`, by its place.

    It is output, or below a heading also a sentence: `Runs without error`. Output without an exception says "works"
    only if other output has one.
    """
    shown: dict[int, Says] = {}
    by_place: dict[int, Says] = {}
    for place, (piece, below) in enumerate(itertools.pairwise(pieces)):
        heading = piece.shape is Shape.HEADING and bool(find_mentions(piece.text))
        labels = heading or (piece.shape is Shape.PROSE and piece.text.rstrip(" *`\n").endswith(":"))
        if labels and below.shape is Shape.BLOCK and not is_code_block(below):
            shown[place] = Says.FAILS if exceptions_in(below.text, _FIRST) else Says.WORKS
        elif heading and below.shape is Shape.PROSE:
            said = below.text[:_LONGEST_VERDICT]
            leads = said.rstrip(" *`\n").endswith(":")  # `Code to reproduce:` judges nothing
            if not leads and not find_mentions(said) and (says := verdict_of(said)) is not None:
                by_place[place] = says  # a paragraph that names versions speaks of these
    return by_place | (shown if Says.FAILS in (*shown.values(), *by_place.values()) else {})


def _in_prose(piece: Piece, context: Context, shown: Says | None = None) -> Iterator[Claim]:
    """Read the clauses of a paragraph. `shown` is what the output below it says: of its last clause."""
    clauses = list(clauses_of(piece.text, context.default))
    for place, (start, clause) in enumerate(clauses):
        following = clauses[place + 1][1] if place + 1 < len(clauses) else None
        # `loads in 2.12, but not in 2.13`: the second half gives the first its meaning.
        contrast = shown if following is None else _opposite_of_not_in(clause) if NOT_IN.match(following) else None
        if place and NOT_IN.match(clause):
            contrast = Says.FAILS if _opposite_of_not_in(clauses[place - 1][1]) is Says.WORKS else Says.WORKS
        contrast = contrast or _contrast(piece, clauses, place, context)
        there = next((each for _, each in clauses[place + 1 : place + 3] if _THERE.match(each)), None)
        if there is not None and not find_mentions(there, context.default):
            contrast = verdict_of(there)
        yield from _in_clause(clause, piece, start, context, contrast)


def _contrast(piece: Piece, clauses: list[tuple[int, str]], place: int, context: Context) -> Says | None:
    """Return what a clause says of its version, if only its contrast to the one before or behind it says anything."""
    clause = clauses[place][1]
    if place and denies(clause) and (said := verdict_of(clauses[place - 1][1])) is not None:
        return OPPOSITE[said]
    for at, first in ((place - 1, place - 1), (place + 1, place)):
        if (
            at == place - 1 >= 0
            and is_only_where(clause, context.default)
            and not find_mentions(clauses[at][1], context.default)
        ):
            return verdict_of(clauses[at][1])
        if 0 <= at < len(clauses) and verdict_of(clause) is None and verdict_of(clauses[at][1]) is None:
            between = piece.text[clauses[first][0] + len(clauses[first][1]) : clauses[first + 1][0]]
            versions = (find_mentions(each, context.default) for each in (clause, clauses[at][1]))
            if (says := verdict_of_contrast(between, *versions)) is not None:
                return says
    return None


def _opposite_of_not_in(clause: str) -> Says:
    """Return the verdict of a clause before `but not in 3.6`: its versions work, unless it describes a problem."""
    verdict = verdict_of(clause)
    return verdict if verdict is not None else Says.FAILS if _PROBLEM.search(clause) else Says.WORKS


def _in_clause(clause: str, piece: Piece, start: int, context: Context, contrast: Says | None) -> Iterator[Claim]:
    near = piece.text[max(0, start - LONGEST_CLAUSE) : start]
    before = [each for each in find_mentions(near, context.default) if each.package not in OWN_NAMES]
    defaults = dict.fromkeys([*(each.package for each in reversed(before)), context.default])
    named = _mentions_with(clause, filter(None, (companion_in(clause), *defaults)))
    mentions = [each for each in named if each.package not in OWN_NAMES and not is_series(clause, each)]
    verdict = contrast if contrast is not None and NOT_IN.match(clause) else verdict_of(clause) or contrast
    if context.should_raise:
        verdict = verdict_on_raising(clause) or verdict
    if verdict is Says.FAILS and raises_rightly(clause, piece.text):
        verdict = Says.WORKS
    judges = not is_wished(clause) and (verdict is not None or not context.explicit)
    for mention in mentions if judges else ():
        says = verdict_of_step(clause, mention, mentions, verdict)
        says = says or _says(clause, mention, mentions, verdict=verdict, piece=piece, context=context)
        both = says is Says.WORKS and verdict is None and piece.section in context.mixed_sections
        for each in (says, Says.FAILS) if both else (says,):
            if each is not None:
                yield _claim(clause, place_in(piece, start + mention.start), each, mention.package, mention.version)
    if _NOT_OF_THE_BUG.search(clause):
        return
    for part in parts_of_versions(clause, verdict, context.default):
        yield _claim(clause, place_in(piece, start + part.start), part.says, part.package, part.version)


def _claim(clause: str, place: Place, says: Says, package: str, version: str) -> Claim:
    """Return what a clause says of a version."""
    return Claim(text=" ".join(clause.split())[:300], place=place, says=says, package=package, version=version)


def _mentions_with(clause: str, defaults: Iterable[str]) -> list[Mention]:
    """Return the versions of a clause. One that stands alone is of the first package that can have it."""
    found: dict[int, Mention] = {}
    for default in defaults:
        for each in find_mentions(clause, default):
            found.setdefault(each.start, each)
    return [found[start] for start in sorted(found)]


def _says(
    clause: str, mention: Mention, mentions: list[Mention], *, verdict: Says | None, piece: Piece, context: Context
) -> Says | None:
    """Return the verdict of a clause on one of its versions; None without one."""
    before, outside = clause[: mention.start], before_list(clause, mention, mentions)
    writes = is_written(clause, mention, mentions)
    negated = negation(before)
    if negated == "edit" or _WITHOUT.search(before) or (verdict is None and WAS_WRITTEN.match(clause[mention.end :])):
        return None
    if writes or is_required(before):
        return Says.WORKS if not writes and is_least(before, clause[mention.end :]) else None
    if verdict is not None:
        ends = _UNTIL.search(before) is not None and verdict is Says.WORKS  # `until 2.15 it works`: also in 2.15
        reverses = bool(negated) or (is_outside(outside) and not ends)
        return OPPOSITE[verdict] if reverses else verdict
    if (upgrade := _UPGRADE.search(before)) or any(each.search(before) for each in (_UPGRADED_TO, _SINCE, _OWN)):
        return Says.WORKS if upgrade and upgrade["when"].lower() == "before" else Says.FAILS
    # A number with nothing said of it, or of another matter.
    if (not mention.named and before.strip(" `*-")) or _NOT_OF_THE_BUG.search(_ADDRESS.sub("", clause)):
        return None
    fine = piece.section in context.working_sections and piece.section not in context.failing_sections
    fine = fine or is_label_of_wish(before) or _EARLIER.search(beside(clause, mention.start)) is not None
    fine = fine or any(each.search(before) for each in (_IT_WAS, AS_IN)) or _THAN.search(outside) is not None
    return Says.WORKS if fine else Says.FAILS  # what the reporter has, and reports


def _in_block(piece: Piece, context: Context) -> Iterator[Claim]:
    """Read the lines of a block that are sentences: `Working in TF2.12: (link)`; and what pip says does not fit."""
    for offset, written in enumerate(piece.lines[:_MOST_LINES]):
        place = Place(line=piece.line + offset, file=piece.file)
        if conflict := conflict_in(written, place):
            yield conflict
            continue
        behind = _COMMENT_BEHIND.search(written)
        if behind is not None and "__version__" in written[: behind.start()]:
            continue  # `print(tf.__version__)  # Works: 2.15.0` says what is printed
        line = written if behind is None else behind.group()
        comment = line.lstrip().startswith("#")
        if not comment and not re.match(
            r"\s*(?:\w+ ){0,4}(?:work|broke|fail|pass)\w* (?:in|on|with|for)\b", line, re.IGNORECASE
        ):
            continue
        for _, clause in clauses_of(line, context.default):
            yield from _in_line(clause, place, context)


def _in_line(line: str, place: Place, context: Context) -> Iterator[Claim]:
    verdict = verdict_of(line)
    mentions = find_mentions(line, context.default)
    aside = verdict_in_brackets(line, mentions)
    for mention in mentions:
        says, before = verdict, line[: mention.start]
        if aside is not None:  # `0.5 in Keras 3.5.0, 0.3 in Keras 2.15 (correct)`
            says = aside[1] if mention is aside[0] else OPPOSITE[aside[1]]
        if is_required(before):
            says = Says.WORKS if verdict is not None and is_least(before, line[mention.end :]) else None
        if says is not None and mention.package not in OWN_NAMES:
            yield Claim(
                text=" ".join(line.split())[:300],
                place=place,
                says=says,
                package=mention.package,
                version=mention.version,
            )
