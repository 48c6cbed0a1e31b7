"""The judge of a search: what a candidate shows of the followed failure, and whether the package imports at all."""

from __future__ import annotations

from dataclasses import replace

from packaging.utils import NormalizedName

from harness.environments.modules import modules_of
from harness.model import Attempt
from harness.model.signature import normalise
from harness.pinpoint.candidates import Candidate, ProbeResult
from harness.pinpoint.followed_failure import Following, followed_by
from harness.pinpoint.prober import Prober
from harness.search.transitions import Observation, State

DOES_NOT_IMPORT = "does not import"


class Judge:
    """Observes candidates. A failure of a package that does not even import says nothing of the scenario.

    The exception is a scenario that is about this import: where the followed failure is that of the import.
    """

    def __init__(self, prober: Prober, following: Following, package: NormalizedName | None) -> None:
        self._prober = prober
        self._following = following
        self._package = package
        self._real: set[str] = set()
        """Signatures that were seen where the package imports."""
        self._followed: frozenset[str] = frozenset()

    def observe_named(self, candidate: Candidate, result: ProbeResult) -> Observation:
        """Return the observation in the named environment. Its failure is followed from now on."""
        shown = self._following.observe(result.attempts, result.reason)
        if self._following.pattern is None:
            self._followed = followed_by(shown)
        return self.observe(candidate, result)

    def observe(self, candidate: Candidate, result: ProbeResult) -> Observation:
        """Return the observation of a candidate."""
        observation = self._following.observe(result.attempts, result.reason)
        if observation.printed is not None:
            return observation  # the script ran to its end
        following = self._following
        asked_for = (following.pattern is not None or following.hangs) and observation.state is State.BAD
        if asked_for or observation.state not in (State.BAD, State.OTHER) or observation.signature in self._real:
            return observation
        self._start_checks_like(candidate, result)
        error = self._import_error(candidate, result)
        if error is not None:
            reason = f"{DOES_NOT_IMPORT}: {error}"
            if observation.signature in self._followed and _is_same(result.attempt, error):
                return replace(observation, reason=reason)
            return Observation(state=State.UNTESTABLE, reason=reason)
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


def _is_same(attempt: Attempt | None, error: str) -> bool:
    """Return True if a script failed with just the error of the import."""
    return attempt is not None and attempt.error is not None and normalise(attempt.error) == normalise(error)


def _fails_in_an_import(attempt: Attempt | None) -> bool:
    """Return True if the body of another module than the script was running. It decides only what is started early."""
    return attempt is not None and attempt.evidence.traceback.count(", in <module>") > 1


def _fail_alike(one: Attempt | None, other: Attempt | None) -> bool:
    return one is not None and other is not None and one.outcome.is_failure and one.error == other.error
