"""The answer of a search over packages: for programs, on the terminal, and as Markdown."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import counted
from harness.model import Environment
from harness.pinpoint.answers.statements import when
from harness.pinpoint.answers.texts import terminal_width, wrapped
from harness.pinpoint.answers.values import Point, ProvenTransition
from harness.pinpoint.packages.differences import Difference
from harness.pinpoint.packages.search import Blamed, ResponsibleDifference
from harness.rendering.foreign_text import one_line
from harness.rendering.markdown import code, escaped, link, table
from harness.search.transitions import Kind, State

_SAME = {
    "output": "print the same as",
    "warning": "show the same warnings as",
    "time": "take as long as",
}
_WITHOUT_PRINTED = {
    State.GOOD: "does what it does in the good environment",
    State.OTHER: "does something else",
    State.UNTESTABLE: "cannot be tested",
}
_WITHOUT = {
    State.GOOD: "passes",
    State.OTHER: "fails differently",
    State.UNTESTABLE: "cannot be tested",
}


@dataclass(frozen=True, kw_only=True)
class BlameAnswer:
    """The result of `harness blame`."""

    case: str
    issue: str | None
    good: Environment
    bad: Environment
    differences: tuple[Difference, ...]
    blamed: Blamed
    probes: int
    runs: int
    command: str


def document(answer: BlameAnswer) -> dict[str, object]:
    """Return the answer for programs, with `"schema": 1`."""
    return {
        "schema": 1,
        "case": answer.case,
        "good": answer.good.id,
        "bad": answer.bad.id,
        "packages": [_responsible(each) for each in answer.blamed.responsible],
        "proven": answer.blamed.proven,
        "forced": answer.blamed.forced,
        "together": [each.name for each in answer.blamed.together],
        "signature": answer.blamed.bad.signature,
        "failure": answer.blamed.bad.text,
        "differing": [each.name for each in answer.differences],
        "untestable": [
            {"environment": each.name, "reason": each.observation.reason}
            for each in answer.blamed.candidates
            if not each.observation.tested
        ],
        "tested": [
            {
                "environment": each.name,
                "state": each.observation.state.value,
                "shows": each.text,
                "cell": str(each.attempt.cell) if each.attempt is not None else None,
            }
            for each in answer.blamed.candidates
        ],
        "statements": statements(answer),
        "probes": answer.probes,
        "runs": answer.runs,
        "command": answer.command,
    }


def _responsible(found: ResponsibleDifference) -> dict[str, object]:
    step = found.step
    return {
        "name": found.difference.name,
        "kind": found.difference.kind,
        "good": found.difference.good,
        "bad": found.difference.bad,
        "first_bad": found.first_bad,
        "last_good": step.before.name if step else found.difference.good if found.first_bad else None,
        "untestable": [each.name for each in step.untestable] if step else [],
        "without": found.without.value,
        "steps": [
            {
                "kind": each.kind.value,
                "last": each.before.name,
                "first": each.after.name,
                "untestable": [lost.name for lost in each.untestable],
                "before": each.before.text,
                "after": each.after.text,
            }
            for each in found.steps
        ],
        "note": found.note,
    }


def statements(answer: BlameAnswer) -> list[str]:
    """Return the responsible packages in sentences, and whether they are proven."""
    blamed = answer.blamed
    names = " and ".join(each.difference.name for each in blamed.responsible)
    alone = "alone makes" if len(blamed.responsible) == 1 else "together make"
    differences = counted(len(answer.differences), "difference")
    does = "fail like" if blamed.bad.printed is None else _SAME[blamed.bad.observation.watched]
    lines = [f"Of {differences}, {names} {alone} {answer.good.id} {does} {answer.bad.id}."]
    for each in blamed.responsible:
        lines.append(f"{_moved(each)}: {_since(each, blamed.bad)}.")
    if len(blamed.responsible) > 1:
        without = _WITHOUT if blamed.bad.printed is None else _WITHOUT_PRINTED
        lines += [f"Without {each.difference.name} it {without[each.without]}." for each in blamed.responsible]
    if not blamed.proven:
        lines.append("Not proven: some of these packages could not be reverted alone, so they may not be needed.")
    if blamed.forced:
        lines.append(
            "pip would refuse this combination; it was installed anyway, to test each package alone. "
            f"Without that, the smallest set is {', '.join(each.name for each in blamed.together)}."
        )
    return lines


def _moved(found: ResponsibleDifference) -> str:
    return f"{found.difference.name} {_value(found.difference.good)} -> {_value(found.difference.bad)}"


def _value(value: str | None) -> str:
    return "(absent)" if value is None else value


def _since(found: ResponsibleDifference, bad: Point) -> str:
    if not found.steps:
        return found.note or "there is no release between the two"
    return "; ".join(_did(each, bad) for each in found.steps)


def _did(step: ProvenTransition, bad: Point) -> str:
    """Return the change by a release in words; another failure or text than that of the bad environment is named."""
    after = step.after
    other = after.failure is not None and after.observation.differs_from(bad.observation)
    error = f" ({one_line(after.message, longest=100)})" if other else ""
    noun = next((each.words.noun for each in (after, step.before) if each.printed is not None), "error")
    verb = f"{noun} changed" if step.kind is Kind.CHANGED else str(step.kind)
    return f"{verb} {when(step)}{error}"


def terminal(answer: BlameAnswer, width: int | None = None) -> str:
    """Return the answer as plain text, at most 100 columns wide."""
    width = width or terminal_width()
    lines = wrapped(f"{answer.case}: {_question(answer)}", width, "")
    lines += ["", *(line for each in statements(answer) for line in wrapped(each, width, ""))]
    lines += ["", f"{_noun(answer)}:", *wrapped(answer.blamed.bad.text, width, "  "), "", "Runs:"]
    for point in answer.blamed.candidates:
        lines += wrapped(f"{one_line(point.name, longest=200)}: {one_line(point.text, longest=150)}", width, "  ")
        if point.attempt is not None:
            # Not wrapped: users copy it.
            lines.append(f"    {one_line(str(point.attempt.cell), longest=1000)}")
    cell = answer.blamed.bad.attempt.cell if answer.blamed.bad.attempt else None
    if cell is not None:
        lines += ["", f"See the {_noun(answer).lower()}:", f"  harness show {shlex.quote(str(cell))}"]
    return "\n".join([*lines, "", "Run it again:", f"  {answer.command}", ""])


def _noun(answer: BlameAnswer) -> str:
    bad = answer.blamed.bad
    return "Failure" if bad.printed is None else bad.words.noun.capitalize()


def _question(answer: BlameAnswer, quote: Callable[[str], str] = str) -> str:
    """Return the results of the two environments in one phrase."""
    good, bad = answer.blamed.good, answer.blamed.bad
    if bad.printed is not None:
        shows = bad.words.another if good.printed is not None else "fails"
        return f"{quote(answer.good.id)} {shows}, {quote(answer.bad.id)} shows what is followed"
    shows = "passes" if good.observation.state is State.GOOD or good.printed is not None else "fails differently"
    return f"{quote(answer.good.id)} {shows}, {quote(answer.bad.id)} fails"


def markdown(answer: BlameAnswer) -> str:
    """Return the answer as Markdown."""
    head = f"{link(answer.case, answer.issue)}: {_question(answer, code)}"
    lines = [head, "", *(f"* **{escaped(each)}**" for each in statements(answer)), ""]
    lines += [f"{_noun(answer)}: {code(answer.blamed.bad.text)}", ""]
    rows = [
        (
            escaped(one_line(each.name, longest=80)),
            code(one_line(each.text, longest=100)),
            code(one_line(str(each.attempt.cell), longest=1000)) if each.attempt is not None else "",
        )
        for each in answer.blamed.candidates
    ]
    lines.append(table(["moved", "result", "cell"], rows))
    return "\n".join([*lines, "", "Run it again:", "", "```", answer.command, "```", ""])
