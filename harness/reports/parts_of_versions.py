"""Versions that are no releases: `fails with keras>=3.10`, `works in Keras 2 but not in Keras 3`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.nightly import is_nightly
from harness.reports.mentions import find_mentions, package_of
from harness.reports.nightly_builds import INSTALLED_AS
from harness.reports.report import Says
from harness.reports.wording import COMPARED_WITH, OPPOSITE, negation, verdict_of
from harness.reports.writer_versions import WRITTEN

_PINNED = re.compile(r"\bpin(?:s|ned|ning)?\b|work-?around", re.IGNORECASE)
# `fails with keras>=3.10`, `pin keras<3.10`
_SPECIFIED = re.compile(
    r"(?<![\w.-])(?P<package>tensorflow|tf[-_]keras|tf|keras[-_](?:hub|tuner)|keras|numpy|protobuf|jax|setuptools|h5py"
    r"|typing[-_]extensions|wrapt|gast|scipy)[`\"' ]*"
    r"(?P<operator><=|>=|<)[ ]*(?P<version>\d+\.\d+(?:\.\d+)?)(?![\w.]*\d)",
    re.IGNORECASE,
)
# Of Keras, people also say only the major version: `works in Keras 2 but not in Keras 3`.
_MAJOR = re.compile(r"(?<![\w.-])keras[ \t-]?(?:v|version )?(?P<version>[23])(?:\.x)?(?![\w-]|\.\d)", re.IGNORECASE)
# `a drop in performance from Keras 2 to Keras 3`
_FROM_2_TO_3 = re.compile(r"\bfrom keras[ -]?v?2(?:\.x)? to (?:keras[ -]?v?)?3(?![\w-]|\.\d)", re.IGNORECASE)
# What an exception says is no claim: `X is deprecated in Keras 3`.
# `works on nightly`, `fails with tf-nightly`: a build without its date
_NIGHTLY = re.compile(
    r"(?<![\w.-])(?:(?P<package>tensorflow|tf|keras)[-_ ]?)?nightly(?![\w.-]*\d| 20\d{6}| builds\b)", re.IGNORECASE
)
_ASKS = re.compile(
    r"\W*(?:have|has|do|did|does|can|could|is|are|was|were) (?:you|it|this|that|the|there|any)\b", re.IGNORECASE
)
_LESS = re.compile(rf"\b(?:than|prior to|before)(?: (?:with|in|on|under))?\W*$|{COMPARED_WITH}", re.IGNORECASE)
_MESSAGE = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning): .*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A major version, or the beginning of a range, with its place in the clause and what this says of it."""

    package: str
    version: str
    """`3`, `3.10`, or `<3.10` of what is below."""
    says: Says
    start: int


def parts_of_versions(clause: str, verdict: Says | None, default: str = "") -> Iterator[Part]:
    """Yield the ranges, the major versions and the nightly builds of a clause.

    `verdict` is what it says of its versions, and `default` the package of those that stand alone.
    """
    yield from _nightly_builds(clause, verdict, default)
    common = verdict or (Says.WORKS if _PINNED.search(clause) else None)
    if common is None:
        return
    for found in _SPECIFIED.finditer(clause):
        below = "<" if found["operator"] == "<" else ""
        version = f"{below}{found['version']}"
        says = verdict_of(_part_around(clause, found.start())) or common  # `keras<=3.9 is ok, keras>=3.10 fails`
        yield Part(package=package_of(found["package"]), version=version, says=says, start=found.start())
    step = _FROM_2_TO_3.search(clause) if common is Says.FAILS else None
    if step is not None:
        for version, says in (("2", Says.WORKS), ("3", Says.FAILS)):
            yield Part(package="keras", version=version, says=says, start=step.start())
        return
    for found in _MAJOR.finditer(_MESSAGE.sub("", clause)):
        before = clause[: found.start()]
        negated = negation(before)
        if negated == "edit" or WRITTEN.search(before):
            continue
        says = OPPOSITE[common] if negated == "not" or _LESS.search(before) else common
        yield Part(package="keras", version=found["version"], says=says, start=found.start())


def _nightly_builds(clause: str, verdict: Says | None, default: str) -> Iterator[Part]:
    """Yield the nightly builds without a version of a clause that judges, and is no question."""
    if verdict is None or _ASKS.match(clause) or clause.rstrip().endswith("?"):
        return
    if any(is_nightly(each.version) for each in find_mentions(clause, default)):
        return  # `the nightly build 2.17.0-dev20240312`: of that day
    for found in _NIGHTLY.finditer(clause):
        package = package_of(found["package"]) if found["package"] else default
        if package in INSTALLED_AS:
            negated = negation(clause[: found.start()]) == "not"
            says = OPPOSITE[verdict] if negated else verdict
            yield Part(package=INSTALLED_AS[package], version="nightly", says=says, start=found.start())


def _part_around(clause: str, at: int) -> str:
    """Return the part of a clause between the commas around a place."""
    return re.split(r"[,:]\s", clause[:at])[-1] + re.split(r",\s", clause[at:])[0]
