"""What an answer says, in sentences, as a document and as Markdown: from values alone."""

import datetime as dt
import itertools
import json
from dataclasses import replace

import pytest

from harness.model import Attempt, Case, Cell, Outcome
from harness.pinpoint.answers.documents import document
from harness.pinpoint.answers.statements import statements
from harness.pinpoint.answers.texts import markdown, terminal
from harness.pinpoint.answers.values import Answer, Commit, Point, ProvenTransition
from harness.pinpoint.candidates import ProbeResult
from harness.pinpoint.followed_failure import FOLLOWED
from harness.search.transitions import Observation, State
from tests.making import make_environment

BASE = make_environment("env", keras="3.4.1")


def point(name, state=State.GOOD, error="ValueError: no <b>", reason="", stage="build"):
    if state is State.UNTESTABLE:
        return Point(name=name, observation=Observation(state=state, reason=reason), result=ProbeResult(reason=reason))
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
    return Point(name=name, observation=observation, result=ProbeResult(environment=BASE, attempts=(attempt,)))


def answer(points, found, **more):
    points = [replace(point, place=place) for place, point in enumerate(points)]
    found = [replace(each, before=points[names(points).index(each.before.name)],
                     after=points[names(points).index(each.after.name)]) for each in found]  # fmt: skip
    failing = [point for point in points if point.failing]
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
        "named": replace((failing or points)[0], name="env"),
        "pattern": None,
        "command": "harness pinpoint s",
    }
    return Answer(**{**values, **more})


def names(points):
    return [point.name for point in points]


def commit(letter, before, after, **more):
    """A commit named by a letter, and what is seen before and after it."""
    values = {"sha": letter * 40, "title": "T", "date": "2024-01-01", "pull_request": None, "files": ()}
    return Commit(**{**values, "before": before, "after": after, **more})


FIX = commit(
    "d",
    point("e" * 40, State.BAD),
    point("d" * 40),
    sha="d8b331412a89cbeaf07cc94fa5b55b9e5b6bf626",
    title="Fix `input_shape` (#20076)",
    date="2024-08-01",
    pull_request=20076,
    files=("keras/models.py",),
)


def came_and_went():
    points = [point("2.15.0"), point("3.0.0", State.BAD), point("3.4.1", State.BAD), point("3.5.0")]
    found = [
        ProvenTransition(package="keras", before=points[0], after=points[1]),
        ProvenTransition(package="keras", before=points[2], after=points[3], commits=(FIX,)),
    ]
    return answer(points, found)


def test_a_statement_with_bounds():
    assert statements(came_and_went()) == [
        "keras 3.0.0 to 3.4.1: fails with [A]. Introduced in 3.0.0. Fixed in 3.5.0 by d8b3314 (#20076)."
    ]


def test_bounds_that_were_not_seen_to_be_the_first_or_last_are_not_claimed():
    points = [point("3.0.0", State.BAD), point("3.1.0", State.BAD)]
    (first, nothing) = statements(answer(points, []))
    assert "3.0.0 is the first that was tested. 3.1.0 is the last that was tested." in first
    assert nothing == "Nothing differs between the releases that were tested."


def test_what_could_not_be_tested_makes_an_interval():
    points = [point("1.0"), point("1.1", State.UNTESTABLE, reason="no wheel"), point("1.2", State.BAD)]
    found = [ProvenTransition(package="keras", before=points[0], after=points[2], untestable=(points[1],))]
    (line,) = statements(answer(points, found))
    assert "Introduced after 1.0 and not later than 1.2 (not testable: 1.1)" in line
    assert "  1.1: no wheel" in terminal(answer(points, found))


def test_one_culprit_is_not_named_if_its_neighbour_was_not_run():
    lost = point("b" * 40, State.UNTESTABLE, reason="does not import")
    made = one_transition(commit("a", point("c" * 40), point("a" * 40, State.BAD), untestable=(lost,)))
    assert "by aaaaaaa or the untestable commit before it" in statements(made)[0]
    assert "It may also be one of those before it" in terminal(made)


def one_transition(*commits):
    """A release that passes, one that fails, and the commits between them."""
    points = [point("1.0"), point("1.1", State.BAD)]
    return answer(points, [ProvenTransition(package="keras", before=points[0], after=points[1], commits=commits)])


X, Y = "TypeError: x", "ValueError: no <b>"


def test_the_commit_that_broke_it_is_told_from_the_one_that_changed_the_error():
    good, breaks, changes = point("1" * 40), point("a" * 40, State.BAD, X), point("b" * 40, State.BAD, Y)
    made = one_transition(commit("a", good, breaks), commit("b", breaks, changes))
    (line,) = statements(made)
    assert (
        "Introduced in 1.1. Commits: introduced by aaaaaaa (error [B]); error changed by bbbbbbb (error [A])." in line
    )
    (found,) = document(made)["transitions"]
    assert found["commit"]["sha"] == "a" * 40
    assert [(each["kind"], each["failure_after"]) for each in found["commits"]] == [
        ("introduced", "B"),
        ("changed", "A"),
    ]
    assert "[B] build: TypeError: x" in terminal(made)


