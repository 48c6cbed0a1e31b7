"""Owns what a candidate shows: the failure that is followed, and whether the package imports at all."""

from __future__ import annotations

import csv
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import site_packages
from harness.pinpoint.candidates import Candidate, ProbeResult
from harness.pinpoint.following import Following
from harness.pinpoint.prober import Prober
from harness.search.transitions import Observation, State

DOES_NOT_IMPORT = "does not import"


class Judge:
    """Observes candidates. A failure of a package that does not even import says nothing of the scenario."""

    def __init__(self, prober: Prober, following: Following, package: NormalizedName | None) -> None:
        self._prober = prober
        self._following = following
        self._package = package
        self._real: set[str] = set()
        """Signatures that were seen where the package imports."""

    def observe(self, candidate: Candidate, result: ProbeResult) -> Observation:
        """Return what a candidate showed."""
        observation = self._following.observe(result.attempts, result.reason)
        if observation.printed is not None:
            return observation  # the script ran to its end
        asked_for = self._following.pattern is not None and observation.state is State.BAD
        if asked_for or observation.state not in (State.BAD, State.OTHER) or observation.signature in self._real:
            return observation
        error = self._import_error(candidate, result)
        if error is not None:
            return Observation(state=State.UNTESTABLE, reason=f"{DOES_NOT_IMPORT}: {error}")
        if observation.signature is not None:
            self._real.add(observation.signature)
        return observation

    def _import_error(self, candidate: Candidate, result: ProbeResult) -> str | None:
        """Return why the package does not import, or what its environment is asked to import; None if they do."""
        modules = self._modules(result)
        environment = result.environment
        if environment is None or not self._prober.is_layered(environment):
            return self._prober.import_error(candidate, modules)
        # Nobody has imported these with the release yet, as it is done with each environment that is installed.
        wanted = tuple(dict.fromkeys((*environment.imports, *modules)))
        return self._prober.import_error(candidate, wanted, own_process=True)

    def _modules(self, result: ProbeResult) -> tuple[str, ...]:
        if result.environment is None or self._package is None:
            return ()
        return modules_of(self._prober.folder_of(result.environment), self._package)


def modules_of(folder: Path, package: NormalizedName) -> tuple[str, ...]:
    """Return the module to import of a package in an environment: that of its name, or the only one that it has."""
    site = site_packages(folder)
    records = [each for each in site.glob("*.dist-info/RECORD") if _name(each) == package]
    tops: set[str] = set()
    for record in records:
        with record.open(encoding="utf-8", newline="") as stream:
            tops.update(_top(row[0]) for row in csv.reader(stream) if row)
    modules = sorted(each for each in tops if each.isidentifier() and not each.startswith("_"))
    wanted = package.replace("-", "_")
    named = [each for each in modules if each.lower() == wanted]
    return tuple(named or (modules if len(modules) == 1 else []))


def _name(record: Path) -> NormalizedName:
    return canonicalize_name(record.parent.name.removesuffix(".dist-info").rpartition("-")[0])


def _top(path: str) -> str:
    """Return the module that a file belongs to, or something that is no identifier."""
    top, slash, _ = path.partition("/")
    return top if slash else top.removesuffix(".py") if top.endswith(".py") else "-"
