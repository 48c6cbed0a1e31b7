"""Run one scenario inside the environment under test: `python worker.py REQUEST`.

`--serve FILE SOCKET` starts a fork server: it imports once and is forked for each request. FILE is fork_server.py.
`--contained FILE REQUEST` runs as the second process of a sandbox; the first acts as init. FILE is namespaces.py.

Standard library only, Python 3.6 or newer, started by path; imports nothing of the harness. The worker reads a request
file, runs the script cell by cell in the namespace of `__main__`, writes each stage to a stage log before it starts,
and renames its report into place. The harness has redirected the script's output; the worker does not read it.
"""

import sys

GATE_STATUS = 97  # this Python is too old to run the worker
BROKEN_STATUS = 98  # the worker itself could not do its work
NOT_APPLICABLE_STATUS = 125  # what git bisect calls "skip"

if sys.version_info < (3, 6):
    sys.stderr.write("the worker needs Python 3.6 or newer, and this is %s\n" % sys.version.split()[0])
    sys.exit(GATE_STATUS)

# The folder of this file comes first on the path of modules; nothing may be imported from there.
sys.path.pop(0)

# Those that are not used here are for serving.py: a script finds the same ones there already, whichever way it is run.
import __future__  # noqa: E402

import array  # noqa: E402, F401
import ast  # noqa: E402
import atexit  # noqa: E402, F401
import errno  # noqa: E402, F401
import faulthandler  # noqa: E402
import functools  # noqa: E402
import gc  # noqa: E402, F401
import json  # noqa: E402
import linecache  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import random  # noqa: E402, F401
import re  # noqa: E402
import select  # noqa: E402, F401
import signal  # noqa: E402
import socket  # noqa: E402, F401
import tempfile  # noqa: E402, F401
import time  # noqa: E402
import traceback  # noqa: E402
import types  # noqa: E402

try:
    import resource
except ImportError:  # there is none on Windows
    resource = None

LONGEST_TEXT = 20000
LONGEST_CHAIN = 12
PR_SET_PDEATHSIG = 1
NOBODY = 0  # to die with, where the system ends all contained processes together


def main():
    """Serve, or run one script; give the exit status."""
    heed_signals()
    take_long_turns()
    if sys.argv[1] == "--serve":
        request_path, parent = load(sys.argv[2]).serve(int(sys.argv[3]), sys.modules["__main__"])
        if request_path is None:
            os._exit(0)  # nothing was executed here, so there is nothing to learn from its end
        return run_request(request_path, parent)  # in a fork
    if sys.argv[1] == "--contained":
        load(sys.argv[2]).act_as_init()
        return run_request(sys.argv[3], NOBODY)
    return run_request(sys.argv[1], None)


def load(path):
    """Load another file of ours, without a trace among the modules."""
    module = types.ModuleType(os.path.basename(path))
    with open(path, "rb") as stream:
        exec(compile(stream.read(), path, "exec"), module.__dict__)
    return module


def heed_signals():
    """Let signals do what they usually do, where they are ignored: so does what `nohup` or a shell's `&` starts.

    Python itself ignores SIGPIPE and SIGXFSZ, in every script.
    """
    for number in range(1, signal.NSIG):
        try:
            ignored = signal.getsignal(number) == signal.SIG_IGN
        except ValueError:
            continue  # a number that this system does not use
        if not ignored or number in (getattr(signal, "SIGPIPE", None), getattr(signal, "SIGXFSZ", None)):
            continue
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        try:
            signal.signal(number, usual)
        except (OSError, ValueError):
            pass  # one that the system keeps for itself


def take_long_turns():
    """Have Linux interrupt this process, and all that it starts, less often; its share of the processor stays the same.

    Where more attempts run than there are processors, less is lost each time that one follows another. Whoever has
    chosen otherwise for us, such as to run only when nobody else does, is obeyed.
    """
    if hasattr(os, "SCHED_BATCH"):
        try:
            if os.sched_getscheduler(0) != os.SCHED_OTHER:
                return
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        except OSError:
            pass  # it is not allowed here; nothing depends on it


