"""What published results of other scripts say of a message that a report could not show."""

from dataclasses import replace

import pytest

from harness.reports import read_report
from harness.triage.answer import KnownFailure, Reproduction, document
from harness.triage.composing import unanswerable
from harness.triage.evidence import Failure
from harness.triage.known_failures import with_known
from harness.triage.reply import markdown
from harness.triage.reproduction import reported_failure
from tests.schemas import validator

MESSAGE = (
    "ValueError: Sequential model 'sequential' has already been configured to use input shape (None, 224, 224, 3). "
    "You cannot build it with input_shape [None, 224, 224, 3]"
)
CELL = {
    "label": "fixed in Keras 3.5.0", "link": "https://github.com/keras-team/keras/pull/20076", "note": "A tuple.",
    "error": MESSAGE.replace("'sequential'", "'sequential_3'"),
}  # fmt: skip
REPORT = read_report(f"I cannot load my model with TF 2.16.1:\n\n```\n{MESSAGE}\n```\n")
ANSWER = unanswerable(REPORT, "no code was found", provides={})


def test_label_of_the_same_message_is_in_the_reply():
    found = with_known(ANSWER, reported_failure(REPORT), [CELL, CELL, {**CELL, "note": "Another."}])
    assert found.known == KnownFailure(label=CELL["label"], note="A tuple.", link=CELL["link"], cells=3)
    assert "There it is **fixed in Keras 3.5.0**: A tuple ([details](https://" in markdown(found)
    assert document(found)["known"]["cells"] == 3
    validator("triage").validate(document(found))
    assert document(ANSWER)["known"] is None


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([], id="nothing published"),
        pytest.param([{**CELL, "error": "ValueError: Unknown layer: KerasLayer"}], id="another message"),
        pytest.param([{**CELL, "label": None}], id="no label"),
        pytest.param([CELL, {**CELL, "label": "by design"}], id="two explanations"),
    ],
)
def test_nothing_is_said_without_one_explanation(cells):
    assert with_known(ANSWER, reported_failure(REPORT), cells).known is None


def test_nothing_is_said_of_short_messages_and_of_what_was_reproduced():
    short = Failure.parse("TypeError: 'str' object is not callable")
    assert with_known(ANSWER, short, [{**CELL, "error": "TypeError: 'str' object is not callable"}]).known is None
    shown = replace(ANSWER, reproduced=Reproduction(environment="a", result="reproduced"))
    assert with_known(shown, reported_failure(REPORT), [CELL]).known is None
