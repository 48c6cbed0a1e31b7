"""`harness triage`: a report in, an answer out."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.commands.answer import AnswerFormat, answers_folder
from harness.commands.arguments import (
    CommandOptions,
    add_data,
    add_factor,
    add_jobs,
    add_json,
    add_sandbox,
    add_watch,
)
from harness.commands.conditions import data_options
from harness.commands.published_results import own_published
from harness.commands.report_input import check_late_options, reason_without_code, report_source
from harness.commands.run_tasks import run_tasks
from harness.commands.selected_plan import find_environment, scripts_at
from harness.commands.triage_additions import Additions
from harness.commands.triage_searches import with_commits
from harness.commands.triage_subject import TriageSubject
from harness.errors import HarnessError, UsageError, near_misses, some_of
from harness.filesystem.atomic import write_whole
from harness.model import Environment, NoVerdict, Scenario, matches_globs
from harness.model.watch import Watch, WatchKind
from harness.reports import read_report
from harness.reports.report import Report
from harness.reports.report_folder import write_report
from harness.reports.two_runs import as_two_runs
from harness.reports.vocabulary import reading_with
from harness.session import Session
from harness.triage.added_packages import tier_with_backend
from harness.triage.answer import TriageAnswer, document
from harness.triage.composing import unanswerable
from harness.triage.downloads import with_data
from harness.triage.environments import nightly_beside
from harness.triage.known_failures import with_known
from harness.triage.masking import without_secrets
from harness.triage.model_files import files_apart
from harness.triage.notebook import notebook
from harness.triage.pairs import Pairs
from harness.triage.project_vocabulary import vocabulary_of
from harness.triage.reply import markdown
from harness.triage.reproduction import reported_failure
from harness.triage.runs import Runs

_NAME = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness triage`."""

    report: str
    tier: str | None
    environments: tuple[str, ...]
    """Globs, instead of a tier."""
    extras: tuple[str, ...]
    """The packages of --with."""
    repository: str | None
    output: str | None
    """A folder; None for the one next to the attempts."""
    watch: str | None
    factor: float | None
    write_args: str | None
    read_args: str | None
    """The arguments of two runs of one script."""
    jobs: int
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness triage`."""
    parser.add_argument("report", metavar="REPORT|-", help="an issue text, notebook, script or folder; - for stdin")
    parser.add_argument(
        "--tier", metavar="NAME", help="compare the environments of this tier (default: the default tier)"
    )
    parser.add_argument("--environments", metavar="GLOBS", action="append", default=[], help="ids, instead of a tier")
    parser.add_argument(
        "--with",
        metavar="PACKAGE",
        dest="extras",
        action="append",
        default=[],
        help="add this package to each environment",
    )
    parser.add_argument("--repository", metavar="DIR", help="a clone of the responsible package: find the commit")
    add_watch(parser, "the report is about printed text, warnings, durations or time-outs")
    add_factor(parser)
    parser.add_argument("--write-args", metavar="TEXT", help="run the script twice: its arguments to write a file")
    parser.add_argument("--read-args", metavar="TEXT", help="with --write-args: its arguments to read the file")
    parser.add_argument("--output", metavar="DIR", help="also write the answer to this folder")
    add_jobs(parser, "processes at a time")
    add_sandbox(parser)
    add_data(parser)
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Read a report, run it, keep and print the answer; exit status 1 if nothing could be run.

    Raises UsageError, after it printed the questions for the reporter, if the report has nothing to run.
    """
    if options.tier or options.environments:
        _tier(session, options)
    check_late_options(session, extras=options.extras, repository=options.repository)
    report, folder, path = _read(session, options)
    if path is None:
        raise _without_code(session, options, report, folder)
    (scenario,) = scripts_at(session, [path])
    backend = tier_with_backend(report, session.project.environments, session.project.matrix)
    if backend is not None and not options.tier and not options.environments:
        session.notify(f"{backend[0]}: `--tier {backend[1]}` compares the environments that are made for it")
    added = Additions.of(session, report, scenario, options.extras)
    runs = _runs(session, options, scenario, added)
    subject = TriageSubject(
        session=session,
        report=report,
        path=path,
        tier=[each.id for each in _tier(session, options)],
        jobs=options.jobs,
        repository=options.repository,
    )
    files = files_apart(report, scenario.script.text) if scenario.write is None else ()
    if isinstance(runs, Pairs):
        found = subject.two_steps(runs)
    elif files:
        found = subject.files_apart(runs, files)
    else:
        found = subject.one_step(runs)
    if session.stop.is_set():
        session.notify("Stopped. Results until now are recorded; run the same command again to continue.")
        return 130
    if any(each.attempt is not None and each.attempt.cause is NoVerdict.NO_NETWORK for each in runs.all):
        session.notify("The script downloads data, and has no network: add --fetch to download it once, or --data DIR.")
    attempts = [each.attempt for each in runs.all]
    found = added.with_questions(with_data(found, attempts, options=data_options(session)), attempts)
    _publish(session, options, _with_explanation(session, report, with_commits(session, found)))
    return 0 if found.ranges or any(each.attempt is not None for each in runs.all) else 1


def _without_code(session: Session, options: Options, report: Report, folder: Path) -> UsageError:
    """Print the questions for the reporter. Return the error for a report that has nothing to run."""
    why = reason_without_code(report)
    answer = unanswerable(report, why, provides=dict(session.project.matrix.provides))
    _publish(session, options, _with_explanation(session, report, answer))
    return UsageError(
        f"{options.report}: the report has no code that can be run",
        why=why[:1].upper() + why[1:],
        next_step=f"Ask the reporter. The parts of the report are in {folder}",
    )


def _runs(session: Session, options: Options, scenario: Scenario, added: Additions) -> Runs | Pairs:
    """Return the runs of a script, or the pairs of a script with two steps. Nothing is run yet."""
    watch = _watch_of(options, scenario)
    runs: Runs | Pairs = (Runs if scenario.write is None else Pairs)(
        session=session,
        scenario=scenario,
        run_tasks=partial(run_tasks, jobs=1 if watch is not None and watch.kind is WatchKind.TIME else options.jobs),
        find_environment=find_environment,
        extend=added.extend,
    )
    if isinstance(runs, Runs):
        runs.watch = watch
    return runs


def _watch_of(options: Options, scenario: Scenario) -> Watch | None:
    """Return the watch of a report. Raises UsageError for a report with two steps."""
    if options.watch is not None and scenario.write is not None:
        raise UsageError(
            "--watch: the report has two steps",
            why="The search of writer and reader follows failures only",
            next_step="Leave out --watch, or use harness pinpoint",
        )
    return Watch.chosen(scenario.header, options.watch, options.factor)


def _with_explanation(session: Session, report: Report, answer: TriageAnswer) -> TriageAnswer:
    """Add what the published results of the project say of a message that was not reproduced."""
    if answer.reproduced.reproduced or not report.failures:
        return answer
    cells = (each.values for each in own_published(session).cells.values())
    return with_known(answer, reported_failure(report), cells)


def _publish(session: Session, options: Options, found: TriageAnswer) -> None:
    """Keep an answer in all formats, and print it in the one that was asked for."""
    found = without_secrets(found)
    texts = {
        AnswerFormat.MARKDOWN: markdown(found),
        AnswerFormat.JSON: json.dumps(document(found), indent=1) + "\n",
        AnswerFormat.NOTEBOOK: notebook(found),
    }
    kept = answers_folder(session) / _file_name(found.name)
    for folder in dict.fromkeys([kept, Path(options.output or kept)]):
        _keep(folder, texts)
    sys.stdout.write(texts[AnswerFormat.JSON if options.json else AnswerFormat.MARKDOWN])


def _keep(folder: Path, texts: Mapping[AnswerFormat, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for format, text in texts.items():
            write_whole(folder / format.file_name, text)
    except OSError as error:
        raise HarnessError(
            f"{folder}: the answer cannot be written",
            why=str(error),
            next_step="Make room or give permission, or name another folder with --output",
        ) from error


def _tier(session: Session, options: Options) -> list[Environment]:
    """Return the environments of the tier and the nightly builds, or those that --environments chooses."""
    project = session.project
    if options.environments:
        globs = tuple(glob for text in options.environments for glob in text.split(","))
        chosen = [each for each in project.environments if matches_globs(each.id, globs)]
        if not chosen:
            close = near_misses(globs[0], (each.id for each in project.environments))
            raise UsageError(
                f"--environments: {', '.join(globs)} matches no environment. {close}".rstrip(),
                next_step=f"Valid names: {some_of(each.id for each in project.environments)}",
            )
        return chosen
    name = options.tier or project.matrix.default_tier
    chosen = [each for each in project.environments if name in each.tiers]
    if not chosen:
        known = [tier.name for tier in project.matrix.tiers]
        raise UsageError(f"--tier: there is no tier {name!r}", next_step=f"Valid tiers: {', '.join(known)}")
    return [*chosen, *nightly_beside(chosen, project.environments)]


def _read(session: Session, options: Options) -> tuple[Report, Path, Path | None]:
    """Read a report; return it with its folder and the path of its scenario, None if there is nothing to run."""
    with reading_with(vocabulary_of(session.project)):
        report = read_report(report_source(options.report))
    if options.write_args is not None or options.read_args is not None:
        report = as_two_runs(report, options.write_args or "", options.read_args or "")
    name = name_of(report)
    # The name of the folder is that of a scenario with two steps.
    folder = answers_folder(session) / name / (name if len(report.scripts) > 1 else "report")
    shutil.rmtree(folder, ignore_errors=True)
    return report, folder, write_report(report, folder)


def name_of(report: Report) -> str:
    """Return the name under which an answer is kept."""
    return _file_name(report.name)


def _file_name(name: str) -> str:
    return _NAME.sub("-", name).strip("-.") or "report"