def run_request(path, parent):
    """Run what the request file asks for; the exit status follows the script's, the report says the rest."""
    with open(path, encoding="utf-8") as stream:
        request = json.load(stream)
    die_with(request["parent"] if parent is None else parent)
    set_limits(request["limits"])
    trail = Trail(request["trail"])
    sys.path[:0] = request["overlays"]
    dump = open(request["dump"], "w")
    faulthandler.enable(file=dump)
    faulthandler.dump_traceback_later(request["timeout_s"], file=dump)
    report = {"schema": 1, "python": python_facts(), "versions": versions_seen(sys.path)}
    report["variables"] = {name: os.environ.get(name) for name in request["variables"]}
    started = time.time()
    before = names_here()
    report.update(run_script(request, trail))
    report["settings"] = settings_in_force(request.get("settings", []))
    report["wrote"] = names_here(before[0]) != before
    report["duration_s"] = round(time.time() - started, 4)
    report["peak_mib"] = peak_mib()
    report["stages"] = trail.stages
    trail.enter("exit")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the script closed or replaced it
    write_report(request["report"], report)
    return report["status"]


def die_with(parent):
    """Request that Linux kills this process when its parent process ends."""
    if sys.platform != "linux" or parent == NOBODY:
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return  # without the means, an orphan runs to its end: a waste, not an error
    if os.getppid() not in (parent, 0):
        os._exit(BROKEN_STATUS)  # it had ended before we asked


def set_limits(limits):
    """Set limits of the system's, by their names, where it has them; none is raised."""
    try:
        import resource
    except ImportError:
        return
    for name, value in limits.items():
        number = getattr(resource, name, None)
        if number is not None:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, value))


class Trail:
    """Stage log: the stages in which the script was, readable after the process has died."""

    def __init__(self, path):
        self.stages = []
        self._path = path
        self.enter("")

    def enter(self, stage):
        """Note that a stage begins. The file is opened each time: the script may close what it did not open."""
        self.stages.append([stage, time.time()])
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), 0o600)
        except OSError:
            return  # the script put something else in its place
        try:
            os.write(file, (json.dumps(stage) + "\n").encode("ascii"))
        finally:
            os.close(file)


def names_here(folder=None):
    """Return a folder, by default the working folder, and the names in it: they tell whether the script wrote there."""
    try:
        folder = folder or os.getcwd()
        return folder, sorted(os.listdir(folder))
    except OSError:
        return folder, None


