"""Judge an attempt by the end of its process, its report and its stage log. Pure."""

from __future__ import annotations

import re
import reprlib
import signal
from dataclasses import dataclass, field
from typing import Any

from harness.execute.child_processes import child_error
from harness.execute.deliberate_exits import handled_by_exit
from harness.execute.failure_facts import AttemptContext, Failure
from harness.execute.no_verdict import why_no_verdict
from harness.execute.runner_output import failed_test
from harness.execute.worker_status import BROKEN_STATUS, GATE_STATUS, NOT_APPLICABLE_STATUS
from harness.model import Header, NoVerdict, Outcome
from harness.process.limits import Ended

LONGEST_ERROR = 20000
_MARGIN = 100  # for the worker's note about omitted characters
LONGEST_REASON = 400
LONGEST_STAGE = 200
_OUTCOMES = {"passed": Outcome.PASSED, "failed": Outcome.FAILED}
MACHINE_OUT_OF_MEMORY = (
    "the machine, or the memory limit of the whole run, ran out of memory: the kernel killed a process of the script, "
    "which was within its own limit"
)
COPY_WAITS = (
    "a copy of the script that os.fork made ran to the end of the script, and waits there. End it with os._exit(0) to "
    "run this script here"
)
ENDLESS_TRACEBACK = (
    "the script raised an exception in a recursion that is too deep to be described in the time limit. Lower the limit "
    "that it sets with sys.setrecursionlimit"
)
# In the stack of a worker whose script has ended with an exception.
_DESCRIBES = re.compile(
    r'^ +File "[^"\n]*\bfailures\.py", line \d+ in describe\n +File "[^"\n]*\battempt\.py", line \d+ in run_script$',
    re.MULTILINE,
)
_FORKS = re.compile(r"\bfork\(\)")
EXIT = "exit"
"""The last line of the stage log: the worker writes it before its report."""
LOST = "what contained the script was killed from outside"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome, with what belongs to it."""

    outcome: Outcome
    stage: str | None = None
    error: str = ""
    reason: str = ""
    cause: NoVerdict | None = None
    conclusive: bool = True


@dataclass(frozen=True, kw_only=True)
class WorkerFacts:
    """The facts about an ended worker. `report` is None if there is no readable one."""

    ended: Ended
    report: dict[str, Any] | None
    stage_log: tuple[str, ...]
    header: Header
    context: AttemptContext = field(default_factory=AttemptContext)

    @property
    def stage(self) -> str | None:
        """The last stage of the stage log. It is `exit` after the end of the script."""
        return _storable(self.stage_log[-1], LONGEST_STAGE) or None if self.stage_log else None

    @property
    def worker_report(self) -> dict[str, Any] | None:
        """The report, or None if the script wrote it and ended the process itself.

        The stage log then lacks the worker's line. A script that writes this line, too, decides its own result only.
        """
        return self.report if EXIT in self.stage_log else None


def judge(facts: WorkerFacts) -> Verdict:
    """Return the verdict. Check limits first: a limit may have caused any other fact."""
    over = _over_a_limit(facts)
    if over is not None:
        return over
    if facts.ended.lost:
        reason = f"{LOST}: {_signal_name(-facts.ended.status)}"
        return Verdict(outcome=Outcome.ERROR, stage=facts.stage, reason=reason, conclusive=False)
    report = facts.worker_report
    return _without_report(facts) if report is None else _with_report(facts, report)


def _over_a_limit(facts: WorkerFacts) -> Verdict | None:
    ended, header = facts.ended, facts.header
    if ended.machine_out_of_memory:
        return Verdict(outcome=Outcome.ERROR, stage=facts.stage, reason=MACHINE_OUT_OF_MEMORY, conclusive=False)
    if ended.over_memory:
        error = f"OutOfMemory: over {header.memory_mib} MiB"
        return Verdict(outcome=Outcome.OUT_OF_MEMORY, stage=facts.stage, error=error)
    if ended.over_processes:
        return Verdict(outcome=Outcome.FAILED, stage=facts.stage, error=f"TooManyProcesses: over {header.processes}")
    if ended.over_disk:
        return Verdict(outcome=Outcome.FAILED, stage=facts.stage, error=f"TooMuchDisk: over {header.disk_mib} MiB")
    return _over_time(facts) if ended.timed_out else None


def _over_time(facts: WorkerFacts) -> Verdict:
    if facts.report is not None and _FORKS.search(facts.context.text):
        return Verdict(outcome=Outcome.NOT_APPLICABLE, stage=facts.stage, reason=COPY_WAITS)
    if _DESCRIBES.search(facts.context.dump):
        return Verdict(outcome=Outcome.NOT_APPLICABLE, stage=facts.stage, reason=ENDLESS_TRACEBACK)
    error = f"Timeout: over {facts.header.timeout_s:g} s"
    return Verdict(outcome=Outcome.TIMED_OUT, stage=facts.stage, error=error)


def _with_report(facts: WorkerFacts, report: dict[str, Any]) -> Verdict:
    no_verdict = why_no_verdict(report, facts.context)
    verdict = _as_reported(facts, report)
    as_reported = verdict.outcome is _OUTCOMES.get(str(report.get("outcome")))
    if no_verdict is None or not (as_reported or (verdict.outcome is Outcome.FAILED and verdict.stage != EXIT)):
        return verdict
    reason = _storable(no_verdict.reason, LONGEST_REASON)
    error = verdict.error if no_verdict.outcome.is_failure else ""
    return Verdict(
        outcome=no_verdict.outcome,
        stage=_text(report, "stage", LONGEST_STAGE),
        error=error,
        reason=reason,
        cause=no_verdict.cause,
    )


def _as_reported(facts: WorkerFacts, report: dict[str, Any]) -> Verdict:
    failure = Failure.read(report, facts.context)
    failed = failed_test(report.get("outcome"), failure)
    match report.get("outcome"):
        case "passed" | "failed" if failed is not None and facts.ended.status >= 0:
            return Verdict(outcome=Outcome.FAILED, stage=failed.test, error=_both_ends(failed.error))
        case "passed" if facts.ended.status == 0:
            return Verdict(outcome=Outcome.PASSED)
        case "passed":
            # The script ended well and its process did not, as in a segmentation fault while modules are torn down.
            return _by_status(facts.ended.status, stage=EXIT)
        case "not applicable":
            stage = _text(report, "stage", LONGEST_STAGE)
            return Verdict(outcome=Outcome.NOT_APPLICABLE, stage=stage, reason=_last_line(facts.ended))
        case "failed":
            stage = _text(report, "stage", LONGEST_STAGE)
            return Verdict(outcome=Outcome.FAILED, stage=stage, error=_error(report, failure))
        case other:
            reason = f"the report is malformed: outcome {_storable(reprlib.repr(other), LONGEST_REASON)}"
            return Verdict(outcome=Outcome.ERROR, reason=reason, conclusive=False)


def _error(report: dict[str, Any], failure: Failure) -> str:
    """Return the error, also of an exception behind an exit in its handler, and of a Python process of the script."""
    handled = handled_by_exit(failure)
    if handled is not None:
        return _both_ends(f"{handled.type[:LONGEST_STAGE]}: {handled.message}")
    if failure.chain and (printed := child_error(failure)) is not None:
        return _both_ends(printed)
    kind, message = _text(report, "type", LONGEST_STAGE), report.get("message")
    return f"{kind or 'Exception'}: {_both_ends(message) if isinstance(message, str) else ''}"


def _without_report(facts: WorkerFacts) -> Verdict:
    status = facts.ended.status
    if not facts.stage_log or status in (BROKEN_STATUS, GATE_STATUS):
        why = _last_line_of(facts.ended.stderr) or f"exit status {status}"
        return Verdict(outcome=Outcome.ERROR, reason=f"the worker could not do its work: {why}", conclusive=False)
    if status == NOT_APPLICABLE_STATUS:
        return Verdict(outcome=Outcome.NOT_APPLICABLE, stage=facts.stage, reason=_last_line(facts.ended))
    if status == 0:
        which = "no report" if facts.report is None else "a report that is not from the worker"
        reason = f"the process ended with status 0 and {which} (os._exit, or replaced by another program?)"
        return Verdict(outcome=Outcome.ERROR, stage=facts.stage, reason=reason, conclusive=False)
    return _by_status(status, stage=facts.stage)


def _by_status(status: int, *, stage: str | None) -> Verdict:
    if status < 0:
        return Verdict(outcome=Outcome.CRASHED, stage=stage, error=f"{_signal_name(-status)}: killed by a signal")
    return Verdict(outcome=Outcome.FAILED, stage=stage, error=f"ExitStatus: {status}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text(report: dict[str, Any], key: str, longest: int) -> str | None:
    value = report.get(key)
    return _storable(value, longest) if isinstance(value, str) else None


def _both_ends(text: str) -> str:
    """Return a storable message. Remove the middle if it is longer than a worker's message."""
    if len(text) > LONGEST_ERROR + _MARGIN:
        text = f"{text[: LONGEST_ERROR // 2]}\n[...]\n{text[-LONGEST_ERROR // 2 :]}"
    return _storable(text, len(text))


def _storable(text: str, longest: int) -> str:
    """Shorten a text, and replace lone surrogates: JSON can contain them, UTF-8 cannot."""
    return text[:longest].encode("utf-8", "backslashreplace").decode("utf-8")


def _last_line(ended: Ended) -> str:
    """Return the last printed line: by convention the reason for an exit with 125."""
    return _last_line_of(ended.stdout) or _last_line_of(ended.stderr) or "the script says that it does not apply here"


def _last_line_of(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:LONGEST_REASON] if lines else ""
