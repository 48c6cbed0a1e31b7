"""Sentences that describe an earlier version and judge nothing: `In Keras 2.15 I get a list`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from harness.reports.report import Claim, Says
from harness.reports.wording import verdict_of

# A preposition, the version, and at least three words
_DESCRIBES = re.compile(
    r"\W*(?:in|with|on|under|using) (?:tf\.keras|[^,.:;\n]){0,30}?\d+\.\d[\w.]*[`'\"*)]*,?(?: [^\W\d]\w*){3}[^:]*$",
    re.IGNORECASE,
)
# `With TF 2.15 I am stuck`: the version that the reporter has
_HAS = re.compile(
    r"\b(?:I|we) (?:am|'m|are|use|have|run)\b|\bmy (?:version|setup|environment|machine)\b", re.IGNORECASE
)
_WITH_KERAS = Version("2.16")
"""The first TensorFlow with Keras 3. Below it, TensorFlow and its Keras have the same version."""


def without_descriptions(claims: Iterable[Claim]) -> list[Claim]:
    """Leave out a version that is only described, and is below one of which the report says that it fails.

    It need not be the problem: such a sentence is mostly about what was right before.
    """
    claims = list(claims)
    failing = [each for each in claims if each.says is Says.FAILS and verdict_of(each.text) is Says.FAILS]
    return [each for each in claims if not (_is_described(each) and any(_is_below(each, other) for other in failing))]


def _is_described(claim: Claim) -> bool:
    judged = claim.says is Says.WORKS or bool(claim.writer) or verdict_of(claim.text) is not None
    return not judged and _DESCRIBES.match(claim.text) is not None and _HAS.search(claim.text) is None


def _is_below(claim: Claim, other: Claim) -> bool:
    try:
        version, failing = Version(claim.version), Version(other.version)
    except InvalidVersion:
        return False
    same = claim.package == other.package
    within = {claim.package, other.package} == {"tensorflow", "keras"} and version < _WITH_KERAS
    return (same or within) and version < failing
