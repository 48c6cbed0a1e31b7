"""The page for people with an old model: what carries everything, what is lost silently, what is refused and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.rendering.markdown import code, escaped, link
from harness.transfer.grades import Grade, Reading
from harness.transfer.markdown import formats_of_pairs
from harness.transfer.table import Question, Transfer
from harness.transfer.workarounds import Change, Way, workarounds

_MOST_CAUSES = 40
_LONGEST_HEAD = 110
_PREDICTION_ONLY = ("TFSMLayer", "export")
_INTRODUCTION = """\
# Loading old models

"Will the model that I saved with one version load in another?" This page answers from reads that were run. Writers
saved models of many kinds in several formats. Readers loaded the files and compared them with what was saved: weights,
predictions, configuration, optimizer state, metrics, and one more training step. The page is generated from
`results/transfer/transfer.json`.

* You have a file: `harness readers FILE` says who wrote it, and answers from this table.
* You want to see one pair: `harness show 'CELL'` prints the evidence, and `harness replay 'CELL'` runs it again.
* You want to see each read: `results/transfer/squares.md`, or `results/transfer/transfer.svg` as a picture.
* You want more pairs: `harness run --scenarios transfer --writers GLOBS --readers GLOBS`, then `harness transfer`.
"""
_BEGIN, _END = "<!-- transfer:begin -->", "<!-- transfer:end -->"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Reads with one explanation; without an explanation, with one error."""

    reading: Reading
    """That of the first of them."""
    questions: tuple[Question, ...]


def groups(table: Transfer, grade: Grade) -> list[Group]:
    """Return the reads of a grade, grouped by their label's note, or else by what differs and the error; most first."""
    found: dict[tuple[object, ...], list[Question]] = {}
    for question in table.questions():
        reading = table.reading(question)
        if reading.grade is grade:
            own = () if reading.label else (reading.differs, reading.stage, reading.error)
            found.setdefault((reading.label, reading.note, *own), []).append(question)
    every = [Group(reading=table.reading(each[0]), questions=tuple(each)) for each in found.values()]
    return sorted(every, key=lambda group: -len(group.questions))


def page(table: Transfer) -> str:
    """Return the page."""
    parts = [_INTRODUCTION, _BEGIN, _size(table), *formats_of_pairs(table)]
    for grade, title, introduction in (
        (
            Grade.SILENT,
            "Lost silently",
            "These files open without an error, and weights or predictions are not those that were saved. "
            "Compare predictions after loading.",
        ),
        (
            Grade.REFUSED,
            "Refused",
            "These files do not open, or the model cannot predict. The error is shown by the reader.",
        ),
        (
            Grade.PARTIAL,
            "Restored in part",
            "Weights and predictions are right. What is named first is not as it was saved.",
        ),
    ):
        parts += _section(table, grade, title, introduction)
    parts += [*_unwritten(table), _END]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _size(table: Transfer) -> str:
    read = [each for each in table.questions() if table.reading(each).grade is not Grade.NOT_TESTED]
    full = sum(table.reading(each).grade is Grade.FULL for each in read)
    writers, readers = ({getattr(each, name) for each in read} for name in ("writer", "reader"))
    models: dict[str, list[str]] = {}
    for each in read:
        models.setdefault(each.format, []).append(each.model)
    lines = [f"* {code(format)}: {_names(names)}" for format, names in models.items()]
    return (
        f"{len(read)} reads were run, {full} of them full: {len(writers)} writers, {len(readers)} readers. Results of "
        f"{table.generated}. A blank place was not tested. The models that were tested in each format:\n\n"
        + "\n".join(lines)
    )


def _section(table: Transfer, grade: Grade, title: str, introduction: str) -> Iterator[str]:
    found = groups(table, grade)
    yield f"## {title}"
    if not found:
        yield "None was seen."
        return
    yield introduction
    for group in found[:_MOST_CAUSES]:
        yield _cause(table, group)
    if len(found) > _MOST_CAUSES:
        rest = sum(len(group.questions) for group in found[_MOST_CAUSES:])
        more = len(found) - _MOST_CAUSES
        yield f"{more} more causes, {rest} reads, are in `results/transfer/squares.md`."


