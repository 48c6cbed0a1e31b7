"""The subjects of `harness triage`: a report with one script, several cases, several model files, or two steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.commands.selected_plan import scripts_at
from harness.commands.triage_searches import Searches, known_releases, unmet
from harness.errors import some_of
from harness.model import Case, Scenario
from harness.model.case import as_label
from harness.project.header_text import with_keys
from harness.project.syntax import tree_of
from harness.reports.executed_code import find_tests
from harness.reports.report import Report
from harness.session import Session
from harness.triage.answer import TriageAnswer
from harness.triage.cases import MOST_CASES, case_answer, followed_case, suffix_of, with_cases, words_of
from harness.triage.model_files import combined, file_answer, is_about_reading
from harness.triage.pairs import Pairs
from harness.triage.runs import Runs
from harness.triage.triage import Triage
from harness.triage.two_step import PairTriage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TriageSubject:
    """A report with the folder or the script that was read in it."""

    session: Session
    report: Report
    path: Path
    tier: Sequence[str]
    """The environments that every report is run in."""
    jobs: int
    repository: str | None
    """A clone of the responsible package."""

    def _searches(self, case: Case | None = None) -> Searches:
        """Return the searches with this script, or with one case of it."""
        return Searches(
            session=self.session,
            path=self.path,
            jobs=self.jobs,
            repository=self.repository,
            case=suffix_of(case),
        )

    @property
    def _stepped(self) -> tuple[NormalizedName, NormalizedName]:
        """The package whose versions tables of files and cases have: its own name, and the usual one."""
        matrix = self.session.project.matrix
        package = canonicalize_name(matrix.families[0].package)
        return package, canonicalize_name(dict(matrix.provides).get(package, package))

    def files_apart(self, runs: Runs, files: Sequence[str]) -> TriageAnswer:
        """Answer a report about several model files: each is the argument of the script in runs of its own."""
        names = dict(self.session.project.matrix.provides)
        stepped, name = self._stepped
        found, evidence = [], {}
        for file in files:
            path = self.path.with_name(f"{self.path.stem}_{as_label(Path(file).stem)}.py")
            text = with_keys(self.path.read_text(encoding="utf-8"), {"args": [file]})
            path.write_text(text, encoding="utf-8", newline="\n")
            (scenario,) = scripts_at(self.session, [path])
            self.session.notify(f"File {file}")
            one = replace(self, path=path).triage(replace(runs, scenario=scenario, ran={}, environments={}))
            answer = one.answer()
            evidence[file] = one.evidence
            found.append(file_answer(file, answer, one.evidence, stepped, name))
            if self.session.stop.is_set():
                break
        return combined(self.report, found, evidence, stepped=stepped, name=name, provides=names)

    def one_step(self, runs: Runs) -> TriageAnswer:
        """Answer a report with one script. If it has several cases, answer about the case with the reported failure."""
        cases = tuple(runs.scenario.cases())
        if len(cases) <= 1:
            return self.triage(runs).answer()
        kept = cases[:MOST_CASES]
        which = f"all {len(cases)} cases" if kept == cases else f"the first {len(kept)} of {len(cases)} cases"
        self.session.notify(f"Running {which}: {some_of(map(words_of, kept))}")
        own = self.triage(replace(runs, cases=kept)).compare()
        each = {case: self.triage(replace(runs, cases=(case,), ran={}, environments={})) for case in kept}
        for triage in each.values():
            triage.notify = _log.info
            triage.compare()
        if self.session.stop.is_set():
            return each[kept[0]].answer()
        quoted = "\n".join([self.report.title, *(output.text for output in self.report.outputs)])
        ran = {case: triage.runs.all for case, triage in each.items()}
        followed = followed_case(ran, reported=each[kept[0]].reported, own=own, text=quoted)
        self.session.notify(f"The report is about the case {words_of(followed)}")
        each[followed].notify = self.session.notify
        answer = each[followed].answer()
        stepped, name = self._stepped
        shown = [
            case_answer(case, triage.evidence, stepped, name, followed=case == followed)
            for case, triage in each.items()
        ]
        tree = tree_of(runs.scenario.script.text)
        are_tests = tree is not None and find_tests(tree) is not None
        return with_cases(answer, shown, are_tests=are_tests, left_out=len(cases) - len(kept))

    def triage(self, runs: Runs) -> Triage:
        """Return the search for the answer to a report with one script, or to one case of it."""
        searches = self._searches(runs.case)
        return Triage(
            report=self.report,
            runs=runs,
            matrix=self.session.project.matrix,
            environments=self.session.project.environments,
            tier=self.tier,
            search=searches.releases,
            blame=searches.package,
            notify=self.session.notify,
            unmet=partial(unmet, self.session),
            releases=partial(known_releases, self.session),
            script_name=self.path.name,
            without_import_check=self._without_import_check,
            reading=is_about_reading(self.report),
        )

    def _without_import_check(self) -> Scenario:
        """Rewrite the script: it is also run where the framework does not import."""
        text = with_keys(self.path.read_text(encoding="utf-8"), {"requires-import": False})
        self.path.write_text(text, encoding="utf-8", newline="\n")
        (scenario,) = scripts_at(self.session, [self.path])
        return scenario

    def two_steps(self, pairs: Pairs) -> TriageAnswer:
        """Answer a report about a file that one version writes and another reads."""
        searches = self._searches()
        return PairTriage(
            report=self.report,
            pairs=pairs,
            matrix=self.session.project.matrix,
            environments=self.session.project.environments,
            tier=self.tier,
            search=searches.pair,
            blame=searches.reader_package,
            releases=partial(known_releases, self.session),
            notify=self.session.notify,
            script_name=self.path.name,
        ).answer()
