"""Scripts that fail because a process that they started failed: what that process printed says why. Pure."""

from __future__ import annotations

import builtins
import re
from dataclasses import replace

from harness.execute.failure_facts import Failure, Raised
from harness.execute.no_verdict_reason import NoVerdictReason, lacks, not_applicable, short
from harness.model import NoVerdict

_FAILED = "CalledProcessError"
_TRACEBACK = re.compile(
    r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(?P<error>[A-Za-z_][\w.]*(?::.*)?)$", re.MULTILINE
)
_MODULES = re.compile(r"^(?:\w+\.)+")  # of the exception's type: failures of the script itself are named without
_LACKING = re.compile(r"ModuleNotFoundError: No module named '([A-Za-z_][\w.]*)'")
_PIP = re.compile(r"\b(?:pip3?|uv)\b\W+(?:pip\W+)?install\b(?P<what>.*)")
_PACKAGE = re.compile(r"[A-Za-z][\w.-]*(?:\[[\w,-]+\])?(?:[=<>!~]=?[\w.*=<>!~,]+)?")
_PYTHON = re.compile(r"\bpython[\d.]*\b|\.py\b", re.IGNORECASE)
_KNOWN = {"URLError": ("OSError",), "gaierror": ("OSError",), "HTTPError": ("URLError", "OSError")}
_NO_PROGRAM = re.compile(r"exit status (?:126|127)\b")


def child_lacks(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if the failed process lacked a program, or was to install packages."""
    failed = _failed(failure)
    if failed is None:
        return None
    if found := _PIP.search(failed.message):
        packages = [each for each in re.split(r"[\s'\",\[\]]+", found["what"]) if _PACKAGE.fullmatch(each)]
        stop = next((place for place, each in enumerate(packages) if each in ("returned", "died")), len(packages))
        added = "".join(f" --with '{short(each)}'" for each in packages[:stop])
        reason = "the script installs packages, which it cannot do here. Remove this line"
        return not_applicable(NoVerdict.MISSING_PACKAGE, f"{reason}, and add them:{added or ' --with PACKAGE'}")
    if _NO_PROGRAM.search(failed.message):
        return NoVerdictReason(
            cause=NoVerdict.MISSING_FILE, reason=f"the script runs a program that is not there: {short(failed.message)}"
        )
    return None


def with_child(failure: Failure) -> Failure:
    """Return a failure whose chain ends with the exception of the failed process: it is judged like those before."""
    error = child_error(failure)
    if error is None:
        return failure
    name, _, message = error.partition(": ")
    kind = getattr(builtins, name, None)
    bases = [each.__name__ for each in kind.__mro__] if isinstance(kind, type) else [name, *_KNOWN.get(name, ())]
    lacking = _LACKING.match(error)
    missing = lacking[1] if lacking is not None and lacks(lacking[1].partition(".")[0], failure) else None
    child = Raised(type=name, bases=frozenset(bases), message=message, module=missing, missing=missing, link="cause")
    return replace(failure, chain=(*failure.chain, child))


def child_error(failure: Failure) -> str | None:
    """Return the exception of a Python process whose failure failed the script, as it printed it; None without one."""
    failed = _failed(failure)
    if failed is None or not _PYTHON.search(failed.message):
        return None
    errors = [each["error"] for each in _TRACEBACK.finditer(failure.context.output)]
    return _MODULES.sub("", errors[-1]) if errors else None


def _failed(failure: Failure) -> Raised | None:
    return next((each for each in failure.chain if _FAILED in each.bases), None)
