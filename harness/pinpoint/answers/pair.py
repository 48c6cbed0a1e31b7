"""The responsible side of a failing pair, from the searches of both sides. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from harness.pinpoint.answers.documents import document
from harness.pinpoint.answers.statements import Phrases, when
from harness.pinpoint.answers.texts import markdown, terminal, terminal_width, wrapped
from harness.pinpoint.answers.values import Answer, ProvenTransition, Segment, failures_of, segments_of
from harness.pinpoint.held_step import Side
from harness.rendering.markdown import code, escaped
from harness.search.transitions import Kind, State


@dataclass(frozen=True, kw_only=True)
class SideSearch:
    """The search of one side; without an answer, why it could not be searched."""

    side: Side
    """The step that was stepped through the releases."""
    answer: Answer | None
    why_not: str = ""


@dataclass(frozen=True, kw_only=True)
class PairAnswer:
    """The result of both searches for one failing pair."""

    case: str
    package: str
    writer: str
    reader: str
    sides: tuple[SideSearch, ...]
    command: str

    @property
    def pair(self) -> str:
        """The pair as text."""
        return f"{self.writer} -> {self.reader}"

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The searches that were made."""
        return tuple(each.answer for each in self.sides if each.answer is not None)

    @property
    def responsible(self) -> tuple[Side, ...]:
        """The sides on which an earlier release passes, and a later one fails like the pair."""
        return tuple(each.side for each in self.sides if each.answer is not None and origin(each.answer) is not None)

    @property
    def undecided(self) -> bool:
        """Return True if nothing could be judged."""
        return all(each.undecided for each in self.answers)


def origin(answer: Answer) -> ProvenTransition | None:
    """Return the transition from a pass to the failure of the named environment; None if no earlier release passes.

    Between the two there may be other failures. A flaky release in between leaves it open.
    """
    segments = segments_of(answer)
    place = _place_of_named(answer, segments)
    while place is not None and place > 0:
        if segments[place].first.observation.state is State.FLAKY:
            return None
        found = next((each for each in answer.found if each.after.name == segments[place].first.name), None)
        if found is not None and found.kind is Kind.INTRODUCED:
            return found
        place -= 1
    return None


def _place_of_named(answer: Answer, segments: list[Segment]) -> int | None:
    """Return the segment with the release of the named environment, or the last one that shows its failure."""
    failure = answer.named.failure
    environment = answer.named.environment
    version = environment.lock.versions.get(canonicalize_name(answer.package)) if environment is not None else None
    places = [
        place
        for place, segment in enumerate(segments)
        if failure is not None
        and segment.first.failure == failure
        and segment.first.observation.state is not State.GOOD
    ]
    own = [place for place in places if any(point.name == version for point in segments[place].points)]
    return (own or places)[-1] if places else None


def verdicts(pair: PairAnswer) -> list[str]:
    """Return the responsible side in sentences. They claim only what the searches show."""
    lines = [line for each in pair.sides if (line := _verdict(pair, each))]
    if not pair.responsible:
        searched = [each.answer for each in pair.sides if each.answer is not None]
        lines = [_never(pair, each) for each in searched if not each.undecided]
        if not lines:
            lines = ["Nothing could be tested on either side."]
    lines += [f"The {each.side} was not searched: {each.why_not}" for each in pair.sides if each.answer is None]
    return [*lines, *_workarounds(pair)]


def _verdict(pair: PairAnswer, searched: SideSearch) -> str:
    answer = searched.answer
    found = origin(answer) if answer is not None else None
    if answer is None or found is None:
        return ""
    phrases = Phrases(answer, failures_of(answer))
    border = f"{when(found)}{phrases.commits(found)}"
    if searched.side is Side.READER:
        return (
            f"The reader stopped accepting what {pair.writer} writes: {answer.package} {found.before.short} reads it, "
            f"{phrases.of(found.after)}. Introduced {border}."
        )
    return (
        f"The writer changed what it writes: {pair.reader} reads the files of {answer.package} {found.before.short}, "
        f"and with those of {found.after.short} it {phrases.shows(found.after)}. Introduced {border}."
    )


def _never(pair: PairAnswer, answer: Answer) -> str:
    """Return the facts of a side on which no earlier release passes, in a sentence."""
    held = answer.held
    passing = [each for each in answer.points if each.observation.state is State.GOOD]
    reads = held is not None and held.side is Side.WRITER
    what = f"reads the files of {pair.writer}" if reads else f"writes a file that {pair.reader} reads"
    if passing:
        return f"No release of {answer.package} before the failure that was run {what}."
    return f"No release of {answer.package} that was run {what}."


def _workarounds(pair: PairAnswer) -> Iterator[str]:
    """Yield the later releases that end the failure, on each side."""
    for each in pair.sides:
        answer = each.answer
        if answer is None:
            continue
        segments = segments_of(answer)
        place = _place_of_named(answer, segments)
        later = segments[place + 1 :] if place is not None else []
        good = next((segment for segment in later if segment.first.observation.state is State.GOOD), None)
        if good is None:
            continue
        phrases = Phrases(answer, failures_of(answer))
        found = next((found for found in answer.found if found.after.name == good.first.name), None)
        since = f"fixed {when(found)}{phrases.commits(found)}" if found is not None and found.kind is Kind.FIXED else ""
        name = f"{answer.package} {phrases.range(good)}"
        if each.side is Side.READER:
            yield f"Workaround, another reader: {name} reads the files of {pair.writer}{', ' if since else ''}{since}."
        else:
            yield f"Workaround, another writer: {pair.reader} reads the files of {name}{', ' if since else ''}{since}."


def pair_document(pair: PairAnswer) -> dict[str, object]:
    """Return the document of `--both --json`."""
    sides = {each.side.value: document(each.answer) if each.answer is not None else None for each in pair.sides}
    transitions: list[dict[str, object]] = []
    for side, found in sides.items():
        for transition in found["transitions"] if found is not None else ():  # type: ignore[attr-defined]
            transitions.append({"side": side, **transition})
    return {
        "schema": 1,
        "case": pair.case,
        "package": pair.package,
        "writer": pair.writer,
        "reader": pair.reader,
        "responsible": [each.value for each in pair.responsible],
        "statements": verdicts(pair),
        "transitions": transitions,
        "sides": sides,
        "not_searched": {each.side.value: each.why_not for each in pair.sides if each.answer is None},
        "probes": sum(each.probes for each in pair.answers),
        "runs": sum(each.runs for each in pair.answers),
        "command": pair.command,
    }


def pair_terminal(pair: PairAnswer, width: int | None = None) -> str:
    """Return the answer as plain text, at most 100 columns wide."""
    width = width or terminal_width()
    lines = wrapped(f"{pair.case}@{pair.pair}: {pair.package} on both sides", width, "")
    lines += ["", *(line for each in verdicts(pair) for line in wrapped(each, width, ""))]
    parts = ["\n".join([*lines, ""])]
    parts += [f"The {each.side}\n\n{terminal(each.answer, width)}" for each in pair.sides if each.answer is not None]
    return "\n".join([*parts, "Both again:", f"  {pair.command}", ""])


def pair_markdown(pair: PairAnswer) -> str:
    """Return the answer as Markdown."""
    lines = [f"{code(f'{pair.case}@{pair.pair}')}: {escaped(pair.package)} on both sides", ""]
    lines += [f"* **{escaped(each)}**" for each in verdicts(pair)]
    for each in pair.sides:
        if each.answer is not None:
            lines += ["", f"**The {each.side}**", "", markdown(each.answer).rstrip()]
    return "\n".join([*lines, "", "Both again:", "", "```", pair.command, "```", ""])
