"""The answer of a search over packages: for programs, on the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tabulate import tabulate

from harness.errors import counted
from harness.model import Environment
from harness.pinpoint.members import Member
from harness.pinpoint.packages import Blamed, Culprit
from harness.pinpoint.search import State
from harness.report.foreign_text import one_line
from harness.report.markdown import code, escaped, link, table

_WITHOUT = {
    State.GOOD: "passes",
    State.OTHER: "fails otherwise",
    State.UNTESTABLE: "cannot be tested",
}


@dataclass(frozen=True, kw_only=True)
class BlameAnswer:
    """All that there is to say."""

    case: str
    issue: str | None
    good: Environment
    bad: Environment
    members: tuple[Member, ...]
    blamed: Blamed
    probes: int
    runs: int
    command: str


def document(answer: BlameAnswer) -> dict[str, object]:
    """Give the answer for programs, with `"schema": 1`."""
    return {
        "schema": 1,
        "case": answer.case,
        "good": answer.good.id,
        "bad": answer.bad.id,
        "packages": [_culprit(each) for each in answer.blamed.culprits],
        "proven": answer.blamed.proven,
        "forced": answer.blamed.forced,
        "together": [each.name for each in answer.blamed.together],
        "signature": answer.blamed.bad.signature,
        "failure": answer.blamed.bad.text,
        "differing": [each.name for each in answer.members],
        "untestable": [
            {"environment": each.name, "reason": each.observation.reason}
            for each in answer.blamed.trials
            if not each.observation.tested
        ],
        "tested": [
            {"environment": each.name, "state": each.observation.state.value, "shows": each.text}
            for each in answer.blamed.trials
        ],
        "statements": statements(answer),
        "probes": answer.probes,
        "runs": answer.runs,
        "command": answer.command,
    }


def _culprit(culprit: Culprit) -> dict[str, object]:
    step = culprit.step
    return {
        "name": culprit.member.name,
        "kind": culprit.member.kind,
        "good": culprit.member.good,
        "bad": culprit.member.bad,
        "first_bad": culprit.first_bad,
        "last_good": step.before.name if step else culprit.member.good if culprit.first_bad else None,
        "untestable": [each.name for each in step.untestable] if step else [],
        "without": culprit.without.value,
        "note": culprit.note,
    }


def statements(answer: BlameAnswer) -> list[str]:
    """Say who is to blame, and how far that is proven."""
    blamed = answer.blamed
    names = " and ".join(each.member.name for each in blamed.culprits)
    only = "alone" if len(blamed.culprits) == 1 else "together"
    differences = counted(len(answer.members), "difference")
    lines = [f"Of {differences}, {names} {only} make {answer.good.id} fail like {answer.bad.id}."]
    if len(blamed.culprits) == 1:
        lines = [line.replace("alone make", "alone makes") for line in lines]
    for each in blamed.culprits:
        lines.append(f"{each.member.name} {_value(each.member.good)} -> {_value(each.member.bad)}: {_since(each)}.")
    if len(blamed.culprits) > 1:
        lines += [f"Without {each.member.name} it {_WITHOUT[each.without]}." for each in blamed.culprits]
    if not blamed.proven:
        lines.append("That each of them is needed is not proven: some cannot be moved back by themselves.")
    if blamed.forced:
        lines.append(
            "That was installed by force: what the packages ask of one another speaks against it. Without force, the "
            f"smallest set is {', '.join(each.name for each in blamed.together)}."
        )
    return lines


def _value(value: str | None) -> str:
    return "(absent)" if value is None else value


def _since(culprit: Culprit) -> str:
    if culprit.step is not None:
        return f"it begins {culprit.step.when}"
    return culprit.note or "there is nothing between the two"


def terminal(answer: BlameAnswer) -> str:
    """Give the answer as plain text."""
    lines = [f"{answer.case}: {answer.good.id} passes, {answer.bad.id} does not", ""]
    lines += [one_line(each) for each in statements(answer)]
    lines += ["", f"The failure: {one_line(answer.blamed.bad.text)}", ""]
    lines.append(tabulate(list(_rows(answer)), headers=["moved", "what it shows"], disable_numparse=True))
    return "\n".join([*lines, "", f"To see it again: {answer.command}", ""])


def markdown(answer: BlameAnswer) -> str:
    """Give the answer as Markdown."""
    head = f"{link(answer.case, answer.issue)}: {code(answer.good.id)} passes, {code(answer.bad.id)} does not"
    lines = [head, "", *(f"* **{escaped(each)}**" for each in statements(answer)), ""]
    lines += [f"The failure: {code(answer.blamed.bad.text)}", ""]
    lines.append(table(["moved", "what it shows"], [(escaped(name), code(shows)) for name, shows in _rows(answer)]))
    return "\n".join([*lines, "", "To see it again:", "", "```", answer.command, "```", ""])


def _rows(answer: BlameAnswer) -> Iterable[tuple[str, str]]:
    for each in answer.blamed.trials:
        yield one_line(each.name, longest=80), one_line(each.text, longest=100)
