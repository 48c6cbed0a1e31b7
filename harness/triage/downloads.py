"""Downloaded data in an answer: the missing data, and the option that shows it to a script. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.model import Attempt, NoVerdict
from harness.triage.answer import TriageAnswer
from harness.triage.observed_runs import needed_data


def with_data(answer: TriageAnswer, attempts: Iterable[Attempt | None], *, options: Sequence[str]) -> TriageAnswer:
    """Add a question about data that scripts wanted to download, and the option for data to the commands.

    `options` are those of this run. A folder has no name in an answer: it is on this machine.
    """
    given = "--fetch" if "--fetch" in options else "--data DIR" if options else ""
    lacking = [each for each in attempts if each is not None and each.cause is NoVerdict.NO_NETWORK]
    needs = dict.fromkeys(needed_data(each.reason) for each in lacking)
    questions = [
        f"The script {each}. Could you post one that makes its data itself, such as random arrays of the same shapes?"
        for each in needs
    ]
    return replace(
        answer,
        questions=(*answer.questions, *questions),
        commands=tuple(f"{each} {given}" for each in answer.commands) if given else answer.commands,
    )
