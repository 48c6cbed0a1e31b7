"""Import checks of a search: those of candidates that fail alike run side by side."""

from dataclasses import replace

import pytest

from harness.model import Evidence
from harness.pinpoint.candidates import Candidate, ProbeResult
from harness.pinpoint.followed_failure import Following
from harness.pinpoint.judge import Judge
from harness.search.transitions import State
from tests.making import make_environment
from tests.unit.test_pinpoint_followed_failure import attempt

IN_IMPORT = """\
Traceback (most recent call last):
  File "repro.py", line 1, in <module>
    import lib
  File "/overlay/lib/__init__.py", line 3, in <module>
    from framework import gone
ImportError: gone
"""
IN_SCRIPT = """\
Traceback (most recent call last):
  File "repro.py", line 4, in <module>
    lib.answer()
ImportError: gone
"""


class OneProber:
    """A prober with results, which notes in which order checks start and are waited for."""

    def __init__(self, finished):
        self._finished = finished
        self.noted = []

    def finished(self):
        return self._finished

    def is_layered(self, environment):
        return True

    def start_import_check(self, candidate, modules, *, own_process=False):
        self.noted.append(("start", candidate.name, modules, own_process))

    def import_error(self, candidate, modules, *, own_process=False):
        self.noted.append(("wait", candidate.name, modules, own_process))
        return "ImportError: gone"


def shown(name, traceback, error="ImportError: gone"):
    environment = make_environment(name, imports=("framework",))
    failed = replace(attempt(error=error), evidence=Evidence(traceback=traceback))
    candidate = Candidate(name=name, make=lambda: environment)
    return candidate, ProbeResult(environment=environment, attempts=(failed,))


@pytest.mark.parametrize(
    ("traceback", "started"), [(IN_IMPORT, ["2.0", "1.0", "1.1"]), (IN_SCRIPT, [])], ids=["import", "script"]
)
def test_checks_of_candidates_that_fail_alike_start_together(traceback, started):
    others = [shown("1.0", traceback), shown("1.1", traceback), shown("1.2", traceback, error="ImportError: other")]
    prober = OneProber(others)
    judge = Judge(prober, Following(), None)
    observation = judge.observe(*shown("2.0", traceback))
    assert (observation.state, observation.reason) == (State.UNTESTABLE, "does not import: ImportError: gone")
    assert [name for what, name, *_ in prober.noted if what == "start"] == started
    assert prober.noted[-1] == ("wait", "2.0", ("framework",), True)


def test_followed_failure_of_an_import_counts_where_the_import_raises_the_same():
    prober = OneProber([])
    judge = Judge(prober, Following(), None)
    named = judge.observe_named(*shown("2.0", IN_IMPORT))
    assert (named.state, named.reason) == (State.BAD, "does not import: ImportError: gone")
    same = judge.observe(*shown("1.9", IN_IMPORT))
    assert (same.state, same.differs_from(named)) == (State.BAD, False)
    other = judge.observe(*shown("1.8", IN_IMPORT, error="ImportError: other"))
    assert other.state is State.UNTESTABLE


def test_failure_of_the_script_that_an_import_hides_elsewhere_is_not_counted():
    """The named environment fails in the script, and its package imports: an import error is something else."""
    judge = Judge(prober := OneProber([]), Following(), None)
    prober.import_error = lambda *arguments, **more: None
    assert judge.observe_named(*shown("2.0", IN_SCRIPT, error="ValueError: wrong")).state is State.BAD
    prober.import_error = lambda *arguments, **more: "ImportError: gone"
    assert judge.observe(*shown("1.9", IN_IMPORT)).state is State.UNTESTABLE
