"""The Python of the reporter, where it is another one than that of the environment of a version. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name

from harness.model import Environment
from harness.project.matrix import Matrix
from harness.project.selection import CHANGE_SEPARATOR
from harness.reports.report import Report
from harness.triage.evidence import Evidence, Shows

_MINOR = re.compile(r"3\.\d{1,2}(?!\d)")
_PYTHON = "python="


def with_reporters_python(
    report: Report, base: Environment | None, matrix: Matrix, *, replaced: str = ""
) -> str | None:
    """Return the inline environment with the packages of a base and the Python of the report.

    None if the report has the same Python, or does not say which. `replaced` are the packages that are replaced in
    the base, as the id of an environment has them.
    """
    said = _MINOR.match(report.setting("python") or "")
    if said is None or base is None or said.group() == base.python:
        return None
    families = dict.fromkeys(canonicalize_name(each.package) for each in matrix.families)
    pins = [f"{name}=={base.lock.versions[name]}" for name in families if name in base.lock.versions]
    day = base.lock.origin.as_of.date().isoformat()
    id = " ".join([f"{_PYTHON}{said.group()}", *pins, f"exclude-newer={day}"])
    return (id + (f"{CHANGE_SEPARATOR}{replaced}" if replaced else "")) if pins else None


def python_of(environment: str) -> str:
    """Return the Python that an inline environment names; empty for others."""
    return environment.partition(" ")[0].removeprefix(_PYTHON) if environment.startswith(_PYTHON) else ""


def python_decides(evidence: Iterable[Evidence], own: str | None, environments: Sequence[Environment]) -> str:
    """Return in one sentence that the problem depends on Python, if nothing else differs; empty otherwise.

    `own` is the environment that shows the problem, with the Python of the report.
    """
    pythons = {each.id: each.python for each in environments}
    evidence = tuple(evidence)
    bug = next((each for each in evidence if each.environment == own and each.shows is Shows.BUG), None)
    if bug is None or not own or not python_of(own):
        return ""
    for each in evidence:
        python = pythons.get(each.environment, python_of(own))
        if each.shows is Shows.PASSES and python != python_of(own) and not each.variables and _same(each, bug):
            return (
                f"It depends on Python: with the same versions, Python {python_of(own)} shows the problem and "
                f"Python {python} does not."
            )
    return ""


def _same(one: Evidence, other: Evidence) -> bool:
    """Return whether the packages that both have differ in nothing but what Python itself asks for."""
    return all(other.versions.get(name, version) == version for name, version in one.versions.items())
