"""Conclude the reading of a report: complete the script, collect claims, facts and questions."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from harness.project.syntax import tree_of
from harness.reports.assembly import INCOMPLETE, Assembled
from harness.reports.backends import asked_backend, with_failing_backend
from harness.reports.claims import Context, claims_in, without_repeats
from harness.reports.claims_of_comments import claims_in_comments
from harness.reports.code import Code, is_transcript
from harness.reports.completion import complete
from harness.reports.default_package import default_package
from harness.reports.described_versions import without_descriptions
from harness.reports.endless_loops import ask_for_end, endless_loop
from harness.reports.executed_code import find_tests
from harness.reports.facts import (
    BACKEND_VARIABLE,
    claims_of_fields,
    claims_of_settings,
    outputs_in,
    settings_of,
)
from harness.reports.failures import exceptions_in, failures_in
from harness.reports.foreign_commands import ask_about_command, command_after_script, raised_by_script
from harness.reports.mentions import find_mentions, package_of
from harness.reports.missing_exception import expected_exception, failing_without, message_of
from harness.reports.notebook import outputs_of
from harness.reports.pieces import Piece, Shape
from harness.reports.pip_conflicts import conflicts_in
from harness.reports.pip_lines import installed_by
from harness.reports.printed_versions import claims_of_printed_versions, shows_exception, versions_of_cell
from harness.reports.questions import CODE_QUESTIONS, ask, ask_about_line
from harness.reports.report import Claim, Dropped, Failure, Form, Output, Place, Report, Says, ScenarioFile, Setting
from harness.reports.runs_of_script import runs_of
from harness.reports.scripts import Refusal, check_script, find_fault
from harness.reports.session_claims import claims_in_sessions, claims_of_labels, compared_outputs
from harness.reports.source import Source
from harness.reports.vocabulary import vocabulary
from harness.reports.wording import verdict_of
from harness.reports.writer_versions import written_with

# The label of the code that writes a file: `Step 1 (TF 2.4.0)`
_FIRST_STEP = re.compile(r"\b(?:step|part|script) *(?:1|one|i|a)\b|\b(?:sav|writ|creat|train|export)\w*", re.IGNORECASE)
_NIGHTLY_OF = {"tf-nightly": "tensorflow", "keras-nightly": "keras"}
_EXACT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?:\[[^]]*\])?==(?P<version>[\w.+!-]+)")


def conclude(
    source: Source, assembled: Assembled, companions: tuple[ScenarioFile, ...], *, steps: tuple[ScenarioFile, ...] = ()
) -> Report:
    """Return the report: complete the script, read claims and facts, ask the open questions."""
    code = assembled.code
    decisions, questions = list(assembled.decisions), list(assembled.questions)
    requirements = list(code.requirements if code else ())
    scripts: list[ScenarioFile] = []
    parts = steps or ((ScenarioFile(name=f"{source.name}.py", text=code.text),) if code and code.text.strip() else ())
    pieces = list(source.pieces)
    titled = [*_title(source, pieces), *pieces]
    variables = code.variables if code else ()
    backend = asked_backend(titled, [part.text or "" for part in parts])
    if backend is not None and not any(name == BACKEND_VARIABLE for name, _ in variables):
        variables = (*variables, (BACKEND_VARIABLE, backend))
        decisions.append(f"{BACKEND_VARIABLE}={backend}, because the report says so and the code does not set it")
    conftest = next((each.read() for each in companions if each.name == "conftest.py"), "")
    for part in parts:
        text, switched = with_failing_backend(part.text or "", titled)
        if switched is not None:
            decisions.append(f"{BACKEND_VARIABLE}={switched}, because the report says that it fails with this backend")
        completed = complete(text, conftest=conftest)
        text = _with_variables(completed.text, variables)
        scripts.append(replace(part, text=text))
        decisions += completed.decisions
        if not any(each.startswith(CODE_QUESTIONS) for each in assembled.questions):  # another block is incomplete
            questions += completed.questions
        requirements += completed.requirements
    if len(scripts) == 1:
        runs = runs_of(source.text, scripts[0], [each.name for each in companions], attached=bool(steps))
        scripts = list(runs.scripts)
        decisions += runs.decisions
        questions += runs.questions
    if variables:
        decisions.append(f"set before anything is imported: {', '.join(name for name, _ in variables)}")
    companions = (*companions, *(ScenarioFile(name=name, text=text) for name, text in (code.files if code else ())))
    requirements += [each for piece in pieces for each in installed_by(piece.text[:20_000])]
    dropped = (*source.dropped, *assembled.dropped)
    claims = [each for each in _claims(source, pieces, requirements) if not _of_other_backends(each, scripts)]
    seen = {(each.place.file, each.place.line) for each in dropped if not each.why.startswith(INCOMPLETE)}
    failures = tuple(_failures(source, titled))
    if (asserted := _asserted(scripts, titled)) is not None:
        scripts, decision, failure = asserted
        decisions.append(decision)
        failures = (failure,)
    place = code.place if code is not None else Place(line=1)
    raised = raised_by_script(source.text, [each.text or "" for each in scripts])
    command = command_after_script(pieces) if failures and not raised else ""
    runnable, left_out, asked = _runnable(scripts, place, asked=questions, raises=bool(failures), command=command)
    dropped += left_out
    questions += asked
    report = Report(
        name=source.name, form=_form(source, scripts), title=source.title, scripts=runnable,
        companions=companions,
        variables=variables, requirements=tuple(dict.fromkeys(requirements)),
        settings=tuple(_settings(source, titled)), date=source.date, claims=tuple(claims),
        written_with=tuple(_written_with(source, titled, scripts)),
        failures=failures,
        outputs=tuple(_outputs(source, code, pieces, seen)), dropped=dropped,
        decisions=tuple(dict.fromkeys(decisions)),
    )  # fmt: skip
    questions += ask(report, pieces, source.text, asked=tuple(questions))
    return replace(report, questions=tuple(dict.fromkeys(questions)))


def _asserted(scripts: list[ScenarioFile], pieces: list[Piece]) -> tuple[list[ScenarioFile], str, Failure] | None:
    """Return the script that fails where the expected exception is missing, if the report is about that."""
    expected = expected_exception(pieces) if len(scripts) == 1 else None
    changed = failing_without(scripts[0].text or "", expected) if expected is not None else None
    if expected is None or changed is None:
        return None
    decision = f"the report says that {expected} should be raised: the script fails where it is not"
    failure = Failure(place=Place(line=1), type="AssertionError", message=message_of(expected))
    return [replace(scripts[0], text=changed)], decision, failure


def _runnable(
    scripts: list[ScenarioFile], place: Place, *, asked: list[str], raises: bool, command: str = ""
) -> tuple[tuple[ScenarioFile, ...], tuple[Dropped, ...], list[str]]:
    """Return the scripts if all of them can show the bug; otherwise what is dropped. Also questions about them."""
    why, questions = None, list[str]()
    refused = next(filter(None, map(_refusal, scripts)), None)
    endless = next((line for each in scripts if (line := endless_loop(each.text or "")) is not None), None)
    if command:
        why = f"the problem shows with `{command}`, which is not run"
        questions.append(ask_about_command(command))
    elif refused is not None:
        why = f"{refused.why} (line {refused.line})" if refused.line else refused.why
        questions += ask_about_line(refused, asked=asked)
    elif endless is not None:
        questions.append(ask_for_end(endless))
        if not raises:  # of what it shows before it is stopped, only an exception can be recognised
            why = f"its loop in line {endless} never ends"
    if why is None:
        return tuple(scripts), (), questions
    return (), tuple(Dropped(place=place, text=each.text or "", why=why) for each in scripts), questions


def _refusal(script: ScenarioFile) -> Refusal | None:
    """Return why a script would show nothing; None if it does something."""
    text = script.text or ""
    # Another Python may parse what this one cannot; `run` tries all of them.
    return check_script(text, name=script.name) if find_fault(text) is None else None


def _form(source: Source, scripts: list[ScenarioFile]) -> Form:
    if source.form is Form.SCRIPT and scripts:
        tree = tree_of(scripts[0].text or "")
        if tree is not None and find_tests(tree) is not None:
            return Form.TESTS
    return source.form


def _with_variables(text: str, variables: tuple[tuple[str, str], ...]) -> str:
    if not variables:
        return text
    lines = "".join(f"os.environ[{name!r}] = {value!r}\n" for name, value in variables)
    return f"import os\n\n{lines}\n{text}"


def _claims(source: Source, pieces: list[Piece], requirements: list[str]) -> list[Claim]:
    failing, working, mixed = _sections(pieces)
    default = default_package(source.title, pieces)
    titled = [*_title(source, pieces), *pieces]
    context = Context(
        default=default, failing_sections=failing, working_sections=working, mixed_sections=mixed,
        should_raise=expected_exception(titled) is not None,
    )  # fmt: skip
    claims = [*claims_of_fields(pieces), *claims_in(titled, context), *conflicts_in(pieces)]
    claims += claims_of_printed_versions(source.notebook, pieces)
    claims += claims_in_sessions(pieces)
    claims += claims_of_labels(pieces)
    place = Place(line=1, file=pieces[0].file if pieces else "")
    known = {(each.package, each.version) for each in claims}
    works = {(each.package, each.version) for each in claims if each.says is Says.WORKS}
    pinned = ((package_of(found["name"]), found["version"], each) for each in requirements
              if (found := _EXACT.fullmatch(each)))  # fmt: skip
    last = {package: (version, each) for package, version, each in pinned if (package, version) not in works}
    for package, (version, each) in last.items():  # nothing says of the others what they show
        if (package, version) not in known:
            where = _place_of(each, source, place)
            text = f"pip install {each}"
            claims.append(Claim(text=text, place=where, says=Says.FAILS, package=package, version=version))
    claims += claims_of_settings(pieces, claims)
    written = {(each.name, each.value) for each in written_with(titled, default)}
    own = _without_writers(without_descriptions(_agreeing(without_repeats(compared_outputs(claims)))), written)
    subjects = vocabulary().subjects_of(f"{source.title}\n{source.text}")
    return without_repeats([*own, *claims_in_comments(source.comments, default, subjects)])


def _of_other_backends(claim: Claim, scripts: list[ScenarioFile]) -> bool:
    """Return whether a claim only lists the version of a backend that the scripts do not use."""
    bare = claim.says is Says.FAILS and verdict_of(claim.text) is None
    return (
        bare
        and claim.package in ("jax", "jaxlib", "torch")
        and not any(claim.package.removesuffix("lib") in (script.text or "") for script in scripts)
    )


def _title(source: Source, pieces: list[Piece]) -> list[Piece]:
    """Return the title as a heading, if it does not stand in the text."""
    if not source.title or any(each.shape is Shape.HEADING and each.text == source.title for each in pieces[:1]):
        return []
    return [Piece(shape=Shape.HEADING, line=1, text=source.title.strip("*_ :"), file=pieces[0].file if pieces else "")]


def _written_with(source: Source, pieces: list[Piece], scripts: list[ScenarioFile]) -> list[Setting]:
    """Return the versions that wrote the file: those of the text, otherwise those of the docstring of write.py."""
    found = written_with(pieces, default_package(source.title, pieces))
    if found or len(scripts) < 2:
        return found
    tree = tree_of(scripts[0].text or "")
    docstring = (ast.get_docstring(tree) or "") if tree is not None else ""
    place = Place(line=1, file=scripts[0].name)
    return [Setting(name=each.package, value=each.version, place=place) for each in find_mentions(docstring)]


def _agreeing(claims: list[Claim]) -> list[Claim]:
    """Leave out a bare mention of a version of which the report says elsewhere that it works."""
    works = {(each.package, each.version) for each in claims if each.says is Says.WORKS and not each.writer}
    both = {(each.place, each.version) for each in claims if each.says is Says.WORKS}  # works, and fails for others
    return [
        each
        for each in claims
        if each.says is Says.WORKS or each.writer or verdict_of(each.text)
        or (each.place, each.version) in both
        or not any(name == each.package and f"{each.version}.".startswith(f"{version}.") for name, version in works)
    ]  # fmt: skip


def _without_writers(claims: list[Claim], written: set[tuple[str, str]]) -> list[Claim]:
    """Leave out the version of a field or a label that wrote the file, if the report says that another one fails."""
    bare = [each for each in claims if each.says is Says.FAILS and verdict_of(each.text) is None]
    bare = [each for each in bare if each.text == f"{each.package} {each.version}" or _FIRST_STEP.search(each.text)]
    bare = [
        each for each in bare
        if any(each.package == name and f"{each.version}.".startswith(f"{version}.") for name, version in written)
    ]  # fmt: skip
    others = {each.package for each in claims if each.says is Says.FAILS and each not in bare}
    others |= {_NIGHTLY_OF[each] for each in others if each in _NIGHTLY_OF}
    return [each for each in claims if each not in bare or each.package not in others]


def _place_of(text: str, source: Source, otherwise: Place) -> Place:
    for cell in source.notebook.cells if source.notebook else ():
        for offset, line in enumerate(cell.source.split("\n")):
            if text in line:
                return Place(file=cell.code.place.file, line=1 + offset)
    for piece in source.pieces:
        for offset, line in enumerate(piece.lines):
            if text in line:
                return Place(file=piece.file, line=piece.line + offset)
    return otherwise


def _sections(pieces: list[Piece]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the sections whose sessions show an exception, those whose show none, and those that only quote one."""
    failing, working, quoting = set(), set(), set()
    compared = shows_exception(pieces)
    for piece in pieces:
        if piece.shape is Shape.BLOCK:
            shows = exceptions_in(piece.text, Place(line=1)) or "Traceback" in piece.text
            if shows:
                failing.add(piece.section)
            elif compared and is_transcript(piece.text):
                working.add(piece.section)  # without any exception, the problem is what a session prints
        elif piece.shape is Shape.PROSE and failures_in([piece]):
            quoting.add(piece.section)
    return frozenset(failing), frozenset(working), frozenset(quoting & working - failing)


def _settings(source: Source, pieces: list[Piece]) -> list[Setting]:
    found = settings_of(pieces)
    names = {each.name for each in found}
    for cell in source.notebook.cells if source.notebook else ():
        for package, version in versions_of_cell(cell.source, cell.output):
            if package not in names:
                names.add(package)
                found.append(Setting(name=package, value=version, place=cell.code.place))
    return found


def _failures(source: Source, pieces: list[Piece]) -> list[Failure]:
    found = list(source.notebook.failures if source.notebook else ())
    found += failures_in(sorted(pieces, key=lambda each: each.shape is not Shape.BLOCK))  # blocks first
    kept: dict[tuple[str, str], Failure] = {}
    for failure in found:
        kept.setdefault((failure.type, failure.message[:60]), failure)
    return list(kept.values())


def _outputs(source: Source, code: Code | None, pieces: list[Piece], dropped: set[tuple[str, int]]) -> list[Output]:
    found = outputs_in(pieces, dropped)
    found += code.outputs if code else ()
    return [*found, *(outputs_of(source.notebook) if source.notebook else [])]
