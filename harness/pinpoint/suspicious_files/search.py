"""Search for changed files that may be the cause of a transition: one traced run for each transition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from harness.errors import HarnessError
from harness.model import Case, Environment
from harness.pinpoint.answers.values import Point, ProvenTransition
from harness.pinpoint.candidates import Candidate, Subject
from harness.pinpoint.prober import Prober
from harness.pinpoint.suspicious_files.ranking import (
    Differing,
    Suspect,
    SuspectFiles,
    differing,
    python_files,
    suspects,
)
from harness.pinpoint.suspicious_files.tracing import read_trace, traced
from harness.search.transitions import State

_MOST_FILES = 50
_SLOWER = 3
"""How many times as long a traced script may take."""


class FileHints:
    """Add to transitions which changed files the script runs. The script is traced in the release with the failure."""

    def __init__(self, prober: Prober, notify: Callable[[str], None]) -> None:
        self._prober = prober
        self._notify = notify

    def add(self, found: ProvenTransition) -> ProvenTransition:
        """Return a transition with its suspicious files. Raises SearchStopped.

        A transition without the followed failure has none, nor has one with a flaky side, or of two steps.
        """
        sides = [each for each in (found.after, found.before) if each.observation.state is State.BAD]
        if not sides or found.flaky or self._prober.subject.scenario.write is not None:
            return found
        bad = sides[0]
        good = found.before if bad is found.after else found.after
        if bad.environment is None or good.environment is None:
            return found
        try:
            files = self._files(found.package, bad, bad.environment, good.environment)
        except (HarnessError, OSError) as error:
            reason = " ".join(str(error).split())
            files = SuspectFiles(release=bad.short, differing=0, files=(), note=f"not compared: {reason}")
        return replace(found, files=files)

    def _files(self, package: str, bad: Point, environment: Environment, other: Environment) -> SuspectFiles:
        name = canonicalize_name(package)
        folders = [self._prober.sources_of(each) for each in (environment, other)]
        listed = [python_files(each, name) for each in folders]
        if not all(listed):
            return SuspectFiles(release=bad.short, differing=0, files=(), note="a wheel lists no Python file")
        changed = differing(folders[0], folders[1], name)
        if len(changed) < 2:
            only = tuple(Suspect(file=each.file) for each in changed)
            note = "it is the only one that differs" if changed else "no Python file differs"
            return SuspectFiles(release=bad.short, differing=len(changed), files=only, note=f"not traced: {note}")
        self._notify(f"{package} {bad.short}: {len(changed)} Python files differ; the script is traced")
        return self._traced(bad, environment, changed, {each.split("/")[0].removesuffix(".py") for each in listed[0]})

    def _traced(
        self, bad: Point, environment: Environment, changed: tuple[Differing, ...], modules: set[str]
    ) -> SuspectFiles:
        candidate = Candidate(name=environment.id, make=lambda: environment)
        result = self._prober.result_of_other(traced_subject(self._prober.subject, modules), candidate)
        attempt = result.attempt
        trace = read_trace(self._prober.evidence_of(attempt).stdout) if attempt is not None else None
        if trace is None:
            why = f"{attempt.outcome}: {attempt.error or attempt.reason}" if attempt is not None else result.reason
            note = f"the traced run shows nothing ({why})"
            return SuspectFiles(release=bad.short, differing=len(changed), files=(), note=note)
        ranked = [each for each in suspects(changed, trace) if each.runs]
        return SuspectFiles(release=bad.short, differing=len(changed), files=tuple(ranked[:_MOST_FILES]))


def traced_subject(subject: Subject, modules: set[str]) -> Subject:
    """Return a subject that runs the script of another one, with the parameters of its case, and prints a trace."""
    scenario, script = subject.scenario, subject.scenario.script
    later = (mark.line for mark in script.marks if script.parameters_from and mark.line > script.parameters_from)
    end = min(later, default=script.text.count("\n") + 2)
    text = traced(script.text, modules, parameters=subject.case.values, parameters_end=end)
    header = replace(
        script.header, parameters=(), skips=(), labels=(), own_process=True, timeout_s=_SLOWER * script.header.timeout_s
    )
    # Its text has no header: the values of the header are in the script value.
    made = replace(script, file_name="traced.py", text=text, code=text, header=header, marks=(), parameters_from=None)
    name = f"traced_{scenario.label}"
    of_trace = replace(
        scenario, name=name, path=scenario.path.parent / Path(made.file_name), script=made, external=False
    )
    return Subject(scenario=of_trace, case=Case(scenario=name), own_limit=True)