class Unparsed(Exception):
    """This Python cannot parse or compile the script itself; `error` says why."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def run_script(request, trail):
    """Run the script; return outcome, stage, error, traceback, and the exit status that goes with them."""
    path = request["script"]
    here = {"stage": None}
    acting = []  # the lines of the statements that were reached and do more than import or define something
    tests = TestLog()
    try:
        with open(path, "rb") as stream:
            source = stream.read()
        tests.watch(source)
        namespace = become_main(path)
        for stage, code, lines in compiled_cells(source, path, request["marks"]):
            here["stage"] = stage
            trail.enter(stage or "")
            acting.extend(lines)
            exec(code, namespace)
            if stage is not None and stage == request["parameters_stage"]:
                namespace.update(request["parameters"])
    except Unparsed as wrapped:
        report = failure(wrapped.error, here["stage"], path, 1)
        report["unparsed"] = unparsed(wrapped.error, source)
        return report
    except SystemExit as exit:
        report = after_exit(exit, here["stage"], path)
        if report["outcome"] == "passed":
            last = max(script_lines(exit.__traceback__, path) or [0])
            report["executed"] = any(line <= last for line in acting)
        return tests.completed(report, path)
    except BaseException as error:  # whatever it is, it is the script's
        return failure(error, here["stage"], path, 1)
    report = {"outcome": "passed", "stage": None, "status": 0, "executed": bool(acting)}
    return tests.completed(report, path)


class TestLog:
    """Notes what unittest tells its results: the first test that fails, and how many ran or were skipped.

    unittest, tf.test and absl end with a SystemExit that says nothing of what failed. All of them tell a TestResult.
    Only results that a run of tests uses count: absl reports an unexpected success to one of its own while it is
    imported, to find out what this unittest makes of that.
    """

    def __init__(self):
        self._results = []  # kept, so that no other object gets the identity of one
        self._runs = self._begun = self._skipped = 0
        self._why_skipped = ""
        self._failed = None

    def watch(self, source):
        """Have all results tell this, if the script mentions tests: only then is unittest imported for it."""
        if re.search(rb"unittest|TestCase|absltest|\.test\b", source) is None:
            return
        import unittest

        self._wrap(unittest.TestResult, "startTestRun", self._note_run)
        self._wrap(unittest.TestResult, "startTest", self._note_start)
        self._wrap(unittest.TestResult, "addSkip", self._note_skip)
        self._wrap(unittest.TestResult, "addError", self._note_failure)
        self._wrap(unittest.TestResult, "addFailure", self._note_failure)
        self._wrap(unittest.TestResult, "addSubTest", self._note_subtest)
        self._wrap(unittest.TestResult, "addUnexpectedSuccess", self._note_success)

    def _wrap(self, kind, name, note):
        original = getattr(kind, name)

        @functools.wraps(original)
        def noted(result, *arguments, **named):
            begins = name in ("startTestRun", "startTest")
            used = any(each is result for each in self._results)
            if begins and not used:
                self._results.append(result)
            if begins or used:
                note(*arguments)
            return original(result, *arguments, **named)

        setattr(kind, name, noted)

    def _note_run(self):
        self._runs += 1

    def _note_start(self, test):
        self._begun += 1

    def _note_skip(self, test, reason):
        self._skipped += 1
        self._why_skipped = self._why_skipped or str(reason)

    def _note_failure(self, test, error):
        if self._failed is None:
            self._failed = test, error[1]

    def _note_subtest(self, test, subtest, error):
        if error is not None:
            self._note_failure(subtest, error)

    def _note_success(self, test):
        self._note_failure(test, (AssertionError, AssertionError("unexpected success"), None))

    def completed(self, report, path):
        """Return the report of a script that ended by itself, or that of its first failing test, with that as stage."""
        if self._failed is None:
            report["tests"] = {
                "runs": self._runs, "begun": self._begun, "skipped": self._skipped, "why": shorten(self._why_skipped),
            }  # fmt: skip
            return report
        test, error = self._failed
        case = getattr(test, "test_case", test)
        name = getattr(case, "_testMethodName", None) or str(test).split(" ")[0]
        failed = failure(error, shorten(name, 100), path, report["status"] or 1)
        failed["traceback"] = "FAIL: %s\n%s" % (shorten(str(test), 400), failed["traceback"])
        return failed


def unparsed(error, source):
    """Return the line at which this Python could not go on, and its text."""
    number = getattr(error, "lineno", None)
    lines = source.decode("utf-8", "replace").splitlines()
    text = lines[number - 1].strip() if isinstance(number, int) and 0 < number <= len(lines) else ""
    return {"line": number, "text": shorten(text[:200])}


def become_main(path):
    """Create a fresh `__main__` like the one of `python FILE`; return its namespace.

    It finds modules in the working folder and not beside the script: one called keras.py would be taken for Keras, in
    a process and not in a fork, and what it is called is not part of what an attempt is known by.
    """
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = sys.modules["builtins"]
    module.__worker__ = sys.modules["__main__"]  # keeps the worker's own names alive
    sys.modules["__main__"] = module
    sys.argv[:] = [path]
    sys.path.insert(0, os.getcwd())
    return module.__dict__


def compiled_cells(source, path, marks):
    """Yield (stage, code, lines of the statements that act) for each cell, compiled as it is reached.

    A statement belongs to the last marker above it. `from __future__` imports hold from their cell on. Raises Unparsed.
    """
    try:
        tree = ast.parse(source, path)
    except (SyntaxError, ValueError) as error:  # ValueError: NUL characters, before Python 3.12
        raise Unparsed(error)
    cells = [(None, [])]
    for statement in tree.body:
        first = min([statement.lineno] + [each.lineno for each in getattr(statement, "decorator_list", [])])
        while marks and marks[0][0] < first:
            cells.append((marks.pop(0)[1], []))
        cells[-1][1].append(statement)
    cells.extend((stage, []) for _, stage in marks)
    flags = 0
    known_flags = 0
    for name in __future__.all_feature_names:
        known_flags |= getattr(__future__, name).compiler_flag
    for stage, statements in cells:
        module = ast.parse("")
        module.body = statements
        lines = [each.lineno for each in statements if acts(each)]
        try:
            code = compile(module, path, "exec", flags, True)
        except SyntaxError as error:
            raise Unparsed(error)
        flags |= code.co_flags & known_flags
        if statements or stage is not None:
            yield stage, code, lines


def acts(statement):
    """Return whether a statement does more than import, define a function, class or constant, or state a string.

    What is under `if TYPE_CHECKING:` and `if False:` is not executed; exception handlers need not be.
    """
    kind = type(statement).__name__
    if kind in ("Import", "ImportFrom", "FunctionDef", "AsyncFunctionDef", "ClassDef", "TypeAlias", "Pass"):
        return False
    if kind in ("Expr", "Assign", "AnnAssign"):
        return statement.value is not None and not is_literal(statement.value)
    if kind == "If":
        name = getattr(statement.test, "id", None) or getattr(statement.test, "attr", None)
        never = name == "TYPE_CHECKING" or (is_literal(statement.test) and not ast.literal_eval(statement.test))
        return any(acts(each) for each in ([] if never else statement.body) + statement.orelse)
    if kind in ("Try", "TryStar"):
        return any(acts(each) for each in statement.body + statement.orelse + statement.finalbody)
    return True


def is_literal(node):
    """Return whether an expression is a constant: evaluating it calls nothing."""
    try:
        ast.literal_eval(node)
    except Exception:
        return False
    return True


def after_exit(exit, stage, path):
    """Return the meaning of a SystemExit: none or 0 is a normal end, 125 is not applicable, the rest are failures."""
    status = exit.code
    if status is None or status == 0:
        return {"outcome": "passed", "stage": None, "status": 0}
    if status == NOT_APPLICABLE_STATUS:
        return {"outcome": "not applicable", "stage": stage, "status": NOT_APPLICABLE_STATUS}
    if not isinstance(status, int):
        sys.stderr.write(str(status) + "\n")
    return failure(exit, stage, path, status if isinstance(status, int) else 1)


def failure(error, stage, path, status):
    """Describe an exception as the report has it, without the frames of the worker."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != path:
        frames = frames.tb_next
    # An error in compiling has no frame of the script; its own text names file and line.
    shown = "".join(traceback.format_exception(type(error), error, frames))
    lines = script_lines(frames, path)
    return {
        "outcome": "failed",
        "stage": stage,
        "type": type(error).__name__,
        "message": shorten(message_of(error)),
        "traceback": shorten(shown, 2 * LONGEST_TEXT),
        "line": lines[0] if lines else None,
        "status": status,
        "chain": chain_of(error),
        "parser": parser_of(error),
        "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix}),
    }


