"""Run the script of a request, and write the report.

The script runs cell by cell in the namespace of `__main__`. Each stage is in the stage log before it starts. The report
is renamed into place. The harness has redirected the script's output. Loaded by path: standard library only, Python 3.6
or newer.
"""

import faulthandler
import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from harness.guest import failures, fork_tuning, process_facts, process_setup, script_cells, unittest_log
    from harness.guest.worker import load
else:
    failures = load("failures.py")
    fork_tuning = load("fork_tuning.py")
    process_facts = load("process_facts.py")
    process_setup = load("process_setup.py")
    script_cells = load("script_cells.py")
    unittest_log = load("unittest_log.py")

NOT_APPLICABLE_STATUS = 125  # what git bisect calls "skip"


def run_request(path: str, parent: "Optional[int]") -> int:
    """Run the script of a request file. Return its exit status; everything else is in the report."""
    with open(path, encoding="utf-8") as stream:
        request = json.load(stream)
    fork_tuning.ForkTuning(request["tuning_off"]).use_batch_scheduling()
    process_setup.die_with_parent(request["parent"] if parent is None else parent)
    process_setup.set_limits(request["limits"])
    stage_log = StageLog(request["stage_log"])
    sys.path[:0] = request["overlays"]
    dump = open(request["dump"], "w")
    faulthandler.enable(file=dump)
    faulthandler.dump_traceback_later(request["timeout_s"], file=dump)
    report: "Dict[str, Any]" = {
        "schema": 1,
        "python": process_facts.python_facts(),
        "versions": process_facts.versions_on_path(sys.path),
    }
    report["variables"] = {name: os.environ.get(name) for name in request["variables"]}
    started = time.time()
    before = names_here()
    report.update(run_script(request, stage_log))
    report["settings"] = process_facts.settings_in_force(request.get("settings", []))
    report["wrote"] = names_here(before[0]) != before
    report["duration_s"] = round(time.time() - started, 4)
    report["peak_mib"] = process_facts.peak_mib()
    report["stages"] = stage_log.stages
    stage_log.enter("exit")
    streams: "List[Any]" = [sys.stdout, sys.stderr]
    for stream in streams:
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the script closed or replaced it
    write_report(request["report"], report)
    return int(report["status"])


class StageLog:
    """The stages that the script reached, readable after the process has died."""

    def __init__(self, path: str) -> None:
        self.stages: "List[Tuple[str, float]]" = []
        self._path = path
        self.enter("")

    def enter(self, stage: str) -> None:
        """Note that a stage begins. Open the file each time: the script may close all descriptors."""
        self.stages.append((stage, time.time()))
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), 0o600)
        except OSError:
            return  # the script put something else in its place
        try:
            os.write(file, (json.dumps(stage) + "\n").encode("ascii"))
        finally:
            os.close(file)


def names_here(folder: "Optional[str]" = None) -> "Tuple[Optional[str], Optional[List[str]]]":
    """Return a folder, by default the working folder, and the names in it: they show whether the script wrote there."""
    try:
        folder = folder or os.getcwd()
        return folder, sorted(os.listdir(folder))
    except OSError:
        return folder, None


def run_script(request: "Dict[str, Any]", stage_log: StageLog) -> "Dict[str, Any]":
    """Run the script; return outcome, stage, error, traceback, and the exit status that goes with them."""
    path = request["script"]
    reached: "Optional[str]" = None
    acting: "List[int]" = []
    tests = unittest_log.TestLog()
    source = b""
    try:
        with open(path, "rb") as stream:
            source = stream.read()
        tests.watch(source)
        if request.get("stdin") is not None:
            process_setup.read_input_from(request["stdin"])
        namespace = script_cells.become_main(path, request.get("args", []))
        for stage, code, lines in script_cells.compiled_cells(source, path, request["marks"]):
            reached = stage
            stage_log.enter(stage or "")
            acting.extend(lines)
            exec(code, namespace)
            if stage is not None and stage == request["parameters_stage"]:
                namespace.update(request["parameters"])
    except script_cells.Unparsed as wrapped:
        report = failures.describe(wrapped.error, reached, path, 1)
        report["unparsed"] = script_cells.line_of_syntax_error(wrapped.error, source)
        return report
    except SystemExit as exit:
        report = after_exit(exit, reached, path)
        if report["outcome"] == "passed":
            last = max(failures.script_lines(exit.__traceback__, path) or [0])
            report["executed"] = any(line <= last for line in acting)
        return tests.complete(report, path)
    except BaseException as error:  # any exception is the script's
        return failures.describe(error, reached, path, 1)
    report = {"outcome": "passed", "stage": None, "status": 0, "executed": bool(acting)}
    return tests.complete(report, path)


def after_exit(exit: SystemExit, stage: "Optional[str]", path: str) -> "Dict[str, Any]":
    """Return the meaning of a SystemExit: none or 0 is a normal end, 125 is not applicable, the rest are failures."""
    status = exit.code
    if status is None or status == 0:
        return {"outcome": "passed", "stage": None, "status": 0}
    if status == NOT_APPLICABLE_STATUS:
        return {"outcome": "not applicable", "stage": stage, "status": NOT_APPLICABLE_STATUS}
    if not isinstance(status, int):
        sys.stderr.write(str(status) + "\n")
    return failures.describe(exit, stage, path, status if isinstance(status, int) else 1)


def write_report(path: str, report: "Dict[str, Any]") -> None:
    """Write the report under a temporary name and rename it: it is there whole or not at all."""
    temporary = path + ".part"
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(report, stream)
    os.replace(temporary, path)
