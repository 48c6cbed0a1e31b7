"""The decision table: from how a process ended, what its report says and its stage log, to the verdict."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.failure_facts import AttemptContext
from harness.execute.verdict import (
    COPY_WAITS,
    ENDLESS_TRACEBACK,
    LONGEST_REASON,
    LOST,
    MACHINE_OUT_OF_MEMORY,
    Verdict,
    WorkerFacts,
    judge,
)
from harness.execute.worker_status import BROKEN_STATUS, GATE_STATUS, NOT_APPLICABLE_STATUS
from harness.model import Header, NoVerdict, Outcome
from harness.process.limits import Ended

PASSED = {"outcome": "passed", "executed": True}
STAGE_LOG = ("", "define", "load")
FAILED = {"outcome": "failed", "stage": "load", "type": "ValueError", "message": "no such layer"}
NOTHING = "nothing was executed: the script only imports and defines things. Call what it defines at its end"
NO_REPORT = "the process ended with status 0 and no report (os._exit, or replaced by another program?)"
FORGED = NO_REPORT.replace("no report", "a report that is not from the worker")
DEFAULT_REASON = "the script says that it does not apply here"


def facts(*, report=None, stage_log=None, status=0, stdout=b"", stderr=b"", **limits):
    """Return the facts of an attempt. By default, a report follows the last line of the stage log, as the worker's does."""
    if stage_log is None:
        stage_log = STAGE_LOG if report is None else (*STAGE_LOG, "exit")
    ended = Ended(status=status, stdout=stdout, stderr=stderr, duration_s=1.0, **limits)
    return WorkerFacts(
        ended=ended,
        report=report,
        stage_log=stage_log,
        header=Header(timeout_s=60.0, memory_mib=512, processes=9, disk_mib=99),
    )


def verdict(outcome, stage=None, *, error="", reason="", conclusive=True, cause=None):
    return Verdict(outcome=outcome, stage=stage, error=error, reason=reason, conclusive=conclusive, cause=cause)


