"""Owns what a candidate shows: the failure that is followed, and whether the package imports at all."""

from __future__ import annotations

import csv
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import site_packages
from harness.model import Attempt
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
        self._start_checks_like(candidate, result)
        error = self._import_error(candidate, result)
        if error is not None:
            return Observation(state=State.UNTESTABLE, reason=f"{DOES_NOT_IMPORT}: {error}")
        if observation.signature is not None:
            self._real.add(observation.signature)
        return observation

    def _start_checks_like(self, candidate: Candidate, result: ProbeResult) -> None:
        """Start the checks of this candidate and of finished ones that fail alike, if they fail in an import.

        A check takes longer than a fork. Releases that are too old for their host all fail alike.
        """
        if not _fails_in_an_import(result.attempt):
            return
        alike = [each for each in self._prober.finished() if _fail_alike(each[1].attempt, result.attempt)]
        for one, its_result in [(candidate, result), *alike]:
            modules, own_process = self._wanted(its_result)
            self._prober.start_import_check(one, modules, own_process=own_process)

    def _import_error(self, candidate: Candidate, result: ProbeResult) -> str | None:
        """Return why the package does not import, or what its environment is asked to import; None if they do."""
        modules, own_process = self._wanted(result)
        return self._prober.import_error(candidate, modules, own_process=own_process)

    def _wanted(self, result: ProbeResult) -> tuple[tuple[str, ...], bool]:
        """Return the modules to import, and whether to import them in a process of its own."""
        modules, environment = self._modules(result), result.environment
        if environment is None or not self._prober.is_layered(environment):
            return modules, False
        # Nobody has imported these with the release yet, as it is done with each environment that is installed.
        return tuple(dict.fromkeys((*environment.imports, *modules))), True

    def _modules(self, result: ProbeResult) -> tuple[str, ...]:
        if result.environment is None or self._package is None:
            return ()
        return modules_of(self._prober.folder_of(result.environment), self._package)


def _fails_in_an_import(attempt: Attempt | None) -> bool:
    """Return True if the body of another module than the script was running. It decides only what is started early."""
    return attempt is not None and attempt.evidence.traceback.count(", in <module>") > 1


def _fail_alike(one: Attempt | None, other: Attempt | None) -> bool:
    return one is not None and other is not None and one.outcome.is_failure and one.error == other.error


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
