"""Conclude the reading of a report: complete the script, collect claims, facts and questions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from harness.project.syntax import tree_of
from harness.reports.assembly import Assembled
from harness.reports.backends import asked_backend, with_failing_backend
from harness.reports.blocks import is_code_block
from harness.reports.claims import (
    Context,
    claims_in,
    default_package,
    without_repeats,
)
from harness.reports.code import Code, installed_by, is_transcript, read_transcript
from harness.reports.completion import complete
from harness.reports.endless_loops import ask_for_end, endless_loop
from harness.reports.executed_code import find_tests
from harness.reports.facts import (
    BACKEND_VARIABLE,
    claims_of_fields,
    outputs_in,
    settings_of,
    shown_versions,
    versions_of_cell,
)
from harness.reports.failures import exceptions_in, failures_in
from harness.reports.mentions import find_mentions, package_of
from harness.reports.missing_exception import expected_exception, failing_without, message_of
from harness.reports.notebook import outputs_of
from harness.reports.pieces import Piece, Shape
from harness.reports.pip_conflicts import conflicts_in
from harness.reports.questions import CODE_QUESTIONS, ask, ask_about_line
from harness.reports.report import Claim, Dropped, Failure, Form, Output, Place, Report, Says, ScenarioFile, Setting
from harness.reports.runs_of_script import runs_of
from harness.reports.scripts import Refusal, check_script, find_fault
from harness.reports.session_claims import claims_in_sessions, claims_of_labels
from harness.reports.source import Source
from harness.reports.wording import verdict_of
from harness.reports.writer_versions import written_with

# `print(keras.__version__)  # 3.0.1`
_NOTED_VERSION = re.compile(
    r"\b(?P<name>\w+)(?:\.\w+)*\.__version__\)?[ \t]*#+[^\n\w]*(?:(?:prints?|outputs?|shows?|version)\b[^\n\w]*)?v?"
    r"(?P<version>\d+\.\d+\.\d+(?:[-.]?(?:rc|dev|a|b)\d+)?)(?!\w)"
)
_VERSION_LINE = re.compile(r"(?:^|[\s:='\"])v?\d+\.\d+\.\d+")
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
    seen = {(each.place.file, each.place.line) for each in dropped}
    failures = tuple(_failures(source, titled))
    if (asserted := _asserted(scripts, titled)) is not None:
        scripts, decision, failure = asserted
        decisions.append(decision)
        failures = (failure,)
    place = code.place if code is not None else Place(line=1)
    runnable, left_out, asked = _runnable(scripts, place, asked=questions, raises=bool(failures))
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
    scripts: list[ScenarioFile], place: Place, *, asked: list[str], raises: bool
) -> tuple[tuple[ScenarioFile, ...], tuple[Dropped, ...], list[str]]:
    """Return the scripts if all of them can show the bug; otherwise what is dropped. Also questions about them."""
    why, questions = None, list[str]()
    refused = next(filter(None, map(_refusal, scripts)), None)
    endless = next((line for each in scripts if (line := endless_loop(each.text or "")) is not None), None)
    if refused is not None:
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
    claims += _shown(source, pieces)
    claims += claims_in_sessions(pieces)
    claims += claims_of_labels(pieces)
    place = Place(line=1, file=pieces[0].file if pieces else "")
    known = {(each.package, each.version) for each in claims}
    exact = {package_of(found["name"]): each for each in requirements if (found := _EXACT.fullmatch(each))}
    for each in exact.values():  # of several versions, nothing says of all but the last what they show
        found = _EXACT.fullmatch(each)
        if found and (package_of(found["name"]), found["version"]) not in known:
            claims.append(
                Claim(text=f"pip install {each}", place=_place_of(each, source, place), says=Says.FAILS,
                      package=package_of(found["name"]), version=found["version"])
            )  # fmt: skip
    written = {(each.name, each.value) for each in written_with(titled, default)}
    return _without_writers(_agreeing(without_repeats(claims)), written)


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
    """Leave out the version of a field that wrote the file, if the report says that another one fails."""
    bare = [each for each in claims if (each.package, each.version) in written and each.says is Says.FAILS]
    bare = [each for each in bare if each.text == f"{each.package} {each.version}"]
    others = {each.package for each in claims if each.says is Says.FAILS and each not in bare}
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


def _shown(source: Source, pieces: list[Piece]) -> list[Claim]:
    """Read versions that code printed: `tf.__version__` and what stood below it."""
    found: list[tuple[str, str, Place, Says]] = []
    blocks = [each for each in pieces if each.shape is Shape.BLOCK]
    for piece, below in zip(blocks, [*blocks[1:], Piece(shape=Shape.BLOCK, line=1, text="")], strict=False):
        if is_transcript(piece.text):
            place = Place(file=piece.file, line=piece.line)
            session = read_transcript(piece.text, place)
            says = Says.FAILS if exceptions_in(piece.text, place) else Says.WORKS
            found += [(*each, each_place, says) for *each, each_place in _shown_in_session(session, piece)]  # type: ignore[misc]
        else:
            found += [(*each, Place(file=below.file, line=below.line), Says.FAILS) for each in _printed(piece, below)]
            for at in _NOTED_VERSION.finditer(piece.text):
                line = piece.line + piece.text.count("\n", 0, at.start())
                found.append((package_of(at["name"]), at["version"], Place(file=piece.file, line=line), Says.FAILS))
    for cell in source.notebook.cells if source.notebook else ():
        found += [(*each, cell.code.place, Says.FAILS) for each in versions_of_cell(cell.source, cell.output)]
    return [
        Claim(text=f"{package} {version}", place=place, says=says, package=package, version=version)
        for package, version, place, says in found
        if package not in ("python", "sys", "platform")
    ]


def _printed(code: Piece, output: Piece) -> Iterator[tuple[str, str]]:
    """Yield packages and versions that a script printed first, as the block below it shows."""
    count = len(re.findall(r"__version__|\.VERSION\b|\bsys\.version\b|python_version\(", code.text))
    lines = [line.partition(" (")[0] for line in output.lines[: 3 + count] if line.strip() and line[0] != " "]
    if count and not is_code_block(output):
        yield from shown_versions(code.text, "\n".join(line for line in lines if _VERSION_LINE.search(line)))


def _shown_in_session(session: Code, piece: Piece) -> list[tuple[str, str, Place]]:
    found = []
    for output in session.outputs:
        before = piece.lines[max(0, output.place.line - piece.line - 1)] if output.place.line > piece.line else ""
        found += [(*each, output.place) for each in shown_versions(before, output.text.split("\n")[0])]
    return found


def _sections(pieces: list[Piece]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the sections whose sessions show an exception, those whose show none, and those that only quote one."""
    failing, working, quoting = set(), set(), set()
    for piece in pieces:
        if piece.shape is Shape.BLOCK:
            shows = exceptions_in(piece.text, Place(line=1)) or "Traceback" in piece.text
            if shows:
                failing.add(piece.section)
            elif is_transcript(piece.text):
                working.add(piece.section)
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