def row(id, facts, expected):
    return pytest.param(facts, expected, id=id)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # Killed for want of memory elsewhere: no verdict, whatever else there is.
        row("the machine has no memory", facts(status=-9, machine_out_of_memory=True),
            verdict(Outcome.ERROR, "load", reason=MACHINE_OUT_OF_MEMORY, conclusive=False)),
        row("the machine has no memory, and the script reports a failure", facts(report=FAILED, status=1,
            stage_log=STAGE_LOG, machine_out_of_memory=True), verdict(Outcome.ERROR, "load", reason=MACHINE_OUT_OF_MEMORY, conclusive=False)),
        # With a report.
        row("passed", facts(report=PASSED), verdict(Outcome.PASSED)),
        row("passed, then a crash at exit", facts(report=PASSED, status=-11),
            verdict(Outcome.CRASHED, "exit", error="SIGSEGV: killed by a signal")),
        row("passed, then another status at exit", facts(report=PASSED, status=120),
            verdict(Outcome.FAILED, "exit", error="ExitStatus: 120")),
        row("failed", facts(report=FAILED, status=1), verdict(Outcome.FAILED, "load", error="ValueError: no such layer")),
        row("failed, and status 0", facts(report=FAILED), verdict(Outcome.FAILED, "load", error="ValueError: no such layer")),
        row("failed, then a crash at exit", facts(report=FAILED, status=-6),
            verdict(Outcome.FAILED, "load", error="ValueError: no such layer")),
        row("failed before any stage", facts(report={**FAILED, "stage": None}, status=1),
            verdict(Outcome.FAILED, None, error="ValueError: no such layer")),
        row("failed without a type", facts(report={"outcome": "failed"}, status=1), verdict(Outcome.FAILED, error="Exception: ")),
        row("failed with values of other types", facts(report={"outcome": "failed", "type": 3, "message": [], "stage": {}}, status=1),
            verdict(Outcome.FAILED, error="Exception: ")),
        row("failed, long message", facts(report={**FAILED, "message": "x" * 19999}, status=1),
            verdict(Outcome.FAILED, "load", error="ValueError: " + "x" * 19999)),
        row("failed, endless message", facts(report={**FAILED, "message": "a" + "x" * 99999 + "z"}, status=1),
            verdict(Outcome.FAILED, "load", error=f"ValueError: a{'x' * 9999}\n[...]\n{'x' * 9999}z")),
        row("not applicable", facts(report={"outcome": "not applicable", "stage": "define"}, status=125, stdout=b"one\nno such format\n\n"),
            verdict(Outcome.NOT_APPLICABLE, "define", reason="no such format")),
        row("not applicable, said on stderr", facts(report={"outcome": "not applicable"}, status=125, stderr=b"too old\n"),
            verdict(Outcome.NOT_APPLICABLE, reason="too old")),
        row("not applicable, endless reason", facts(report={"outcome": "not applicable"}, status=125, stdout=b"x" * 9999),
            verdict(Outcome.NOT_APPLICABLE, reason="x" * LONGEST_REASON)),
        row("not applicable, no reason", facts(report={"outcome": "not applicable"}, status=125),
            verdict(Outcome.NOT_APPLICABLE, reason=DEFAULT_REASON)),
        row("unknown outcome in the report", facts(report={"outcome": "great"}),
            verdict(Outcome.ERROR, reason="the report is malformed: outcome 'great'", conclusive=False)),
        row("empty report", facts(report={}), verdict(Outcome.ERROR, reason="the report is malformed: outcome None", conclusive=False)),
        row("outcome is no text", facts(report={"outcome": ["passed"]}),
            verdict(Outcome.ERROR, reason="the report is malformed: outcome ['passed']", conclusive=False)),
        row("passed, and nothing was executed", facts(report={"outcome": "passed"}),
            verdict(Outcome.NOT_APPLICABLE, reason=NOTHING, cause=NoVerdict.NOTHING_EXECUTED)),
        # With a report that the script wrote before it ended the process itself.
        row("forged pass", facts(report=PASSED, stage_log=STAGE_LOG), verdict(Outcome.ERROR, "load", reason=FORGED, conclusive=False)),
        row("forged failure", facts(report=FAILED, stage_log=STAGE_LOG), verdict(Outcome.ERROR, "load", reason=FORGED, conclusive=False)),
        row("forged pass, another status", facts(report=PASSED, stage_log=STAGE_LOG, status=4),
            verdict(Outcome.FAILED, "load", error="ExitStatus: 4")),
        row("passed, and a child of the script reached a stage later", facts(report=PASSED, stage_log=("", "exit", "load")),
            verdict(Outcome.PASSED)),
        # Without one.
        row("no report, status 0", facts(), verdict(Outcome.ERROR, "load", reason=NO_REPORT, conclusive=False)),
        row("no report, another status", facts(status=4), verdict(Outcome.FAILED, "load", error="ExitStatus: 4")),
        row("no report, at exit", facts(status=4, stage_log=("", "load", "exit")), verdict(Outcome.FAILED, "exit", error="ExitStatus: 4")),
        row("no report, 125", facts(status=NOT_APPLICABLE_STATUS, stdout=b"not here\n"),
            verdict(Outcome.NOT_APPLICABLE, "load", reason="not here")),
        row("no report, a signal", facts(status=-int(signal.SIGABRT)),
            verdict(Outcome.CRASHED, "load", error="SIGABRT: killed by a signal")),
        row("no report, an unknown signal", facts(status=-99), verdict(Outcome.CRASHED, "load", error="signal 99: killed by a signal")),
        row("crashed before any stage", facts(status=-11, stage_log=("",)), verdict(Outcome.CRASHED, None, error="SIGSEGV: killed by a signal")),
        row("Python too old", facts(status=GATE_STATUS, stage_log=(), stderr=b"needs Python 3.6\n"),
            verdict(Outcome.ERROR, reason="the worker could not do its work: needs Python 3.6", conclusive=False)),
        row("worker broken", facts(status=BROKEN_STATUS, stderr=b"Traceback\nKeyError: 'script'\n"),
            verdict(Outcome.ERROR, reason="the worker could not do its work: KeyError: 'script'", conclusive=False)),
        row("worker never began", facts(status=1, stage_log=()),
            verdict(Outcome.ERROR, reason="the worker could not do its work: exit status 1", conclusive=False)),
        row("worker killed before it began", facts(status=-9, stage_log=()),
            verdict(Outcome.ERROR, reason="the worker could not do its work: exit status -9", conclusive=False)),
        # What contained it was killed: nothing that it left says how it would have ended.
        row("lost", facts(status=-9, lost=True), verdict(Outcome.ERROR, "load", reason=f"{LOST}: SIGKILL", conclusive=False)),
        row("lost, with a report", facts(report=PASSED, status=-9, stage_log=("", "exit"), lost=True),
            verdict(Outcome.ERROR, "exit", reason=f"{LOST}: SIGKILL", conclusive=False)),
        row("lost before it began", facts(status=-15, stage_log=(), lost=True),
            verdict(Outcome.ERROR, None, reason=f"{LOST}: SIGTERM", conclusive=False)),
        row("lost, over time", facts(status=-9, timed_out=True, lost=True), verdict(Outcome.TIMED_OUT, "load", error="Timeout: over 60 s")),
        # Limits go before all else.
        row("over time", facts(status=-15, timed_out=True), verdict(Outcome.TIMED_OUT, "load", error="Timeout: over 60 s")),
        row("over time, with a report", facts(report=PASSED, status=-15, timed_out=True, stage_log=("", "exit")),
            verdict(Outcome.TIMED_OUT, "exit", error="Timeout: over 60 s")),
        row("over memory", facts(status=-9, over_memory=True), verdict(Outcome.OUT_OF_MEMORY, "load", error="OutOfMemory: over 512 MiB")),
        row("over both", facts(status=-9, over_memory=True, timed_out=True),
            verdict(Outcome.OUT_OF_MEMORY, "load", error="OutOfMemory: over 512 MiB")),
        row("over memory before any stage", facts(status=-9, over_memory=True, stage_log=()),
            verdict(Outcome.OUT_OF_MEMORY, None, error="OutOfMemory: over 512 MiB")),
    ],
)  # fmt: skip
def test_verdict(facts, expected):
    assert judge(facts) == expected


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["passed", "failed", "not applicable"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
KEYS = (
    "outcome", "stage", "type", "message", "executed", "chain", "unparsed", "settings", "parser", "prefixes", "python",
)  # fmt: skip
anything = st.builds(
    facts,
    report=st.none() | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, json)),
    stage_log=st.lists(st.sampled_from(["", "define", "load", "exit"]), max_size=3).map(tuple),
    status=st.integers(-70, 255),
    stdout=st.binary(max_size=20),
    stderr=st.binary(max_size=20),
    timed_out=st.booleans(),
    over_memory=st.booleans(),
    lost=st.booleans(),
)


