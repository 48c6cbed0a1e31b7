"""The Python of the reporter, where it is another one than that of the environment of a version. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import Version

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
    day = _day_after(base.lock.origin.as_of).isoformat()
    id = " ".join([f"{_PYTHON}{said.group()}", *pins, f"exclude-newer={day}"])
    return (id + (f"{CHANGE_SEPARATOR}{replaced}" if replaced else "")) if pins else None


def _day_after(moment: dt.datetime) -> dt.date:
    """Return the first day whose beginning is no earlier: what is pinned was released by then."""
    return moment.date() if moment.time() == dt.time() else moment.date() + dt.timedelta(days=1)


def python_of(environment: str) -> str:
    """Return the Python that an inline environment names; empty for others."""
    return environment.partition(" ")[0].removeprefix(_PYTHON) if environment.startswith(_PYTHON) else ""


@dataclass(frozen=True, kw_only=True)
class PythonContrast:
    """The Python with which a problem shows, and another one with which the same versions pass."""

    python: str
    other: str
    passing: Evidence
    pythons: Mapping[str, str]
    """By the ids of environments."""

    def of_python(self, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
        """Return the evidence of the Python with the problem: that of others says nothing of it."""
        return tuple(each for each in evidence if self.pythons.get(each.environment, self.python) == self.python)

    @property
    def sentence(self) -> str:
        """What the verdict says of it."""
        return (
            f"It depends on Python: with the same versions, Python {self.python} shows the problem and Python "
            f"{self.other} does not."
        )

    @property
    def workaround(self) -> tuple[str, str]:
        """The other Python, and the cell that passes with it."""
        return f"Python {self.other} with the same versions", self.passing.cell


def python_contrast(
    evidence: Iterable[Evidence], own: Iterable[str], environments: Iterable[Environment]
) -> PythonContrast | None:
    """Return the contrast if the problem depends on Python and nothing else differs, otherwise None.

    `own` are the environments of the report: one of them may have its Python.
    """
    pythons = {each.id: each.python for each in environments}
    evidence = tuple(evidence)
    asked = next((each for each in own if python_of(each)), None)
    bug = next((each for each in evidence if each.environment == asked and each.shows is Shows.BUG), None)
    if bug is None:
        return None
    python = python_of(bug.environment)
    for each in evidence:
        other = pythons.get(each.environment, python)
        if each.shows is Shows.PASSES and other != python and not each.variables and _same(each, bug):
            return PythonContrast(python=python, other=other, passing=each, pythons=pythons)
    return None


def neighbours(
    base: Environment, known: Iterable[Environment], versions: Iterable[str], matrix: Matrix
) -> list[Environment]:
    """Return the environments that are also run with the reporter's Python: of other versions than that of `base`.

    These are the next release and the last one of the family, and those of `versions`, which the report names.
    """
    families = [each for each in matrix.families if canonicalize_name(each.package) in base.lock.versions]
    family = next((each for each in families if each.variables == matrix.variables), families[0])
    package = canonicalize_name(family.package)
    own = base.lock.versions[package]
    known = sorted(known, key=lambda each: each.family == family.name)  # of a version, the family's own counts
    others = {each.lock.versions[package]: each for each in known if each.lock.versions.get(package, own) != own}
    released = {each.lock.versions[package] for each in others.values() if each.family == family.name}
    later = sorted((each for each in released if Version(each) > Version(own)), key=Version)
    wanted = [*(each for each in versions if each in others), *later[:1], *later[-1:]]
    return [others[each] for each in dict.fromkeys(wanted)]


def _same(one: Evidence, other: Evidence) -> bool:
    """Return whether the packages that both have differ in nothing but what Python itself asks for."""
    return all(other.versions.get(name, version) == version for name, version in one.versions.items())