def message_of(error):
    """Return the text of an exception."""
    try:
        return str(error)
    except Exception as broken:
        return "<its message cannot be had: %s>" % type(broken).__name__


def script_lines(frames, path):
    """Return the lines of the script in a traceback, outermost first."""
    return [entry.tb_lineno for entry in walk(frames) if entry.tb_frame.f_code.co_filename == path]


def chain_of(error):
    """Describe an exception, what caused it, and what was being handled when it was raised: facts, no judgement."""
    chain, known, link = [], set(), None
    while error is not None and id(error) not in known and len(chain) < LONGEST_CHAIN:
        known.add(id(error))
        chain.append(facts_of(error, link))
        if error.__cause__ is not None:
            error, link = error.__cause__, "cause"
        else:
            error, link = error.__context__, "context"
    return chain


def facts_of(error, link):
    """Describe one exception of a chain; `link` is how the one before it is linked to it."""

    def text(name):
        try:
            value = getattr(error, name, None)
        except Exception:
            return None
        return None if value is None else shorten(os.fsdecode(value) if isinstance(value, bytes) else str(value), 1000)

    number = getattr(error, "errno", None)
    module = text("name") if isinstance(error, ImportError) else None
    where = list(walk(error.__traceback__))[-1:]
    return {
        "type": type(error).__name__,
        "bases": [each.__name__ for each in type(error).__mro__],
        "message": shorten(message_of(error), 4000),
        "link": link,
        "errno": number if isinstance(number, int) else None,
        "filename": text("filename") if isinstance(error, OSError) else None,
        "texts": [each for each in (text("strerror"), text("reason")) if each],
        "module": module,
        "missing": missing_part(module) if module else None,
        "file": where[0].tb_frame.f_code.co_filename if where else None,
        "line_text": line_text(where[0]) if where else None,
    }