def test_a_merge_that_brought_several_changes_names_them_all():
    good, breaks, changes = point("1" * 40), point("a" * 40, State.BAD, X), point("b" * 40, State.BAD, Y)
    inside = (commit("a", good, breaks), commit("b", breaks, changes))
    made = one_transition(commit("m", good, changes, inside=inside))
    assert "which merged this: introduced by aaaaaaa (error [B]); error changed by bbbbbbb" in statements(made)[0]
    assert document(made)["transitions"][0]["commit"]["inside"]["sha"] == "a" * 40


def test_failures_that_only_the_main_line_shows_have_labels_too():
    on_main = commit("c", point("2" * 40, State.BAD, X), point("c" * 40, State.BAD))
    made = one_transition(commit("a", point("1" * 40), point("a" * 40, State.BAD), main_line=on_main))
    assert "fails with [B] -> fails with [A]" in " ".join(terminal(made).split())


def test_a_fix_that_the_later_release_lacks_is_not_said_to_introduce_anything():
    made = one_transition(commit("a", point("1" * 40, State.BAD), point("a" * 40), lacking=True))
    assert "Introduced in 1.1. Commits: 1.1 lacks aaaaaaa, which fixed it for 1.0." in statements(made)[0]


def test_a_commit_beside_a_flaky_one_is_not_named_as_the_culprit():
    flaky = point("a" * 40, State.FLAKY, reason="flaky: 1 of 2 passed")
    made = one_transition(commit("a", point("1" * 40), flaky), commit("b", flaky, point("b" * 40, State.BAD)))
    assert "flaky from aaaaaaa on; no longer flaky from bbbbbbb on" in statements(made)[0]
    assert document(made)["transitions"][0]["commit"] is None


def test_failures_that_differ_are_told_with_their_neighbours():
    points = [point("2.15.1", State.BAD, X), point("2.16.2", State.BAD, Y), point("2.21.0", State.BAD, "OSError: z")]
    found = [ProvenTransition(package="keras", before=one, after=other) for one, other in itertools.pairwise(points)]
    made = answer(points, found, named=replace(points[1], name="env"))
    assert statements(made)[1:] == [
        "keras 2.16.2: fails with [A]. The neighbours that were run fail differently: "
        "2.15.1 fails with [B], 2.21.0 fails with [C].",
        "keras 2.21.0: fails with [C]. The neighbour that was run fails differently: 2.16.2 fails with [A]. "
        "2.21.0 is the last that was tested.",
        "Both ends fail differently: 2.15.1 fails with [B], 2.21.0 fails with [C].",
    ]
    assert [(each["label"], each["followed"], each["versions"]) for each in document(made)["failures"]] == [
        ("A", True, ["2.16.2"]),
        ("B", False, ["2.15.1"]),
        ("C", False, ["2.21.0"]),
    ]


def test_failures_that_begin_alike_are_told_apart_in_the_legend():
    points = [point(f"1.{place}", State.BAD, f"ValueError: no\nsame\n{end}\nsame") for place, end in enumerate("xy")]
    made = answer(points, [ProvenTransition(package="keras", before=points[0], after=points[1])])
    assert [each["message"] for each in document(made)["failures"]] == [
        "build: ValueError: no same ... x",
        "build: ValueError: no same ... y",
    ]


@pytest.mark.parametrize(
    ("named", "pattern", "says"),
    [
        pytest.param(point("env", State.BAD), None, "Followed: [A], the failure of env.", id="fails"),
        pytest.param(point("env"), None, "No failure is followed, since env passes.", id="passes"),
        pytest.param(
            point("env", State.UNTESTABLE, reason="no wheel"), None, "since env could not be tested (no wheel)", id="lost"
        ),
        pytest.param(point("env", State.OTHER, X), "no", "env fails with another one, [B].", id="pattern of others"),
        pytest.param(point("env"), "no", "in which --follow 'no' is found. env passes.", id="pattern"),
    ],
)  # fmt: skip
def test_which_failure_is_followed_is_said(named, pattern, says):
    points = [point("1.0"), point("1.1", State.BAD)]
    if pattern is not None:
        points[1] = replace(points[1], observation=Observation(state=State.BAD, signature=FOLLOWED))
    made = answer(
        points, [ProvenTransition(package="keras", before=points[0], after=points[1])], named=named, pattern=pattern
    )
    assert says in " ".join(terminal(made).split())
    assert says in document(made)["named"]["statement"]


def test_what_was_not_tested_within_a_range_is_said():
    points = [point("1.0", State.BAD), point("1.1", State.UNTESTABLE, reason="no wheel"), point("1.2", State.BAD)]
    assert statements(answer(points, []))[0].startswith("keras 1.0 to 1.2 (2 of 3 tested): fails with [A].")


def test_text_fits_eighty_columns():
    for line in terminal(came_and_went(), width=80).splitlines():
        assert len(line) <= 80


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
    assert "--every runs each release" in text
    assert text.rstrip().endswith("```")


def test_an_answer_without_a_release_that_could_be_tested():
    made = answer([point("1.0", State.UNTESTABLE, reason="no wheel")], [])
    assert made.undecided
    assert statements(made) == ["No release of keras could be tested."]
