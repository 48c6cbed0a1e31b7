"""The answer for a file as text of 80 columns: ranges of environments, footnotes, the way to the wanted one. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.readers.answer import FileAnswer
from harness.readers.grading import ReaderAnswer
from harness.readers.matching import SimilarModels
from harness.rendering.foreign_text import one_line
from harness.transfer.grades import Grade

WIDTH = 80
_WORDS = {
    Grade.FULL: "full",
    Grade.PARTIAL: "partial",
    Grade.SILENT: "WRONG",
    Grade.REFUSED: "refused",
    Grade.NOT_TESTED: "not tested",
}
_LONGEST_ERROR = 300
_MOST_CELLS = 3
_MOST_WRITERS = 3
# The objects that an error lists differ in each version: `unmatched objects: [<KerasVariable shape=(8,)...>, ...]`.
_OBJECTS = re.compile(r"\[<.*", re.DOTALL)
_VERSION = re.compile(r"\d+(\.\d+)+")


@dataclass(frozen=True, kw_only=True)
class _Footnote:
    """The text of a footnote: sentences without their last period."""

    seen: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()
    """The cause and the workaround, which several footnotes may share."""
    untested: tuple[str, ...] = ()

    def text(self, explained_in: int | None) -> str:
        """Return it as text. With the number of a footnote that has the same explanation, it names that instead."""
        parts = [
            *self.seen,
            *(self.explanation if explained_in is None else (f"See [{explained_in}]",)),
            *self.untested,
        ]
        ended = (each if each.endswith((".", "…")) else f"{each}." for each in parts[:-1])
        return " ".join([*ended, *(each.rstrip(".") for each in parts[-1:])])


def text_of(answer: FileAnswer, *, command: str) -> str:
    """Return an answer as text. `command` is what the user types to run this tool."""
    parts = ["\n".join(_head(answer)), "\n".join(_table(answer))]
    if answer.wanted is not None:
        parts.append("\n".join(_way(answer, command)))
    if answer.install is not None:
        lines = [f"To make {answer.install.environment} on this machine:"]
        parts.append("\n".join([*lines, *(f"  {each}" for each in answer.install.commands)]))
    return "\n\n".join(each for each in parts if each) + "\n"


def _head(answer: FileAnswer) -> Iterator[str]:
    facts, by = answer.facts, answer.written_by
    named = _alternatives(by.ids)
    environments = f" ({named})" if by.ids and facts.writer else ""
    writer = facts.writer or named
    by_whom = f"written by {writer}{environments}" if writer else "writer unknown"
    yield from _wrapped(f"{answer.name}: {facts.format}, {by_whom}")
    if by.reason:
        yield from _wrapped(by.reason)
    if not by.exact:
        yield from _wrapped(f"No environment of the table has {facts.writer}: the nearest release is {named}.")
    if facts.layers:
        yield from _wrapped(f"Layers: {', '.join(facts.layers)}")
    if facts.custom:
        yield from _wrapped(f"Classes of your own: {', '.join(facts.custom)}. Every reader needs their code.")
    if facts.code:
        yield from _wrapped(
            f"It carries Python code ({', '.join(facts.code)}), which runs when it is loaded. "
            "Load it only if you trust it."
        )
    for each in facts.notes:
        yield from _wrapped(each)


def _alternatives(ids: Sequence[str]) -> str:
    """Return the environments that may have written a file."""
    if len(ids) <= _MOST_WRITERS:
        return " or ".join(ids)
    return f"{' or '.join(ids[: _MOST_WRITERS - 1])} or one of {len(ids) - _MOST_WRITERS + 1} more"


def _table(answer: FileAnswer) -> Iterator[str]:
    if answer.tried:
        yield "Who reads the file itself, in the environments that were tried:"
        yield ""
    else:
        yield from _wrapped(_evidence(answer))
        if answer.alike.missing and answer.source:
            yield from _wrapped(
                f"The table has no model with {', '.join(answer.alike.missing)}: of that, nothing is known. "
                f"--try runs the file itself."
            )
        if answer.known and not answer.alike.any_layers and answer.facts.format.has_model:
            yield from _wrapped("The file itself was not read, and may differ: --try reads it, in the sandbox.")
        yield ""
    notes: dict[_Footnote, int] = {}
    rows: dict[tuple[Grade, _Footnote], list[str]] = {}
    order = (Grade.FULL, Grade.PARTIAL, Grade.SILENT, Grade.REFUSED, Grade.NOT_TESTED)
    for grade in order:
        for reader in answer.readers:
            if reader.grade is grade:
                rows.setdefault((grade, _footnote(reader, answer.alike)), []).append(reader.environment)
    for (grade, note), ids in rows.items():
        mark = f" [{notes.setdefault(note, len(notes) + 1)}]" if note != _Footnote() else ""
        yield from _row(_WORDS[grade], ", ".join(ranges(ids, answer.order)) + mark)
    if notes:
        yield ""
    explained: dict[tuple[str, ...], int] = {}
    for note, number in notes.items():
        first = explained.setdefault(note.explanation, number) if note.explanation else number
        yield from _wrapped(note.text(first if first != number else None), first=f"  [{number}] ", rest="      ")


def _evidence(answer: FileAnswer) -> str:
    unknown = f"Who reads it is not known from {answer.source}"
    and_try = ", or use --try" if answer.facts.format.has_model else ""
    if not answer.source:
        return "Who reads it is not known: there is no table. --try runs the file itself."
    if not answer.written_by.ids:
        return f"{unknown}: name the writer with --written-by{and_try}."
    if not answer.alike.models:
        return f"{unknown}: it has no model like this one. --try runs the file itself."
    if not answer.known:
        return f"{unknown}: no version was run with such a file of {_alternatives(answer.written_by.ids)}."
    models = [
        f"{name} (also has {', '.join(answer.alike.foreign[name])})" if answer.alike.foreign.get(name) else name
        for name in answer.alike.models
    ]
    what = "any of the models" if answer.alike.any_layers else "models like it"
    return f"Who reads it, from {answer.source}, in which {what} were written and read: {', '.join(models)}"


def _footnote(reader: ReaderAnswer, alike: SimilarModels) -> _Footnote:
    seen = []
    if reader.grade is Grade.SILENT:
        seen.append(f"opens without an error, but is not the same: {', '.join(reader.differs)}")
    elif reader.grade is Grade.PARTIAL:
        seen.append(f"not the same: {'; '.join(reader.differs)}" if reader.differs else "not everything is the same")
    if reader.error:
        of = f"{reader.error_of}: " if reader.error_of else ""
        seen.append(of + one_line(_OBJECTS.sub("[...]", reader.error), longest=_LONGEST_ERROR))
    untested = [_untested(reader, alike)] if reader.untested and reader.grade is not Grade.NOT_TESTED else []
    if reader.reason:
        untested.append(one_line(reader.reason, longest=_LONGEST_ERROR))
    explanation = tuple(each for each in (reader.note, reader.link) if each)
    return _Footnote(seen=tuple(seen), explanation=explanation, untested=tuple(untested))


def _untested(reader: ReaderAnswer, alike: SimilarModels) -> str:
    tested = [each for each in alike.models if each not in reader.untested]
    if alike.any_layers and tested and len(tested) < len(reader.untested):
        return f"tested only with {', '.join(tested)}"
    layers = [layer for model in reader.untested for layer in alike.only_in.get(model, ())]
    models = [each for each in reader.untested if each not in alike.only_in]
    return f"not tested: {', '.join([*models, *(f'a model with {each}' for each in layers)])}"


def _way(answer: FileAnswer, command: str) -> Iterator[str]:
    chain, wanted = answer.chain, answer.wanted
    if chain is None:
        if answer.chain_tried:
            yield from _wrapped(
                f"No way into {wanted} was found: nothing that reads the file could hand it on in full."
            )
        elif answer.source and answer.known:
            yield from _wrapped(
                f"No way into {wanted} is known: no chain of environments was seen to carry everything."
            )
        return
    if not chain.steps:
        yield f"{wanted} reads it as it is."
    else:
        yield f"To read it in {wanted}:"
    for number, step in enumerate(chain.steps, 1):
        what = "Load it" if number == 1 else "Load that"
        yield f"  {number}. {what} in {step.load_in} and save it as {step.save_as}."
    if chain.steps:
        yield f"  {len(chain.steps) + 1}. Load that in {wanted}."
    cells = list(dict.fromkeys([*(cell for step in chain.steps for cell in step.cells), *chain.cells]))
    if cells:
        what = "Each step" if chain.steps else "This"
        yield f"{what} was run with {'the file itself' if answer.chain_tried else 'models like it'}. The evidence:"
        shown = cells if len(cells) <= _MOST_CELLS else cells[:_MOST_CELLS]
        yield from (f"  {command} show '{each}'" for each in shown)
        if len(cells) > len(shown):
            yield f"  and {len(cells) - len(shown)} more cells: see --json"


def ranges(ids: Sequence[str], order: Sequence[str]) -> Iterator[str]:
    """Yield environments as ranges: neighbours in the order of the table that differ in their version only."""
    wanted, run = set(ids), list[str]()
    for id in [*order, ""]:
        if run and (id not in wanted or _family(id) != _family(run[0])):
            yield run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}"
            run = []
        if id in wanted:
            run.append(id)


def _family(id: str) -> str:
    return _VERSION.sub("*", id, count=1)


def _row(word: str, text: str) -> Iterable[str]:
    return _wrapped(text, first=f"  {word:<12}", rest=" " * 14)


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
