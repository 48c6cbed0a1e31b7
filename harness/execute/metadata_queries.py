"""Queries of the metadata of a package that is not installed under this name. Pure."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from harness.execute.failure_facts import Failure
from harness.execute.no_verdict_reason import NoVerdictReason, lacks, needs_package, not_applicable, short
from harness.model import NoVerdict

_ERRORS = frozenset({"PackageNotFoundError", "DistributionNotFound"})
_NAME = re.compile(r"(?:No package metadata was found for |The ')?(?P<name>[A-Za-z][\w.-]*)")


def asks_metadata(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if a package is missing, or has another name, such as tensorflow-cpu."""
    raised = next((each for each in failure.chain if each.bases & _ERRORS), None)
    found = _NAME.match(raised.message) if raised is not None else None
    if found is None:
        return None
    giver = dict(failure.context.stand_ins).get(canonicalize_name(found["name"]))
    if giver is not None:
        reason = f"the script asks for the version of {short(found['name'])}, and this environment has {giver} for it"
        return not_applicable(NoVerdict.MISSING_PACKAGE, f"{reason}. Ask for {short(found['name'])}.__version__")
    return needs_package(found["name"]) if lacks(found["name"], failure) else None
