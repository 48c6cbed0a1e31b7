"""Failures that published results explain: the label of a reported message that this report did not show. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.triage.answer import KnownFailure, TriageAnswer
from harness.triage.evidence import Failure

_FEWEST_WORDS = 8
"""Of a message: those of a shorter one, such as `'str' object is not callable`, have many causes."""


def with_known(answer: TriageAnswer, reported: Failure | None, published: Iterable[Mapping[str, Any]]) -> TriageAnswer:
    """Return an answer that has not reproduced its report with what published cells say of the reported message.

    `published` are cells of a results.json. Nothing is added if their labels give more than one explanation.
    """
    if answer.reproduced.reproduced or reported is None or len(reported.message.split()) < _FEWEST_WORDS:
        return answer
    labels = Counter(
        (str(each["label"]), str(each.get("link") or ""), str(each.get("note") or ""))
        for each in published
        if each.get("label") and each.get("error") and reported.matches(str(each["error"]))
    )
    if len({(label, link) for label, link, _ in labels}) != 1:
        return answer
    ((label, link, note), _), *_ = labels.most_common()
    return replace(answer, known=KnownFailure(label=label, note=note, link=link, cells=labels.total()))
