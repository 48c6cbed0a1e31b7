"""Nightly builds in claims: `tensorflow 2.15.0-dev20230812` is installed as tf-nightly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from packaging.version import Version

from harness.model.nightly import is_nightly
from harness.reports.report import Claim

INSTALLED_AS = {"tensorflow": "tf-nightly", "keras": "keras-nightly"}


def under_installed_names(claims: Iterable[Claim]) -> list[Claim]:
    """Return claims about nightly builds under the names and in the form in which package indexes have them."""
    return [
        replace(each, package=INSTALLED_AS[each.package], version=str(Version(each.version)))
        if each.package in INSTALLED_AS and is_nightly(each.version)
        else each
        for each in claims
    ]