def _cause(table: Transfer, group: Group) -> str:
    reading, questions = group.reading, group.questions
    what = ", ".join(dict.fromkeys(check for each in questions for check in table.reading(each).differs))
    error = reading.error or f"fails at {reading.stage}"
    cause, _, workaround = (reading.note or "").partition(". ")
    head = escaped(cause.rstrip(".")) if cause else escaped(error)[:_LONGEST_HEAD]
    lines = [f"### {head}", ""]
    lines += [
        f"{link(reading.label, reading.link)}. {escaped(workaround)}" if reading.label else "No explanation yet.",
        "",
    ]
    lines += [f"* not restored: {what}"] if what else []
    lines += [
        f"* {_plural(len(questions), 'read')}: models {_names(each.model for each in questions)}; formats "
        f"{_names(each.format for each in questions)}; options {_names(each.option for each in questions)}",
        f"* written by {_between([each.writer for each in questions], table.writers)}; read by "
        f"{_between([each.reader for each in questions], table.readers)}",
        f"* {code(_shortened(error))}",
        f"* `harness show '{table.cell(questions[0])}'`",
        *_instead(table, questions),
    ]
    return "\n".join(lines)


def _instead(table: Transfer, questions: Sequence[Question]) -> Iterator[str]:
    """Yield the workarounds of these models from other reads, each with a cell that shows it."""
    ways = workarounds(table, questions)
    if not ways:
        yield "* no read of the table shows a workaround"
        return
    yield "* what restores them, in other reads of this table:"
    for way in ways:
        part = f", {way.partial} of them in part" if way.partial else ""
        yield (
            f"  * {_changed(table, way)}, {way.full + way.partial} of {way.tried}{part}: `{table.cell(way.shown_by)}`"
        )


def _changed(table: Transfer, way: Way) -> str:
    match way.change:
        case Change.OPTION:
            return f"the same reader with {code(way.names[0])}{_limits(way.names[0])}"
        case Change.FORMAT:
            return f"the same versions with {code(way.names[0])}{_limits(way.names[0])}"
        case Change.WRITER:
            return "the version that wrote the file"
        case Change.READER:
            return f"the same file in {_between(way.names, table.readers)}"


def _limits(name: str) -> str:
    return " (prediction only)" if name in _PREDICTION_ONLY else ""


def _shortened(error: str) -> str:
    """Return the beginning and the end of an error: Keras quotes a configuration between them."""
    half = _LONGEST_HEAD
    return error if len(error) <= 2 * half else f"{error[:half]} … {error[-half:]}"


def _unwritten(table: Transfer) -> Iterator[str]:
    reasons: dict[str, list[tuple[str, str, str]]] = {}
    for (model, format, _), lines in table.squares.items():
        for writer, line in lines.items():
            if line.writing.written is False:
                reasons.setdefault(line.writing.reason, []).append((model, format, writer))
    if not reasons:
        return
    yield "## What cannot be written"
    rows = []
    for reason, files in sorted(reasons.items(), key=lambda each: -len(each[1])):
        models, formats = _names(model for model, _, _ in files), _names(format for _, format, _ in files)
        writers = _between([writer for _, _, writer in files], table.writers)
        rows.append(f"* {escaped(reason)}: models {models}; formats {formats}; in {writers}")
    yield "\n".join(rows)


def _names(names: Iterable[str]) -> str:
    return ", ".join(code(name) for name in dict.fromkeys(names))


def _between(found: Sequence[str], order: Sequence[str]) -> str:
    """Return environments in words: a run of neighbours as its first and last, others one by one."""
    places = sorted({order.index(each) for each in found})
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    shown = [
        code(order[run[0]]) if len(run) == 1 else f"{code(order[run[0]])} to {code(order[run[-1]])}" for run in runs
    ]
    return ", ".join(shown)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
