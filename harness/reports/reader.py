"""Read a report of any form: its scenario and its claims. Reads files and starts nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.reports.assembly import Assembled, assemble
from harness.reports.attachments import companions_of, find_attachments
from harness.reports.claims import Context, claims_in
from harness.reports.code import Code
from harness.reports.command_line import reads_arguments, typed_arguments
from harness.reports.conclusions import conclude
from harness.reports.default_package import default_package
from harness.reports.facts import date_of
from harness.reports.failing_import import failing_import
from harness.reports.inline_code import call_in_sentence
from harness.reports.logs_and_package_lists import logs_and_package_lists
from harness.reports.notebook import Notebook, read_notebook, script_of
from harness.reports.pieces import MOST, Piece, Shape, clip, read_pieces
from harness.reports.report import Dropped, Form, Place, Report, Says, ScenarioFile
from harness.reports.scripts import find_fault
from harness.reports.source import Source, as_name, load, source_of
from harness.reports.undefined_names import ask_for_names, undefined_names
from harness.reports.usual_imports import usual_import
from harness.reports.writer_versions import written_with

_LOADED_BY_NIGHTLY = re.compile(r"\b(?:load|read|open|restor)\w*\b[^.\n]{0,60}\b(?:tf|keras)[-_]nightly", re.IGNORECASE)
_PLAIN_NAMES = {"report", "issue", "readme", "bug", "notebook", "untitled"}


def read_report(source: Path | str, *, name: str = "report") -> Report:
    """Read a report: a file or folder by its Path, or text as it came from standard input.

    Raises UsageError if it cannot be read at all. What can be read and not be run has questions instead of scripts.
    """
    if isinstance(source, str):
        return _read_text(source, name=as_name(name), file="")
    if source.is_dir():
        return _read_folder(source)
    text, dropped = load(source)
    report = _read_text(text, name=_name_of(source), file=source.name)
    return replace(report, dropped=(*report.dropped, *dropped))


def _name_of(path: Path) -> str:
    """Return a name that tells reports apart: of `19/report.md`, that of the folder."""
    plain = path.stem.lower() in _PLAIN_NAMES and path.suffix != ".py"
    return as_name(path.resolve().parent.name if plain else path.stem)


def _read_text(text: str, *, name: str, file: str) -> Report:
    source = source_of(text, name=name, file=file)
    if source.notebook is not None:
        return conclude(source, _assembled_notebook(source.notebook), ())
    source, assembled = _with_code_of_comments(source, assemble(source.pieces))
    found = failing_import(source.pieces) or call_in_sentence(source.pieces)
    if assembled.code is None and not assembled.questions and found is not None:
        assembled = replace(assembled, code=found[0], decisions=(*assembled.decisions, found[1]))
    steps = _two_steps(source, assembled)
    if steps:
        why = "by the report, in a new process" if assembled.restarted else "the report says which version wrote it"
        decision = f"write.py writes the file and read.py reads it: {why}"
        assembled = replace(assembled, decisions=(*assembled.decisions, decision))
    return conclude(source, assembled, (), steps=steps)


def _with_code_of_comments(source: Source, assembled: Assembled) -> tuple[Source, Assembled]:
    """Take the code of the first comment that has all of it, if the report has none that runs by itself."""
    if assembled.code is not None and not assembled.questions:
        return source, assembled
    for number, comment in enumerate(source.comments, start=1):
        pieces = read_pieces(clip(comment.text)[0], file=f"comment {number}")[:MOST]
        found = assemble(pieces)
        if found.code is not None and found.code.text.strip() and not found.questions:
            decision = f"the code is that of comment {number}: the report itself has none that runs"
            merged = replace(
                found, decisions=(decision, *found.decisions), dropped=(*assembled.dropped, *found.dropped)
            )
            return replace(source, pieces=(*source.pieces, *pieces), date=comment.date or source.date), merged
    return source, assembled


def _two_steps(source: Source, assembled: Assembled) -> tuple[ScenarioFile, ...]:
    """Return writer and reader, if the report shows the code of both.

    It must say which version wrote the file, or that the file is read in a new process.
    """
    default = default_package(source.title, source.pieces)
    written = {(each.name, each.value) for each in written_with(source.pieces, default)}
    context = Context(default=default)
    fails = {(each.package, each.version) for each in claims_in(source.pieces, context) if each.says is Says.FAILS}
    elsewhere = bool(written) and (not fails <= written or _read_by_nightly(source))
    if assembled.halves is None or not (assembled.restarted or elsewhere):
        return ()
    names = ("write.py", "read.py")
    return tuple(ScenarioFile(name=name, text=text) for name, text in zip(names, assembled.halves, strict=True))


def _read_by_nightly(source: Source) -> bool:
    """Return whether a report says that a nightly build loads the file: it has no version."""
    texts = (each.text for each in source.pieces if each.shape is not Shape.BLOCK)
    return any(_LOADED_BY_NIGHTLY.search(text) for text in (source.title, *texts))


def _read_folder(folder: Path) -> Report:
    found = find_attachments(folder)
    name = as_name(folder.resolve().name)
    if found.text is None and found.notebook is None and not found.scripts:
        raise UsageError(
            f"{folder}: there is no report in it", why="It has neither a text, nor a notebook, nor a script",
            next_step="Name the file of the report",
        )  # fmt: skip
    text, too_long = load(found.text) if found.text else ("", [])
    source = source_of(text, name=name, file=found.text.name) if found.text else Source(name=name, form=Form.FOLDER)
    source = replace(source, form=Form.FOLDER, dropped=(*source.dropped, *too_long))
    attached = [(path, load(path)[0]) for path in found.scripts]
    steps: list[ScenarioFile] = []
    assembled: list[Assembled] = []
    if found.notebook is not None:
        notebook = read_notebook(load(found.notebook)[0], found.notebook.name)
        if isinstance(notebook, str):
            place = Place(file=found.notebook.name, line=1)
            damaged = Dropped(place=place, text="", why=f"the notebook is damaged: {notebook}")
            source = replace(source, dropped=(*source.dropped, damaged))
        else:
            pieces = (*source.pieces, *notebook.pieces)
            title = source.title or next((each.text for each in notebook.pieces if each.shape is Shape.HEADING), "")
            source = replace(source, notebook=notebook, pieces=pieces, title=title)
            assembled.append(_assembled_notebook(notebook))
    for path, script in attached:
        one = assemble([Piece(shape=Shape.BLOCK, line=1, text=clip(script)[0], language="python", file=path.name)])
        assembled.append(one)
        if one.code is not None:
            unchanged = not one.code.dropped and one.code.text.strip() == script.strip()
            steps.append(ScenarioFile(name=path.name, text=script if unchanged else one.code.text))
    if not assembled:
        assembled.append(assemble(source.pieces))
    elif source.pieces:
        attachment = found.scripts[-1].name if found.scripts else found.notebook.name if found.notebook else ""
        source = replace(source, dropped=(*source.dropped, *_blocks_of_text(source.pieces, attachment)))
    code = [step.text or "" for step in steps] or [one.code.text for one in assembled if one.code]
    if len(steps) == 1 and reads_arguments(code[0]):
        typed = typed_arguments(source.text, script=steps[0].name, attached=True)
        code += [repr(typed.arguments)] if typed is not None else []  # the files that they name belong to it
    companions, unused, decisions = companions_of(folder, code, found.others)
    kept = {each.name for each in companions}
    shown = list(
        logs_and_package_lists(path for path in found.others if path.parent == folder and path.name not in kept)
    )
    date = source.date or next(filter(None, (date_of(each.text) for each in shown)), None)
    source = replace(source, pieces=(*source.pieces, *shown), date=date)
    unused = _with_text(unused, {each.file: each.text for each in shown})
    merged = _merge(assembled, (*found.decisions, *decisions), unused)
    return conclude(source, merged, tuple(companions), steps=tuple(steps))


def _with_text(unused: Iterable[Dropped], shown: Mapping[str, str]) -> list[Dropped]:
    """Return the files that are not run; of those that show something, with their text."""
    why = "what was shown, not code"
    return [
        each if (text := shown.get(each.place.file)) is None else replace(each, text=text, why=why) for each in unused
    ]


def _blocks_of_text(pieces: Iterable[Piece], attachment: str) -> list[Dropped]:
    return [
        Dropped(
            place=Place(file=piece.file, line=piece.line), text=piece.text, why=f"{attachment} is attached and is run"
        )
        for piece in pieces
        if piece.shape is Shape.BLOCK
    ]


def _merge(assembled: list[Assembled], decisions: tuple[str, ...], unused: list[Dropped]) -> Assembled:
    return Assembled(
        code=next((one.code for one in assembled if one.code is not None), None),
        dropped=(*(each for one in assembled for each in one.dropped), *unused),
        decisions=(*decisions, *(each for one in assembled for each in one.decisions)),
        questions=tuple(each for one in assembled for each in one.questions),
    )


def _assembled_notebook(notebook: Notebook) -> Assembled:
    text = script_of(notebook)
    if not text.strip():
        return Assembled(code=None)
    codes = [cell.code for cell in notebook.cells]
    decisions = (*notebook.decisions, *(each for code in codes for each in code.decisions))
    questions = []
    if (fault := find_fault(text)) is not None:
        line = text.split("\n")[fault.line - 1] if fault.line <= text.count("\n") + 1 else ""
        questions.append(
            f"The code of the notebook is not valid Python: `{line.strip()[:100]}` ({fault.message}). Is it complete?"
        )
    missing = {name for name in undefined_names(text) if usual_import(name, text) is None and name != "sys"}
    asked = [ask_for_names(missing)] if missing and not questions else []
    code = Code(
        place=Place(line=1), text=text,
        dropped=tuple(each for code in codes for each in code.dropped),
        variables=tuple(each for code in codes for each in code.variables),
        requirements=tuple(each for code in codes for each in code.requirements),
        files=tuple(each for code in codes for each in code.files),
    )  # fmt: skip
    return Assembled(
        code=code if not questions else None,
        dropped=code.dropped,
        decisions=decisions,
        questions=(*questions, *asked),
    )
