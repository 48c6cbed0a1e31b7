"""A report about model files without the code that wrote them: which version reads which file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from harness.reports.attachments import is_model
from harness.reports.report import Report
from harness.triage.answer import FileAnswer, TriageAnswer
from harness.triage.claims import check
from harness.triage.evidence import Evidence, Shows
from harness.triage.ranges import Range, ranges_of
from harness.triage.verdict import by_commit, listed

FEWEST_FAILURES = 2
"""The number of types of exceptions from which on a report is about reading a file, not about one exception."""


def attached_models(report: Report) -> tuple[str, ...]:
    """Return the model files that the script of a report needs."""
    return tuple(each.name for each in report.companions if is_model(each.name))


def is_about_reading(report: Report) -> bool:
    """Return whether the problem is that a file cannot be read, with any error."""
    return bool(attached_models(report)) and len({each.type for each in report.failures}) >= FEWEST_FAILURES


def files_apart(report: Report, text: str) -> tuple[str, ...]:
    """Return the model files that the script is run with one by one: if there are several and it reads arguments."""
    models = attached_models(report)
    return models if len(models) > 1 and "argv" in text else ()


def file_answer(
    file: str, answer: TriageAnswer, evidence: Sequence[Evidence], package: NormalizedName, name: str
) -> FileAnswer:
    """Return the answer about one file: the versions of a package that read it."""
    ranges = tuple(
        replace(each, package=NormalizedName(name)) for each in ranges_of(evidence, package, apart_by_error=True)
    )
    reading = [each for each in ranges if each.shows is Shows.PASSES]
    text = f"{file} is read by {name} {listed(reading)}" if reading else f"No version that was run reads {file}"
    for change, word in ((answer.introduced, "introduced"), (answer.fixed, "fixed")):
        if change is not None:
            text += f"; {word} between {change.package} {change.last} and {change.first}{by_commit(change)}"
    return FileAnswer(file=file, verdict=f"{text}.", ranges=ranges, answer=answer)


def of_all_files(evidence: Mapping[str, Sequence[Evidence]]) -> tuple[Evidence, ...]:
    """Return the result of each environment for all files together: a pass only if each of them is read."""
    by_environment: dict[str, list[Evidence]] = {}
    for each in (one for found in evidence.values() for one in found):
        by_environment.setdefault(each.environment, []).append(each)
    order = (Shows.BUG, Shows.OTHER, Shows.NOT_TESTED, Shows.NOT_APPLICABLE, Shows.PASSES)
    complete = (found for found in by_environment.values() if len(found) == len(evidence))
    return tuple(min(found, key=lambda one: order.index(one.shows)) for found in complete)


def combined(
    report: Report,
    files: Sequence[FileAnswer],
    evidence: Mapping[str, Sequence[Evidence]],
    *,
    stepped: NormalizedName,
    name: str,
    provides: Mapping[str, str],
) -> TriageAnswer:
    """Return one answer about all files: the versions that read every file, and what holds for each of them."""
    together = of_all_files(evidence)
    ranges = tuple(replace(each, package=NormalizedName(name)) for each in ranges_of(together, stepped))
    answers = [each.answer for each in files]
    first = min(answers, key=lambda each: each.reproduced.result != "reproduced")
    responsible = {each.responsible for each in answers if each.responsible is not None}
    return replace(
        first,
        verdict=_verdict(files, ranges, responsible),
        observed="error",
        responsible=next(iter(responsible)) if len(responsible) == 1 else None,
        stepped=name,
        ranges=ranges,
        introduced=next((each.introduced for each in answers if each.introduced is not None), None),
        fixed=next((each.fixed for each in answers if each.fixed is not None), None),
        transitions=tuple(each for answer in answers for each in answer.transitions),
        claims=check(report.claims, together, provides=provides),
        workarounds=tuple({each.text: each for answer in answers for each in answer.workarounds}.values()),
        questions=report.questions,
        commands=tuple(dict.fromkeys(each for answer in answers for each in answer.commands)),
        other_failures=(),
        not_tested=tuple(dict.fromkeys(each for answer in answers for each in answer.not_tested)),
        files=tuple(files),
    )


def _verdict(files: Sequence[FileAnswer], ranges: Sequence[Range], responsible: set[str]) -> str:
    """Return the verdict: what reads all files, then what holds for each of them."""
    reading = [each for each in ranges if each.shows is Shows.PASSES]
    if not reading:
        together = "No version that was run reads all files."
    else:
        words = "is the only version that was run which reads" if _is_one(reading) else "read"
        together = f"{reading[0].package} {listed(reading)} {words} all files."
    named = f" Responsible: {next(iter(responsible))}." if len(responsible) == 1 else ""
    return f"{together} {' '.join(each.verdict for each in files)}{named}"


def _is_one(ranges: Sequence[Range]) -> bool:
    return len(ranges) == 1 and ranges[0].first == ranges[0].last
