"""The packages that `harness triage` adds to each environment, with the reasons; the modules that no package has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.commands.added_packages import declared_packages, read_extras, with_packages
from harness.errors import HarnessError
from harness.locking.package_index import IndexUnavailable, ReleaseIndex
from harness.model import Attempt, NoVerdict, Scenario
from harness.project.import_names import package_of
from harness.project.plan import Plan
from harness.reports.report import Report
from harness.session import Session
from harness.triage.added_packages import Addition, imported_packages, needed_packages
from harness.triage.answer import TriageAnswer


@dataclass(frozen=True, kw_only=True)
class Additions:
    """The packages of --with and of the report, and the modules that are in no package."""

    session: Session
    packages: tuple[Addition, ...]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, session: Session, report: Report, scenario: Scenario, extras: Sequence[str]) -> Additions:
        """Return the packages to add, and report them: those of --with first, then those that the report needs.

        A package that every environment has is added only if it was typed: its version may count.
        """
        matrix, environments = session.project.matrix, session.project.environments
        typed = [Addition(package=str(each), why="--with") for each in (read_extras(extras) if extras else ())]
        declared = [Addition(package=str(each), why="the header declares it", declared=True)
                    for each in declared_packages(session, scenario)]  # fmt: skip
        imported, own = imported_packages(report, matrix, environments)
        index = ReleaseIndex.configured(session.variables)
        published = [each for each in imported if _is_published(index, each.package)]
        chosen: dict[str, Addition] = {}
        for each in (*typed, *declared, *published, *needed_packages(report, matrix)):
            requirement = Requirement(each.package)
            if each in typed or any(environment.lacks(requirement) for environment in environments):
                chosen.setdefault(canonicalize_name(requirement.name), each)
        if chosen:
            session.notify(f"Added to each environment that lacks it: {', '.join(map(str, chosen.values()))}")
        unknown = (*own, *(each.module for each in imported if each not in published))
        if unknown:
            session.notify(
                f"The script imports modules that are in no environment and in no package: {', '.join(unknown)}"
            )
        return cls(session=session, packages=tuple(chosen.values()), unknown=unknown)

    def extend(self, plan: Plan) -> Plan:
        """Return a plan whose environments have the packages."""
        # Declared packages of the header are added to every plan.
        chosen = [each for each in self.packages if not each.declared]
        # The script may not need the packages that a report installs: they may be for another system.
        optional = [each.package for each in chosen if each.optional]
        return with_packages(self.session, plan, [Requirement(each.package) for each in chosen], optional=optional)

    def with_questions(self, answer: TriageAnswer, attempts: Iterable[Attempt | None]) -> TriageAnswer:
        """Return an answer that asks the reporter for the modules that are in no package, if they were missed."""
        missed = [each.reason for each in attempts if each is not None and each.cause in _MISSED]
        questions = [
            f"The script imports the module {module}, which no environment has. If it is your own, could you attach it?"
            for module in self.unknown
            if any(module in reason or package_of(module) in reason for reason in missed)
        ]
        return replace(answer, questions=(*answer.questions, *questions))


_MISSED = frozenset({NoVerdict.MISSING_PACKAGE, NoVerdict.MISSING_HELPER})


def _is_published(index: ReleaseIndex, package: str) -> bool:
    """Return whether the package index has a package; True if it does not answer: then adding it says so."""
    try:
        return bool(index.releases(package))
    except IndexUnavailable:
        return True
    except HarnessError:
        return False
