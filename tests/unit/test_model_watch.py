"""What is watched: its syntax, warnings without noise, and durations that differ by a factor."""

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.stage_durations import stage_durations
from harness.model import Attempt, Case, Cell, Evidence, Outcome, Pattern
from harness.model.durations import LEAST_S, Measured, compare, seconds_of, session_to_compare, speed_groups
from harness.model.observation import normalise_warnings
from harness.model.scenario import Header
from harness.model.watch import Watch, WatchKind

NATIVE = "2024-10-20 10:00:00.123456: {} tensorflow/core/platform/cpu.cc:{}] text"


def attempt(outcome=Outcome.PASSED, **more):
    return Attempt(
        cell=Cell(case=Case(scenario="s"), environment="e"),
        key="k",
        outcome=outcome,
        started=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
        **more,
    )


@pytest.mark.parametrize(
    ("text", "watch"),
    [
        ("output", Watch()),
        ("output=a=b", Watch(pattern=Pattern("a=b"))),
        ("warning", Watch(kind=WatchKind.WARNING)),
        ("warning=Dep", Watch(kind=WatchKind.WARNING, pattern=Pattern("Dep"))),
        ("time", Watch(kind=WatchKind.TIME)),
        ("time=fit", Watch(kind=WatchKind.TIME, stage="fit")),
        ("hang", Watch(kind=WatchKind.HANG)),
    ],
)
def test_watch_reads_what_it_prints(text, watch):
    assert Watch.parse(text) == watch
    assert str(watch) == text


@pytest.mark.parametrize("text", ["", "sound", "warning=", "time=", "hang=1", "warning=(", "Output"])
def test_what_cannot_be_watched_is_an_error(text):
    with pytest.raises(ValueError, match=r"cannot be watched|RE2"):
        Watch.parse(text)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("/a/b/c.py:87: UserWarning: old at 0x7f12", "UserWarning: old at <address>", id="python"),
        pytest.param("sys:1: ResourceWarning: open", "ResourceWarning: open", id="without a file"),
        pytest.param("<string>:1: lib.MyWarning: own", "lib.MyWarning: own", id="own category"),
        pytest.param(NATIVE.format("W", 12), "W cpu.cc: text", id="native"),
        pytest.param(NATIVE.format("I", 12), "", id="native info"),
        pytest.param("W0000 00:00:1729418400.12   12345 cpu.cc:23] text", "W cpu.cc: text", id="glog"),
        pytest.param("E1029 10:00:00.12 77 x/cpu.cc:23] text", "E cpu.cc: text", id="glog error"),
        pytest.param("I0000 00:00:1729418400.12   12345 cpu.cc:23] text", "", id="glog info"),
        pytest.param("WARNING:root:From /a/b/c.py:12: old", "WARNING:root:From <path>: old", id="logging"),
        pytest.param("WARNING: All log messages", "WARNING: All log messages", id="logging without a name"),
        pytest.param("INFO:root:done", "", id="logging info"),
        pytest.param("worker pid 4711 died", "worker pid <id> died", id="process id"),
        pytest.param("plain words", "plain words", id="any other line"),
        pytest.param("ERROR", "ERROR", id="no record"),
    ],
)
def test_what_differs_between_runs_is_no_warning(line, shown):
    assert normalise_warnings(line) == shown


def test_lines_that_belong_to_a_record_follow_it():
    text = f"{NATIVE.format('I', 1)}\nwith flags\n/a/b.py:1: UserWarning: one\ntwo\n  source(line)\nthree\n"
    assert normalise_warnings(text) == "UserWarning: one\ntwo\nthree"
    assert normalise_warnings(text, every_level=True) == "I cpu.cc: text\nwith flags\nUserWarning: one\ntwo\nthree"


@given(st.integers(1, 9999), st.integers(1, 99999), st.integers(0, 59))
def test_place_time_and_process_change_nothing(line, pid, second):
    one = f"W1029 10:00:{second:02d}.12 {pid} x/cpu.cc:{line}] text\n/a/b.py:{line}: UserWarning: one\n  x = {line}"
    assert normalise_warnings(one) == "W cpu.cc: text\nUserWarning: one"


def test_warnings_are_those_of_passes_on_standard_error():
    watch = Watch.parse("warning=old")
    evidence = Evidence(stdout="old", stderr="INFO:x:old\nINFO:x:new\nnew")
    assert watch.text_of(attempt(evidence=evidence)) == "INFO:x:old", "a named line counts at every level"
    assert watch.text_of(attempt(Outcome.FAILED, evidence=evidence)) is None
    assert Watch.parse("warning").text_of(attempt(evidence=Evidence(stderr="INFO:x:old"))) == ""
    said = attempt(evidence=Evidence(stderr="Running tests under Python 3.11.7: /a/b/python"))
    shown = Watch.parse("warning").text_of(dataclasses.replace(said, interpreter="cpython-3.11.7"))
    assert shown == "Running tests under Python <version>: <path>"


