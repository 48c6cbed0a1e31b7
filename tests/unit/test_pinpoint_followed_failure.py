"""What attempts say to a search: the failure that is followed, others, and what says nothing."""

import datetime as dt
import re

import pytest

from harness.model import Attempt, Case, Cell, Evidence, Outcome, Pattern
from harness.model.watch import Watch
from harness.pinpoint.followed_failure import Following, followed_by, relabelled
from harness.search.transitions import Observation, State


def attempt(outcome=Outcome.FAILED, error="ValueError: no", stage="load", conclusive=True, stdout=""):
    return Attempt(
        evidence=Evidence(stdout=stdout),
        cell=Cell(case=Case(scenario="s"), environment="e"),
        key="k",
        outcome=outcome,
        stage=None if outcome is Outcome.PASSED else stage,
        error="" if outcome is Outcome.PASSED else error,
        conclusive=conclusive,
        started=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    )


PASS = attempt(Outcome.PASSED)


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        pytest.param([PASS], State.GOOD, id="passed"),
        pytest.param([attempt()], State.BAD, id="failed"),
        pytest.param([attempt(Outcome.CRASHED, "SIGSEGV: killed by a signal")], State.BAD, id="crashed"),
        pytest.param([attempt(Outcome.TIMED_OUT, "Timeout: over 5 s")], State.UNTESTABLE, id="timed out"),
        pytest.param([attempt(Outcome.OUT_OF_MEMORY, "OutOfMemory")], State.UNTESTABLE, id="out of memory"),
        pytest.param([attempt(Outcome.NOT_APPLICABLE)], State.UNTESTABLE, id="not applicable"),
        pytest.param([attempt(Outcome.UNAVAILABLE)], State.UNTESTABLE, id="unavailable"),
        pytest.param([attempt(Outcome.ERROR, conclusive=False)], State.UNTESTABLE, id="error of ours"),
        pytest.param([PASS, attempt()], State.FLAKY, id="both"),
        pytest.param([attempt(), attempt(error="TypeError: no")], State.FLAKY, id="two failures"),
        pytest.param([attempt(), attempt(Outcome.ERROR, conclusive=False)], State.BAD, id="an error of ours beside"),
        pytest.param([], State.UNTESTABLE, id="none"),
    ],
)
def test_what_attempts_show(attempts, state):
    assert Following().observe(attempts, "why").state is state


def test_a_reason_is_kept():
    assert Following().observe([], "no wheel").reason == "no wheel"
    assert Following().observe([PASS, attempt(), PASS]).reason == "flaky: 2 of 3 passed"


def test_a_pattern_is_searched_in_stage_type_and_message():
    following = Following(pattern=re.compile("^load: ValueError"))
    assert following.observe([attempt()]).state is State.BAD
    assert following.observe([attempt(stage="save")]).state is State.OTHER
    assert following.observe([PASS]).state is State.GOOD


def test_what_matches_a_pattern_is_one_failure_however_it_reads():
    following = Following(pattern=re.compile("ValueError"))
    one, another = following.observe([attempt()]), following.observe([attempt(error="ValueError: other words")])
    assert not one.differs_from(another)


def test_a_timeout_is_followed_if_it_is_asked_for():
    following = Following(pattern=re.compile("Timeout"))
    assert following.observe([attempt(Outcome.TIMED_OUT, "Timeout: over 5 s")]).state is State.BAD


def test_the_failure_of_the_named_environment_is_followed_and_no_other():
    bad = Observation(state=State.BAD, signature="a")
    assert followed_by(bad) == {"a"}
    assert followed_by(Observation(state=State.FLAKY, signature="a")) == {"a"}
    assert followed_by(Observation(state=State.GOOD)) == frozenset()
    assert relabelled(bad, frozenset({"a"})) is bad
    assert relabelled(Observation(state=State.BAD, signature="b"), frozenset({"a"})).state is State.OTHER
    assert relabelled(Observation(state=State.BAD, signature="b"), frozenset()).state is State.BAD


def printing(stdout):
    return attempt(Outcome.PASSED, stdout=stdout)


def test_watched_text_is_followed_like_a_failure():
    following = Following(watch=Watch())
    one, same, other = (following.observe([printing(text)]) for text in ("x = 0.30000001", "x = 0.3", "x = 0.4"))
    assert (one.state, one.printed) == (State.BAD, "x = 0.3")
    assert not one.differs_from(same)
    assert one.differs_from(other)
    assert relabelled(other, followed_by(one)).state is State.OTHER
    assert following.observe([attempt()]) == Following().observe([attempt()])


def test_expected_text_is_a_pass():
    following = Following(watch=Watch(), expected="x = 0.3")
    assert following.observe([printing("x = 0.3")]).state is State.GOOD
    assert following.observe([printing("x = 0.4")]).state is State.BAD


def test_only_lines_with_the_pattern_are_watched():
    watch = Watch.parse("output=^loss")
    assert watch == Watch(pattern=Pattern("^loss"))
    assert str(watch) == "output=^loss"
    assert watch.text_of(printing("a\nloss: 1\nb\n")) == "loss: 1"
    assert watch.text_of(printing("nothing of it")) == ""
    assert watch.text_of(attempt()) is None


def test_repeats_that_print_different_texts_are_flaky():
    following = Following(watch=Watch())
    observation = following.observe([printing("1"), printing("2")])
    assert (observation.state, observation.reason) == (State.FLAKY, "flaky: repeats print different texts")
    assert observation.signature is None
    assert following.observe([printing("1"), attempt()]).reason == "flaky: 1 of 2 passed"


@pytest.mark.parametrize("text", ["sound", "output=(", ""])
def test_what_cannot_be_watched_is_an_error(text):
    with pytest.raises(ValueError, match=r"cannot be watched|RE2"):
        Watch.parse(text)