@given(anything)
def test_no_pass_without_a_report_that_says_so_and_a_clean_end(facts):
    found = judge(facts)
    ended = facts.ended
    clean = not (ended.timed_out or ended.over_memory or ended.lost) and ended.status == 0
    said = facts.report is not None and facts.report.get("outcome") == "passed" and facts.report.get("executed") is True
    said = said and not isinstance(facts.report.get("unparsed"), dict)
    assert (found.outcome is Outcome.PASSED) == (clean and said)


@given(anything)
def test_every_verdict_has_what_belongs_to_it(facts):
    found = judge(facts)
    assert bool(found.error) == found.outcome.is_failure
    no_verdict = found.outcome in (Outcome.ERROR, Outcome.NOT_APPLICABLE) or found.cause is not None
    assert bool(found.reason) == no_verdict
    assert found.cause is None or found.outcome in (Outcome.FAILED, Outcome.NOT_APPLICABLE)
    assert found.conclusive == (found.outcome is not Outcome.ERROR)


def test_time_out_of_a_script_whose_copy_ended_is_no_verdict():
    """The copy wrote a report, and the script waits for it."""
    ended = facts(report=PASSED, status=-9, timed_out=True)
    copied = replace(ended, context=AttemptContext(text="import os\nif os.fork():\n    os.wait()\n"))
    assert judge(copied) == verdict(Outcome.NOT_APPLICABLE, "exit", reason=COPY_WAITS)
    assert judge(ended).outcome is Outcome.TIMED_OUT
    assert judge(replace(copied, report=None)).outcome is Outcome.TIMED_OUT


def test_time_out_while_an_endless_traceback_is_described_is_no_verdict():
    stack = 'Thread 0x1 (most recent call first):\n  File "/python3.11/traceback.py", line 140 in format_exception\n'
    stack += (
        '  File "/harness/failures.py", line 26 in describe\n  File "/harness/attempt.py", line 130 in run_script\n'
    )
    ended = facts(status=-9, timed_out=True)
    found = judge(replace(ended, context=AttemptContext(dump=stack)))
    assert found == verdict(Outcome.NOT_APPLICABLE, "load", reason=ENDLESS_TRACEBACK)
    assert (
        judge(replace(ended, context=AttemptContext(dump=stack.replace("describe", "other")))).outcome
        is Outcome.TIMED_OUT
    )