def test_an_end_is_a_pass_or_a_time_out():
    watch = Watch.parse("hang")
    assert watch.text_of(attempt()) == "ends"
    assert watch.text_of(attempt(Outcome.TIMED_OUT, stage="fit")) == "does not end within its time limit (stage fit)"
    assert watch.text_of(attempt(Outcome.FAILED)) is None


def measured(*seconds):
    return Measured(seconds=seconds)


def test_median_is_not_disturbed_by_one_repeat():
    assert measured(1.0, 9.0, 1.1).is_steady(2)
    assert measured(1.0, 9.0, 1.1).text == "1.1 s (median of 3)"
    assert not measured(1.0, 3.0, 9.0).is_steady(2)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1.01, 100))
def test_comparison_is_symmetric_and_short_times_are_equal(one, other, factor):
    assert compare(one, other, factor) == -compare(other, one, factor)
    assert compare(min(one, LEAST_S), min(other, LEAST_S), factor) == 0


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1000), max_size=8), st.floats(1.1, 10))
def test_in_a_group_none_is_slower_by_the_factor(medians, factor):
    groups = speed_groups(medians, factor)
    assert sorted(name for group in groups for name in group) == sorted(medians)
    for group in groups:
        assert all(compare(medians[one], medians[group[0]], factor) == 0 for one in group)
    for before, after in itertools.pairwise(groups):
        assert compare(medians[after[0]], medians[before[0]], factor) == 1


def test_durations_are_those_of_a_stage_or_of_the_script():
    one = attempt(script_s=2.5, stage_s=(("fit", 1.0), ("save", 0.5), ("fit", 0.25)))
    assert seconds_of(one, None) == 2.5
    assert seconds_of(one, "fit") == 1.25
    assert seconds_of(one, "load") is None
    assert Measured.of([one, attempt()], stage=None) is None


def test_the_session_that_measured_most_cells_counts():
    def by(session, times=3):
        return [attempt(session=session, script_s=1)] * times

    assert session_to_compare({"a": by("one") + by("two"), "b": by("two")}, least=3) == "two"
    assert session_to_compare({"a": by("one", times=2)}, least=3) is None
    assert session_to_compare({"a": by("")}, least=3) is None


def test_stages_last_until_the_next_one():
    report = {"stages": [["", 9.0], ["define", 10.0], ["fit", 11.0]], "duration_s": 4.0}
    assert stage_durations(report) == (("define", 1.0), ("fit", 3.0))


def test_stages_are_measured_also_if_the_worker_was_interrupted_after_the_script():
    """On a busy machine, most of a second can pass between the end of the script and the note that it ended."""
    report = {"stages": [["", 9.0], ["define", 10.0], ["use", 11.0], ["exit", 12.5]], "duration_s": 2.0}
    assert stage_durations(report) == (("define", 1.0), ("use", 1.0), ("exit", 0.0))


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"stages": [["", 1.0]], "duration_s": 1.0},
        {"stages": [["", 1.0], ["a", "b"]], "duration_s": 1.0},
        {"stages": [["", 1.0], ["a", float("nan")]], "duration_s": 1.0},
        {"stages": [["", 1.0], ["a", 5.0], ["b", 2.0]], "duration_s": 9.0},
        {"stages": [["", 1.0], ["a", 5.0]], "duration_s": float("inf")},
        {"stages": [["", 1.0], ["a", 5.0]] * 1000, "duration_s": 1.0},
        {"stages": "fit", "duration_s": 1.0},
    ],
)
def test_odd_stages_are_none(report):
    assert stage_durations(report) == ()


@pytest.mark.parametrize(
    ("header", "typed", "factor", "watch"),
    [
        pytest.param(Header(), None, 3.0, None, id="nothing is watched"),
        pytest.param(Header(watch="time"), None, None, Watch(kind=WatchKind.TIME, factor=2.0), id="default"),
        pytest.param(Header(watch="time", factor=5), None, None, Watch(kind=WatchKind.TIME, factor=5), id="header"),
        pytest.param(Header(watch="time", factor=5), None, 3.0, Watch(kind=WatchKind.TIME, factor=3.0), id="--factor"),
        pytest.param(Header(factor=5), "time", None, Watch(kind=WatchKind.TIME, factor=5), id="--watch"),
        pytest.param(Header(watch="time"), "output", None, Watch(), id="--watch replaces that of the header"),
    ],
)
def test_what_is_typed_counts_before_what_the_header_says(header, typed, factor, watch):
    assert Watch.chosen(header, typed, factor) == watch
