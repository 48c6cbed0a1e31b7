"""What an answer says, in sentences, as a document and as Markdown: from values alone."""

import datetime as dt
import json

from harness.model import Attempt, Case, Cell, Outcome
from harness.pinpoint.answer import Answer, Commit, Found, Point, statements
from harness.pinpoint.documents import document
from harness.pinpoint.prose import markdown, terminal
from harness.pinpoint.search import Observation, State
from harness.pinpoint.trials import Shown
from tests.making import make_environment

BASE = make_environment("env", keras="3.4.1")


def point(name, state=State.GOOD, error="ValueError: no <b>", reason="", stage="build"):
    if state is State.UNTESTABLE:
        return Point(name=name, observation=Observation(state=state, reason=reason), shown=Shown(reason=reason))
    outcome = Outcome.PASSED if state is State.GOOD else Outcome.FAILED
    attempt = Attempt(
        cell=Cell(case=Case(scenario="s"), environment=f"env + keras=={name}"),
        key=name,
        outcome=outcome,
        stage=None if outcome is Outcome.PASSED else stage,
        error="" if outcome is Outcome.PASSED else error,
        started=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    )
    observation = Observation(state=state, signature=attempt.signature, reason=reason)
    return Point(name=name, observation=observation, shown=Shown(environment=BASE, attempts=(attempt,)))


def answer(points, found, **more):
    values = {
        "case": "s[shape=list]",
        "issue": "https://example.org/issues/1",
        "package": "keras",
        "base": BASE,
        "searched": "both ends",
        "complete": False,
        "largest_gap": 3,
        "points": tuple(points),
        "found": tuple(found),
        "probes": len(points),
        "runs": len(points),
        "followed": "",
        "command": "harness pinpoint s",
    }
    return Answer(**{**values, **more})


FIX = Commit(
    sha="d8b331412a89cbeaf07cc94fa5b55b9e5b6bf626",
    title="Fix `input_shape` (#20076)",
    date="2024-08-01",
    pull_request=20076,
    files=("keras/models.py",),
)


def came_and_went():
    points = [point("2.15.0"), point("3.0.0", State.BAD), point("3.4.1", State.BAD), point("3.5.0")]
    found = [
        Found(package="keras", before=points[0], after=points[1]),
        Found(package="keras", before=points[2], after=points[3], commit=FIX),
    ]
    return answer(points, found)


def test_a_statement_with_bounds():
    assert statements(came_and_went()) == [
        "Fails from keras 3.0.0 to 3.4.1, introduced in 3.0.0, fixed in 3.5.0 by d8b3314 (#20076): "
        "build: ValueError: no <b>"
    ]


def test_bounds_that_were_not_seen_to_be_the_first_or_last_are_not_claimed():
    points = [point("3.0.0", State.BAD), point("3.1.0", State.BAD)]
    (first, nothing) = statements(answer(points, []))
    assert "3.0.0 (the first that was run) to 3.1.0 (the last that was run)" in first
    assert nothing == "Nothing differs between the releases that were run."


def test_what_could_not_be_tested_makes_an_interval():
    points = [point("1.0"), point("1.1", State.UNTESTABLE, reason="no wheel"), point("1.2", State.BAD)]
    found = [Found(package="keras", before=points[0], after=points[2], untestable=(points[1],))]
    (line,) = statements(answer(points, found))
    assert "introduced after 1.0 and not later than 1.2 (not testable: 1.1)" in line
    assert "* 1.1: no wheel" in terminal(answer(points, found))


def test_one_culprit_is_not_named_if_its_neighbour_was_not_run():
    commit = Commit(
        sha="a" * 40, title="T", date="2024-01-01", pull_request=None, files=(),
        untestable=(point("b" * 40, State.UNTESTABLE, reason="does not import"),),
    )  # fmt: skip
    points = [point("1.0"), point("1.1", State.BAD)]
    made = answer(points, [Found(package="keras", before=points[0], after=points[1], commit=commit)])
    assert "by aaaaaaa or one of 1 commits before it" in statements(made)[0]
    assert "no single culprit" in terminal(made)


def test_the_document_holds_what_the_contract_says():
    made = json.loads(json.dumps(document(came_and_went())))
    introduced, fixed = made["transitions"]
    assert made["schema"] == 1
    assert (introduced["kind"], introduced["last"], introduced["first"]) == ("introduced", "2.15.0", "3.0.0")
    assert introduced["commit"] is None
    assert introduced["signature_before"] is None and introduced["signature_after"]
    assert (fixed["kind"], fixed["commit"]["sha"], fixed["commit"]["date"]) == ("fixed", FIX.sha, "2024-08-01")
    assert {"kind", "package", "last", "first", "untestable", "signature_before", "signature_after", "commit"} <= set(
        fixed
    )
    assert [each["outcome"] for each in made["tested"]] == ["passed", "failed", "failed", "passed"]
    assert made["probes"] == 4


def test_markdown_holds_what_scripts_wrote_as_text():
    text = markdown(came_and_went())
    assert text.startswith("[s\\[shape=list\\]](https://example.org/issues/1): releases of keras in `env`")
    assert "<b>" not in text
    assert "--every looks at each" in text
    assert text.rstrip().endswith("```")


def test_an_answer_without_a_release_that_could_be_tested():
    made = answer([point("1.0", State.UNTESTABLE, reason="no wheel")], [])
    assert made.undecided
    assert statements(made) == ["No release of keras could be tested."]
