"""Reasons why an attempt says nothing of the version under test, in words for the user."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.utils import canonicalize_name

from harness.execute.failure_facts import Failure
from harness.model import NoVerdict, Outcome
from harness.project.import_names import is_standard, package_of

_LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class NoVerdictReason:
    """The reason why an attempt is no verdict: a cause, a sentence for the user, and the outcome that is shown."""

    cause: NoVerdict
    reason: str
    outcome: Outcome = Outcome.FAILED


def not_applicable(cause: NoVerdict, reason: str) -> NoVerdictReason:
    """Return the reason for a script to which the question does not apply here."""
    return NoVerdictReason(cause=cause, reason=reason, outcome=Outcome.NOT_APPLICABLE)


def lacks(module: str, failure: Failure) -> bool:
    """Return whether a module is of a package that the environment does not have."""
    if is_standard(module.partition(".")[0]):
        return False
    return canonicalize_name(package_of(module)) not in failure.context.packages


def how_to_add(package: str) -> str:
    """Return the end of a reason: what is missing, and the option that adds it."""
    return f"which is not installed in this environment. Add it: --with {short(package)}"


def needs_package(module: str) -> NoVerdictReason:
    """Return the reason for a script that needs a missing package."""
    package = package_of(module)
    shown = short(package) if package == canonicalize_name(module) else f"{short(package)} ({short(module)})"
    return not_applicable(NoVerdict.MISSING_PACKAGE, f"needs {shown}, {how_to_add(package)}")


def short(text: str) -> str:
    """Return foreign text on one line, short enough for a sentence."""
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= _LONGEST_NAME else line[:_LONGEST_NAME] + "…"
