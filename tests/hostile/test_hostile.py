"""Scenarios that mean harm, each named after what it does: what they must get, and that nobody else is the worse for it."""

import contextlib
import ctypes
import os
import platform
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.cgroups.groups import RunGroup, here
from harness.cgroups.layout import task_limit
from harness.environments.integrity import contents
from harness.errors import Problems
from harness.execute.artifacts import Artifacts
from harness.execute.executor import run_task
from harness.execute.forkserver.pool import ForkServers
from harness.execute.task import make_task
from harness.model import Case, Cell, Outcome
from harness.project.script import read_script
from harness.sandbox.backends import SandboxBackend
from tests.making import make_environment, make_python
from tests.sandboxes import sandbox_of

pytestmark = pytest.mark.slow

NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts")
SCENARIOS = Path(__file__).parents[1] / "fixtures" / "hostile"
HARMLESS = (Outcome.PASSED, None, "")
UNREPORTED = (Outcome.ERROR, "load", "")
EXPECTED = {
    "kills_its_parent": HARMLESS,
    "kills_every_process_it_sees": HARMLESS,
    "kills_its_process_group": (Outcome.CRASHED, "load", "SIGKILL: killed by a signal"),
    "floods_its_report": UNREPORTED,
    "forges_a_report_for_another_cell": HARMLESS,
    "report_is_a_fifo": UNREPORTED,
    "report_is_a_folder": UNREPORTED,
    "report_is_a_symlink": UNREPORTED,
    "report_of_10_gb": (Outcome.FAILED, "load", "OSError: [Errno 27] File too large"),
    "stage_log_is_a_fifo": (Outcome.ERROR, None, ""),
    "dump_is_a_fifo": HARMLESS,
    "writes_its_own_report": UNREPORTED,
    "fork_bomb": (Outcome.FAILED, "load", "TooManyProcesses: over 64"),
    "fills_the_disk": (Outcome.FAILED, "save", "TooMuchDisk: over 64 MiB"),
    "fills_the_disk_with_removed_files": (Outcome.FAILED, "save", "TooMuchDisk: over 64 MiB"),
    "hides_files_beyond_paths": (Outcome.FAILED, "save", "TooMuchDisk: over 64 MiB"),
    "writes_a_file_without_end": (Outcome.FAILED, "save", "OSError: [Errno 27] File too large"),
    "writes_into_site_packages": HARMLESS,
    "writes_into_the_interpreter": HARMLESS,
    "reads_the_home_folder": HARMLESS,
    "reads_the_store": HARMLESS,
    "reads_the_checkout": HARMLESS,
    "reads_another_run_folder": HARMLESS,
    "looks_for_tokens": HARMLESS,
    "looks_for_keys": HARMLESS,
    "opens_a_socket_to_loopback": HARMLESS,
    "opens_an_abstract_socket": HARMLESS,
    "opens_a_socket_to_the_host": HARMLESS,
    "asks_the_network": HARMLESS,
    "escapes_by_daemonising": HARMLESS,
    "double_fork_outlives": HARMLESS,
    "ptraces_its_parent": HARMLESS,
    "prints_terminal_escapes": (Outcome.FAILED, "load", "ValueError: "),
    "raises_html": (Outcome.FAILED, "load", "ValueError: </pre><script>alert(1)</script>"),
    "raises_a_spreadsheet_formula": (Outcome.FAILED, "load", "=HYPERLINK(1): =cmd|"),
    "raises_a_name_with_newlines": (Outcome.FAILED, "load", "Fine\n"),
    "prints_without_end": (Outcome.TIMED_OUT, "train", "Timeout: over 5 s"),
    "eats_memory_in_many_processes": (Outcome.OUT_OF_MEMORY, "train", "OutOfMemory: over 300 MiB"),
    "ends_its_first_thread": (Outcome.OUT_OF_MEMORY, "train", "OutOfMemory: over 300 MiB"),
    "hides_memory_in_segments": HARMLESS,
    "hides_memory_in_a_memfd": (Outcome.OUT_OF_MEMORY, "train", "OutOfMemory: over 300 MiB"),
    "hides_memory_in_shared_memory": (Outcome.OUT_OF_MEMORY, "train", "OutOfMemory: over 300 MiB"),
    "ignores_sigterm_and_hangs": (Outcome.TIMED_OUT, "train", "Timeout: over 5 s"),
    "stops_itself": (Outcome.TIMED_OUT, "train", "Timeout: over 5 s"),
    "exits_through_os_exit": UNREPORTED,
    "replaces_sys_modules": HARMLESS,
    "closes_every_descriptor": HARMLESS,
    "mounts_something": HARMLESS,
    "makes_a_user_namespace": HARMLESS,
    "joins_other_namespaces": HARMLESS,
    "looks_for_the_hosts_namespaces": HARMLESS,
    "changes_the_kernels_settings": HARMLESS,
}
LIMITS = {
    "fork_bomb": {"processes": 64},
    "fills_the_disk": {"disk_mib": 64},
    "fills_the_disk_with_removed_files": {"disk_mib": 64},
    "hides_files_beyond_paths": {"disk_mib": 64},
    "writes_a_file_without_end": {"disk_mib": 64},
    "prints_without_end": {"timeout_s": 5.0},
    "eats_memory_in_many_processes": {"memory_mib": 300},
    "ends_its_first_thread": {"memory_mib": 300},
    "hides_memory_in_a_memfd": {"memory_mib": 300},
    "hides_memory_in_shared_memory": {"memory_mib": 300},
    "ignores_sigterm_and_hangs": {"timeout_s": 5.0},
    "stops_itself": {"timeout_s": 5.0},
}


