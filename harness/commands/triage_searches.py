"""The searches of `harness triage`: releases, commits, both sides of a pair, and the responsible package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.version import Version

from harness.environments.requirements import unmet_requirements
from harness.environments.source_commit import commit_in
from harness.errors import HarnessError
from harness.locking.package_index import ReleaseIndex
from harness.model import Environment
from harness.pinpoint.prober import SearchStopped
from harness.session import Session
from harness.triage.answer import TriageAnswer


@dataclass(frozen=True, kw_only=True)
class Searches:
    """Searches with the script of a report. What cannot be searched is reported, and has no result."""

    session: Session
    path: Path
    """The script, or the folder with two steps."""
    jobs: int
    repository: str | None
    case: str = ""
    """The parameters in the id of the case, after the name of the script: `[test=TestSave.test_one]`."""

    @property
    def _subject(self) -> str:
        return f"{self.path}{self.case}"

    def releases(self, *, package: str, environment: str, more: Sequence[str]) -> Mapping[str, Any] | None:
        """Search the releases of a package, and the commits if there is a repository of it."""
        from harness.commands import pinpoint

        typed = ["pinpoint", self._subject, "--package", package, "--in", environment, "--jobs", str(self.jobs), *more]

        def search(repository: str | None) -> Mapping[str, Any] | None:
            given = ["--repository", repository] if repository else []
            return pinpoint.search(self.session, pinpoint.Options.parse(pinpoint.add_arguments, [*typed, *given]))

        return self._with_or_without_commits(package, search)

    def pair(self, package: str, writer: str, reader: str, versions: str | None) -> Mapping[str, Any] | None:
        """Search the releases of a package on both sides of a pair, and the commits if there is a repository."""
        from harness.commands.pair_search import PairSearch

        def search(repository: str | None) -> Mapping[str, Any] | None:
            sides = PairSearch(session=self.session, path=self.path, jobs=self.jobs, repository=repository)
            return sides.run(package, writer, reader, versions)

        return self._with_or_without_commits(package, search)

    def _with_or_without_commits(
        self, package: str, search: Callable[[str | None], Mapping[str, Any] | None]
    ) -> Mapping[str, Any] | None:
        """Search with the repository; without it if it cannot be used, as the clone of another package cannot."""
        for repository in dict.fromkeys((self.repository, None)):
            try:
                return search(repository)
            except SearchStopped:
                return None
            except HarnessError as error:
                what = "releases" if repository is None else "commits"
                self.session.notify(f"The {what} of {package} were not searched: {error}")
        return None

    def package(self, good: str, bad: str, *more: str, writer: str | None = None) -> Sequence[str]:
        """Return the packages that turn a good environment, or a good reader of one writer's file, into a bad one."""
        from harness.commands import blame

        try:
            typed = ["blame", self._subject, "--good", good, "--bad", bad, "--jobs", str(self.jobs)]
            typed += [*more, *(["--writer", writer] if writer is not None else [])]
            found = blame.search(self.session, blame.Options.parse(blame.add_arguments, typed), releases=False)
        except SearchStopped:
            return ()
        except HarnessError as error:
            self.session.notify(f"The responsible package was not searched for: {error}")
            return ()
        return [each["name"] for each in found["packages"] if each["kind"] == "package"]

    def reader_package(self, writer: str, good: str, bad: str) -> Sequence[str]:
        """Return the packages that turn a good reader of a writer's file into a bad one."""
        return self.package(good, bad, writer=writer)


def unmet(session: Session, environment: Environment) -> tuple[str, ...]:
    """Return the unmet requirements of the packages of an environment; none if it is not on disk."""
    folder = session.folder_of(environment)
    provides = dict(session.project.matrix.provides)
    return unmet_requirements(folder, environment.python, provides) if folder is not None and folder.is_dir() else ()


def with_commits(session: Session, answer: TriageAnswer) -> TriageAnswer:
    """Return an answer with the commits of its nightly builds, as far as their wheels name them."""
    files = dict(session.project.matrix.built_from)
    environments = {each.id: each for each in session.project.environments}
    found = []
    for each in answer.nightly:
        environment = environments.get(each.evidence.environment.partition(" + ")[0])
        folder = session.folder_of(environment) if environment is not None and each.package in files else None
        commit = commit_in(folder, files[each.package]) if folder is not None else None
        found.append(replace(each, commit=commit))
    return replace(answer, nightly=tuple(found))


def known_releases(session: Session, package: str) -> Sequence[Version]:
    """Return the releases of a package; none if the package index does not answer, which is reported."""
    try:
        return [each.version for each in ReleaseIndex.configured(session.variables).releases(package)]
    except HarnessError as error:
        session.notify(f"The releases of {package} are not known: {error}")
        return ()