def line_text(entry):
    """Return the source line of an entry of a traceback."""
    return shorten(linecache.getline(entry.tb_frame.f_code.co_filename, entry.tb_lineno).strip(), 400)


def missing_part(name):
    """Return the package that is not installed and that a dotted name needs; None if there is none.

    `keras.gone` needs no other package where keras is there. `google.cloud` may: several packages share `google`.
    """
    import importlib.util  # a script finds it imported only if it imports it itself

    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        part = ".".join(parts[:count])
        try:
            spec = importlib.util.find_spec(part)
        except Exception:
            return None  # something is there, and broken
        if spec is None:
            return part
        if spec.submodule_search_locations is None or spec.origin not in (None, "namespace"):
            return None
    return None


def parser_of(error):
    """Return the module that parsed the command line, if it ended the script."""
    if isinstance(error, SystemExit):
        for entry in list(walk(error.__traceback__))[-1:]:
            name = str(entry.tb_frame.f_globals.get("__name__"))
            usage = entry.tb_frame.f_code.co_name == "usage"
            if name in ("argparse", "optparse", "click.core", "fire.core") or (name == "absl.app" and usage):
                return name
    return None


def settings_in_force(settings):
    """Return, for each variable that asks for something, its value, the modules that it lacks, and the value in force.

    A setting is [variable, {value: modules}, ["module:function", ...]]; the first function that answers is believed.
    """
    found = []
    for variable, needs, functions in settings:
        value = os.environ.get(variable)
        if value is not None and value in needs:
            lacking = [each for each in needs[value] if each not in sys.modules and missing_part(each) is not None]
            actual, said_by = first_answer(functions)
            found.append(
                {"variable": variable, "value": value, "lacking": lacking, "actual": actual, "said_by": said_by}
            )
    return found


def first_answer(functions):
    """Call the first function that there is of modules that are imported; return its text and its name."""
    for function in functions:
        module, _, name = function.partition(":")
        try:
            return shorten(str(getattr(sys.modules[module], name)()), 200), function
        except Exception:
            continue
    return None, None


def walk(frames):
    """Yield the entries of a traceback, outermost first."""
    while frames is not None:
        yield frames
        frames = frames.tb_next


def shorten(text, longest=LONGEST_TEXT):
    """Keep both ends of a text that is too long; replace what UTF-8 cannot carry."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= longest:
        return text
    half = longest // 2
    return "%s\n[... %d characters left out ...]\n%s" % (text[:half], len(text) - longest, text[-half:])


def python_facts():
    """Return the version, implementation and platform of this Python."""
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation().lower(),
        "platform": platform.platform(),
        "machine": platform.machine(),
    }


def peak_mib():
    """Return the peak memory of this process in MiB; None if the system does not report it."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def versions_seen(folders):
    """Return the version of every distribution on the path, from the names of the metadata folders."""
    versions = {}
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            match = re.match(r"(.+?)-([^-]+)(?:-.*)?\.(?:dist|egg)-info$", name)
            if match:
                versions.setdefault(re.sub(r"[-_.]+", "-", match.group(1)).lower(), match.group(2))
    return versions


def write_report(path, report):
    """Write the report under a temporary name and rename it: it is there whole or not at all."""
    temporary = path + ".part"
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(report, stream)
    os.replace(temporary, path)


if __name__ == "__main__":
    try:
        final_status = main()
    except Exception:
        traceback.print_exc()
        sys.exit(BROKEN_STATUS)
    sys.exit(final_status)