KERNEL_ONLY = frozenset({"hides_memory_in_a_memfd", "hides_memory_in_shared_memory"})
"""What only a control group sees: memory that no process maps."""
TOTAL_MIB = 3072


class Host:
    """An environment that many share, a parent that forks, and what scenarios should not get at."""

    def __init__(self, folder, sandbox, isolation, facts):
        self.base, self.why_not = here()
        self.groups = RunGroup.create(self.base, total_mib=TOTAL_MIB) if self.base is not None else None
        sandbox = replace(sandbox, groups=self.groups)
        self.folder, self.sandbox, self.isolation, self.facts = folder, sandbox, isolation, facts
        self.python = make_python(folder / "environment", heavy="value = 1\n")
        self.before = contents(folder / "environment")
        self.stop = threading.Event()
        self.fork_servers = ForkServers(folder / "runs", limit=2, stop=self.stop, sandbox=sandbox)

    def run(self, name):
        return run_task(
            self.task(name),
            python=self.python,
            runs=self.folder / "runs",
            artifacts=Artifacts(folder=self.folder / "artifacts"),
            stop=self.stop,
            sandbox=self.sandbox,
            fork_servers=self.fork_servers if self.isolation == "fork" else None,
        )

    def task(self, name):
        script = read_script(SCENARIOS / f"{name}.py", problems=Problems())
        marks = tuple(replace(mark, line=mark.line + 1) for mark in script.marks)
        begin = None if script.parameters_from is None else script.parameters_from + 1
        header = replace(script.header, **{"timeout_s": 60.0, **LIMITS.get(name, {})})
        script = replace(script, text="import heavy\n" + script.text, marks=marks, header=header, parameters_from=begin)
        parameters = tuple((key, self.facts[key]) for key in self.facts if f"\n{key} = " in script.text)
        environment = replace(make_environment(variables={"MARK": str(self.folder)}), preload=("heavy",))
        cell = Cell(case=Case(scenario=name, parameters=parameters), environment=environment.id)
        return make_task(cell, script, environment, interpreter="cpython-3.11.0", caller_variables={})

    def left_over(self):
        """Return the processes that attempts in this host have left, but for its fork servers."""
        return [each for each in psutil.process_iter() if self._is_ours(each)]

    def _is_ours(self, process):
        with contextlib.suppress(psutil.Error, OSError):
            mine = process.environ().get("MARK") == str(self.folder) and "--serve" not in process.cmdline()
            return mine and process.status() != psutil.STATUS_ZOMBIE
        return False


