"""Real processes: each fixture scenario is named after what it does, and must get the outcome that belongs to it."""

import contextlib
import os
import re
import signal
import sys
import threading
import time
import uuid
from pathlib import Path

import psutil
import pytest

from harness.execute.artifacts import Artifacts
from harness.execute.executor import Interrupted, run_task
from harness.execute.verdict import LOST
from harness.model import Label, Outcome, Pattern, label_of
from harness.pinpoint.followed_failure import Following
from harness.sandbox.backends import SandboxBackend
from harness.search.transitions import State
from tests.making import outcome_task
from tests.sandboxes import sandbox_of


@pytest.fixture(params=list(SandboxBackend), ids=str)
def sandbox(request):
    return sandbox_of(request.param)


@pytest.fixture
def execute(tmp_path, sandbox):
    def run(name, *, stop=None, **options):
        task = outcome_task(name, **options)
        runs = tmp_path / "runs"
        try:
            return run_task(
                task,
                python=Path(sys.executable),
                runs=runs,
                artifacts=Artifacts(folder=tmp_path / "artifacts"),
                stop=stop or threading.Event(),
                sandbox=sandbox,
            )
        finally:
            assert list(runs.iterdir()) == [], "an attempt left its folder behind"

    return run


def shown(attempt):
    return attempt.outcome, attempt.stage, attempt.error.splitlines()[0] if attempt.error else ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("passes", (Outcome.PASSED, None, "")),
        ("asserts", (Outcome.FAILED, "compare", "AssertionError: predictions differ")),
        ("exits_three", (Outcome.FAILED, "save", "SystemExit: 3")),
        ("exits_with_message", (Outcome.FAILED, None, "SystemExit: no such thing")),
        ("exits_zero", (Outcome.PASSED, None, "")),
        ("exits_zero_silently", (Outcome.ERROR, "train", "")),
        ("exits_four_silently", (Outcome.FAILED, "train", "ExitStatus: 4")),
        ("exits_not_applicable", (Outcome.NOT_APPLICABLE, "define", "")),
        ("segfaults", (Outcome.CRASHED, "load", "SIGSEGV: killed by a signal")),
        ("crashes_at_exit", (Outcome.CRASHED, "exit", "SIGSEGV: killed by a signal")),
        ("prints_100_mb", (Outcome.PASSED, None, "")),
        ("leaves_children", (Outcome.PASSED, None, "")),
        ("closes_its_streams", (Outcome.PASSED, None, "")),
        ("has_unprintable_error", (Outcome.FAILED, "load", "Strange: <its message cannot be had: RuntimeError>")),
        ("deletes_its_folder", (Outcome.PASSED, None, "")),
        ("spawns_processes", (Outcome.PASSED, None, "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fixture_gets_its_outcome(execute, name, expected):
    assert shown(execute(name)) == expected


def test_parameters_override_the_defaults(execute):
    assert "number is 21" in execute("passes", number=21).evidence.stdout


def test_failure_has_the_stage_that_called_and_a_signature_without_accidents(execute):
    first, second = execute("raises"), execute("raises")
    assert first.stage == "load"
    assert first.error.startswith("ValueError: cannot load layer_12 from /some/where/model.h5 at 0x")
    assert first.signature == second.signature
    assert first.evidence.traceback.splitlines()[1] == '  File "raises.py", line 12, in <module>'


def test_not_applicable_gives_the_last_printed_line_as_reason(execute):
    attempt = execute("exits_not_applicable")
    assert (attempt.reason, attempt.conclusive) == ("this version has no such format", True)


def test_exit_without_a_report_is_no_pass_and_is_tried_again(execute):
    attempt = execute("exits_zero_silently")
    assert not attempt.conclusive
    assert "no report" in attempt.reason


@pytest.mark.parametrize(
    "number",
    sorted(
        set(signal.Signals)
        - {signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT}  # ignored unless asked for
        - {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}  # stop, and are a time out
        - {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT}  # Python itself ignores or translates them
    ),
    ids=lambda number: number.name,
)
@pytest.mark.slow
def test_any_deadly_signal_is_a_crash_named_after_it(execute, number):
    attempt = execute("kills_itself", number=int(number))
    assert shown(attempt) == (Outcome.CRASHED, "predict", f"{number.name}: killed by a signal")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_that_we_are_told_to_ignore_still_ends_a_scenario(execute, number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert execute("kills_itself", number=int(number)).outcome is Outcome.CRASHED
    finally:
        signal.signal(number, before)


def test_crash_leaves_a_dump_of_where_it_was(execute):
    assert 'File "segfaults.py", line 4 in <module>' in execute("segfaults").evidence.dump


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hangs", "hangs_noisily"])
def test_hanging_is_timed_out_with_its_stage(execute, name):
    started = time.monotonic()
    # Long enough for a busy machine to have begun the stage.
    attempt = execute(name, timeout_s=5)
    stage = "load" if name == "hangs" else "train"
    assert shown(attempt) == (Outcome.TIMED_OUT, stage, "Timeout: over 5 s")
    assert f"{name}.py" in attempt.evidence.dump, "the dump says where it hung"
    assert time.monotonic() - started < 30


@pytest.mark.slow
def test_a_stopped_process_is_timed_out(execute):
    assert execute("kills_itself", timeout_s=5, number=int(signal.SIGSTOP)).outcome is Outcome.TIMED_OUT


@pytest.mark.slow
def test_hanging_at_exit_is_no_pass(execute):
    assert shown(execute("hangs_at_exit", timeout_s=5)) == (Outcome.TIMED_OUT, "exit", "Timeout: over 5 s")


def test_memory_limit(execute):
    attempt = execute("eats_memory", memory_mib=200)
    assert attempt.peak_mib > 200, "what the next run reckons with"
    assert shown(attempt) == (Outcome.OUT_OF_MEMORY, "train", "OutOfMemory: over 200 MiB")


@pytest.mark.parametrize("victim", ["who waits outside", "the first inside"])
@pytest.mark.parametrize(
    ("times", "expected"),
    [(2, (Outcome.TIMED_OUT, "load", "Timeout: over 3 s")), (3, (Outcome.ERROR, "load", ""))],
    ids=["twice", "each time"],
)
def test_the_end_of_what_contains_a_script_is_not_the_scripts_own(execute, sandbox, victim, times, expected):
    """No script can bring it about. It is asked again, and when that is in vain, nothing is claimed."""
    if not sandbox.contains:
        pytest.skip("nothing contains it")
    killer = threading.Thread(target=kill_containers, args=(victim, times))
    killer.start()
    attempt = execute("hangs", timeout_s=3)
    killer.join()
    assert shown(attempt) == expected
    assert attempt.conclusive == (attempt.outcome is not Outcome.ERROR)
    assert attempt.reason == (f"{LOST}: SIGKILL" if times == 3 else "")


def test_a_script_that_is_killed_after_what_contained_it_was_has_not_crashed(execute, sandbox):
    if not sandbox.contains:
        pytest.skip("nothing contains it")
    killer = threading.Thread(target=kill_containers, args=("who waits outside", 1, "the script"))
    killer.start()
    attempt = execute("hangs", timeout_s=3)
    killer.join()
    assert shown(attempt) == (Outcome.TIMED_OUT, "load", "Timeout: over 3 s")


def kill_containers(victim, times, then=None):
    """Kill what contains the next attempts, each once its script runs; and another part of one after them."""
    killed = set()
    deadline = time.monotonic() + 30
    victims = [victim] * times + ([then] if then else [])
    while len(killed) < len(victims) and time.monotonic() < deadline:
        time.sleep(0.01)
        with contextlib.suppress(psutil.Error, ValueError, StopIteration):
            outside = next(each for each in psutil.Process().children() if each.pid not in killed)
            [first] = outside.children()
            [script] = first.children()
            if "load" in stage_log_of(script):
                parts = {"who waits outside": outside, "the first inside": first, "the script": script}
                parts[victims[len(killed)]].kill()
                killed.add(outside.pid)


def stage_log_of(script):
    """Return which stages a contained script has begun."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{script.pid}/root/attempt/stage_log").read_text()
    return ""


def test_long_message_is_kept_and_found_in_full(execute):
    attempt = execute("raises_a_long_message")
    lines = attempt.error.splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("ValueError: the first line", 402, "the last word")
    assert attempt.evidence.traceback.rstrip().endswith("the last word")
    label = Label(stage=None, error=Pattern("399 of the explanation\nthe last word"), label="bug", note="")
    assert label_of(attempt, [label]) is label
    assert Following(pattern=re.compile("the last word")).observe([attempt]).state is State.BAD


def test_what_this_python_cannot_parse_is_not_applicable(execute):
    attempt = execute("is_no_python")
    assert attempt.outcome is Outcome.NOT_APPLICABLE
    assert 'cannot parse line 2: if True print("no Python")' in attempt.reason
    assert "SyntaxError: " in attempt.evidence.traceback


def test_much_output_is_kept_at_both_ends(execute):
    output = execute("prints_100_mb").evidence.stdout
    assert output.startswith("the first line")
    assert output.rstrip().endswith("the last line")
    assert len(output) < 200_000
    assert "bytes left out" in output


def test_children_do_not_outlive_the_attempt(execute):
    mark = uuid.uuid4().hex
    assert len(execute("leaves_children", variables={"MARK": mark}).evidence.stdout.split()) == 2
    assert [each for each in psutil.process_iter() if is_marked(each, mark)] == []


def is_marked(process, mark):
    """Whether an attempt with this variable started it. In a sandbox it has another number than here."""
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get("MARK") == mark and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_stop_ends_it_and_says_nothing_of_it(execute):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(Interrupted):
        execute("hangs", stop=stop)


def test_surrogates_and_escapes_in_an_error_survive(execute):
    attempt = execute("raises_in_surrogates")
    assert attempt.outcome is Outcome.FAILED
    assert "\\udc80" in attempt.error


def test_variables_are_an_allow_list(execute, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    from tests.making import OUTCOMES

    source = 'import os\nprint(sorted(os.environ))\nprint(os.environ["WANTED"])\n'
    script = OUTCOMES.parent / "prints_its_variables.py"
    assert script.read_text() == source
    attempt = execute("../prints_its_variables", variables={"WANTED": "yes"})
    assert "SECRET_TOKEN" not in attempt.evidence.stdout
    assert "yes" in attempt.evidence.stdout
    assert os.environ["SECRET_TOKEN"] not in attempt.evidence.stdout