def a_key():
    """Put a key into a keyring of this session; give its name, or none where there are no keyrings."""
    keyctl, add = {"x86_64": (250, 248), "aarch64": (219, 217)}.get(platform.machine(), (-1, -1))
    name, libc = f"harness-{os.urandom(8).hex()}", ctypes.CDLL(None)
    libc.syscall(keyctl, 1, None)
    added = libc.syscall(add, b"user", name.encode(), b"secret", 6, -3) > 0
    return name if added and libc.syscall(keyctl, 10, -3, b"user", name.encode(), 0) > 0 else ""


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """What a scenario looks for: a checkout, a store, a home, folders of other runs, a token, a key, listeners."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret").write_text("secret")
    (folder / "cache" / "runs").mkdir(parents=True)
    (folder / "attempts.sqlite").write_text("attempts")
    token = f"token-{os.urandom(8).hex()}"
    abstract = f"harness-{os.urandom(8).hex()}"
    os.environ["SOME_SERVICES_TOKEN"] = token
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"\0{abstract}")
        unix.listen()
        yield {
            "home": str(folder),
            "cache": str(folder / "cache"),
            "runs": str(folder / "cache" / "runs"),
            "checkout": str(Path(__file__).parents[2]),
            "namespaces": " ".join(Path("/proc/self/ns", each).readlink().name for each in NAMESPACES),
            "store": str(folder / "attempts.sqlite"),
            "token": token,
            "key": a_key(),
            "port": listener.getsockname()[1],
            "name": abstract,
        }
    del os.environ["SOME_SERVICES_TOKEN"]


@pytest.fixture(scope="module", params=[SandboxBackend.BUBBLEWRAP, SandboxBackend.NAMESPACES], ids=str)
def sandbox(request):
    return sandbox_of(request.param)


@pytest.fixture(scope="module", params=["fork", "process"])
def host(request, tmp_path_factory, sandbox, facts):
    if request.param == "fork" and not sandbox.forks:
        pytest.skip(f"{sandbox.alone} cannot contain forks here, so there are none")
    host = Host(tmp_path_factory.mktemp("host"), sandbox, request.param, facts)
    yield host
    host.fork_servers.close()
    if host.groups is not None:
        host.groups.close()
        assert not host.groups.memory.exists()
    assert host.left_over() == []


def test_every_scenario_has_its_outcome_in_the_table():
    assert {path.stem for path in SCENARIOS.glob("*.py")} == {*EXPECTED, "innocent"}
    assert len(EXPECTED) >= 25


@pytest.mark.parametrize("name", EXPECTED)
def test_hostile_scenario_gets_its_outcome_and_harms_nobody(host, name):
    if name in KERNEL_ONLY and host.groups is None:
        pytest.skip(f"only a control group sees this memory, and none can be created here: {host.why_not}")
    with ThreadPoolExecutor(1) as neighbours:
        neighbour = neighbours.submit(host.run, "innocent")
        attempt = host.run(name)
        beside = neighbour.result()
    after = host.run("innocent")
    outcome, stage, error = EXPECTED[name]
    seen = (attempt.outcome, attempt.stage, attempt.error[: len(error)])
    assert seen == (outcome, stage, error), (attempt.error, attempt.reason, attempt.evidence.stderr[-2000:])
    assert attempt.sandbox != "none"
    for innocent in (beside, after):
        assert (innocent.outcome, innocent.isolation) == (Outcome.PASSED, host.isolation), innocent.evidence
    assert contents(host.folder / "environment") == host.before
    assert host.left_over() == []
    assert list((host.folder / "runs").glob("attempt-*")) == []


def test_several_hostile_scenarios_at_once_stay_within_the_limits_of_the_run(host):
    """Each of them is below its own limits; together they once took the memory of the whole machine."""
    if host.groups is None:
        pytest.skip(f"no control group can be created here: {host.why_not}")
    names = ["fork_bomb", "eats_memory_in_many_processes", "fork_bomb", "hides_memory_in_a_memfd"]
    with ThreadPoolExecutor(len(names)) as attackers:
        attempts = list(attackers.map(host.run, names))
    for name, attempt in zip(names, attempts, strict=True):
        assert (attempt.outcome, attempt.stage, attempt.error) == EXPECTED[name], attempt.reason
    assert host.groups.peak_mib() <= TOTAL_MIB
    assert host.groups.peak_tasks() <= 2 * task_limit(64, os.cpu_count()) + 2 * task_limit(128, os.cpu_count())
    assert host.left_over() == []
