"""What a contained process sees and may do, in each sandbox backend."""

import os
import socket
import sys
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.process import child
from harness.sandbox.backends import NO_SANDBOX, Sandbox, SandboxBackend, find_sandbox, require
from harness.sandbox.policy import Bind, SandboxView, System, python_binds

PYTHON = Path(sys.executable)


@pytest.fixture
def contained(sandbox, tmp_path):
    """Run Python code contained; give what it printed."""

    def run(code, **options):
        binds = (*python_binds(PYTHON), *options.pop("binds", ()))
        command = sandbox.command(SandboxView(binds=binds, **options), [PYTHON, "-c", code])
        ended = child.run(command, env={"GIVEN": "yes"}, cwd=tmp_path, timeout_s=60)
        assert ended.status == 0, ended.stderr.decode()
        return ended.stdout.decode().strip()

    return run


def test_sees_its_own_variables_and_no_others(contained, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    seen = contained("""
import glob, os
for path in ["/proc/self/environ", *glob.glob("/proc/*/environ")]:
    try:
        print(open(path).read())
    except PermissionError:
        pass
""")
    assert "GIVEN=yes" in seen
    assert "hunter2" not in seen


def test_sees_no_other_process(contained):
    pids = contained("import os; print(*(each for each in os.listdir('/proc') if each.isdigit()))").split()
    assert len(pids) <= 3


def test_sees_nothing_of_the_disk_but_what_it_is_given(contained, tmp_path):
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "file").write_text("content")
    (tmp_path / "hidden").write_text("secret")
    shown = Bind(source=tmp_path / "shown", target="/shown")
    assert contained("import os; print(open('/shown/file').read())", binds=[shown]) == "content"
    assert contained(f"import os; print(os.path.exists({str(tmp_path / 'hidden')!r}))", binds=[shown]) == "False"
    here = Bind(source=tmp_path / "shown")
    assert contained(f"import os; print(os.listdir({str(tmp_path)!r}))", binds=[here]) == "['shown']"


WRITES = """
for path in {paths!r}:
    try:
        open(path, "w").close()
        print("wrote", path)
    except OSError:
        pass
"""


def test_writes_only_where_it_may(contained, tmp_path):
    given, writable = tmp_path / "given", tmp_path / "writable"
    given.mkdir()
    writable.mkdir()
    binds = [Bind(source=given, target="/given"), Bind(source=writable, target="/writable", writable=True)]
    paths = ["/x", "/usr/x", "/etc/x", "/etc/passwd", "/dev/x", "/proc/sys/kernel/core_pattern", "/given/x"]
    paths += [f"{each.place}/x" for each in python_binds(PYTHON)]
    assert contained(WRITES.format(paths=[*paths, "/writable/x"]), binds=binds) == "wrote /writable/x"
    assert (writable / "x").exists()


def test_reaches_no_listener_of_the_host(contained):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""
        assert contained(code) == "ConnectionRefusedError"
        assert contained(code, network=True) == "connected"


def test_has_a_loopback_of_its_own(contained):
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), timeout=5).close()
    print(socket.gethostname())
"""
    assert contained(code) == "harness"


def test_reaches_no_abstract_socket_of_the_host(contained):
    name = f"\0harness-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        code = f"import socket\ns = socket.socket(socket.AF_UNIX)\nprint(s.connect_ex({name!r}))"
        assert contained(code) != "0"


def test_has_no_power_and_gets_none(contained):
    code = """
import ctypes, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print({status[name].strip() for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}, status["NoNewPrivs"].strip())
libc = ctypes.CDLL(None)
print(libc.unshare(0x10000000), libc.mount(b"x", b"/dev/shm", b"tmpfs", 0, None), os.getuid())
"""
    assert contained(code).splitlines() == ["{'0000000000000000'} 1", "-1 -1 1000"]


def test_what_every_program_expects_is_there(contained):
    code = """
import getpass, multiprocessing, os, pwd, ssl, tempfile
assert ssl.create_default_context().get_ca_certs() or not os.path.exists("/etc/ssl/certs")
multiprocessing.Lock()
open("/dev/null", "w").write("x")
assert len(os.urandom(4)) == 4 and open("/dev/urandom", "rb").read(1)
master, slave = os.openpty()
print(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name, os.cpu_count())
"""
    assert contained(code) == f"scenario scenario {os.cpu_count()}"


def test_changes_no_device(contained, sandbox):
    """It is shown those of the machine, and run by root it owns them."""
    if os.geteuid() == 0 and sandbox.alone is SandboxBackend.BUBBLEWRAP:
        pytest.skip("bubblewrap cannot show root devices that it cannot change: root is given namespaces")
    code = """
import os
for name in ("null", "zero", "full", "random", "urandom", "tty"):
    try:
        os.utime("/dev/" + name)
        os.chmod("/dev/" + name, 0o666)
        print(name)
    except OSError:
        pass
with open("/dev/null", "w") as null, open("/dev/zero", "rb") as zero:
    null.write("nothing")
    print(zero.read(2))
"""
    assert contained(code) == r"b'\x00\x00'"


def test_shared_memory_has_a_limit(contained):
    assert int(contained("import os; s = os.statvfs('/dev/shm'); print(s.f_blocks * s.f_frsize)")) == 1 << 30


def test_hides_folders_that_lie_among_the_systems(contained):
    folder = Path("/usr/share")
    assert contained(f"import os; print(os.listdir({str(folder)!r}))", hidden=[folder]) == "[]"
    assert contained("import os; print(os.access('/usr/share', os.W_OK))", hidden=[folder]) == "False"


def test_its_end_is_the_end_of_all_that_it_started(sandbox, tmp_path):
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    code = (
        "import os\nif os.fork() == 0:\n    os.setsid()\n    open('/w/alive', 'w')\n    import time; time.sleep(600)\n"
    )
    view = SandboxView(binds=(*python_binds(PYTHON), Bind(source=tmp_path, target="/w", writable=True)), cwd="/w")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    ended = child.run(sandbox.command(view, [PYTHON, "-c", code]), env={}, cwd=tmp_path, timeout_s=60)
    assert (ended.status, ended.timed_out) == (0, False)
    assert os.read(reader, 1) == b"", "somebody still holds the pipe"
    os.close(reader)


def test_required_containment_that_cannot_be_had_says_what_to_do():
    with pytest.raises(HarnessError, match=r"no such thing") as caught:
        require(Sandbox(why_not="no such thing"))
    assert "bubblewrap" in str(caught.value)


def test_without_means_nothing_is_changed(monkeypatch):
    assert NO_SANDBOX.command(SandboxView(), ["echo", "x"]) == ["echo", "x"]


def test_bubblewrap_is_taken_first_but_not_by_root(monkeypatch):
    both = [
        find_sandbox(os.environ, only=each).contains for each in (SandboxBackend.BUBBLEWRAP, SandboxBackend.NAMESPACES)
    ]
    if not all(both):
        pytest.skip("only one of the two works here")
    for user, backend in ((1000, SandboxBackend.BUBBLEWRAP), (0, SandboxBackend.NAMESPACES)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert find_sandbox(os.environ).alone is backend


def test_bubblewrap_that_does_not_work_gives_way(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # root does not begin with it
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    found = find_sandbox({"PATH": str(tmp_path)})
    assert found.alone is not SandboxBackend.BUBBLEWRAP
    assert "bubblewrap: bwrap: setting up uid map: Permission denied" in found.why_not


def test_an_interpreter_among_the_systems_needs_no_place_of_its_own():
    assert python_binds(Path("/usr/bin/python3")) == ()
    assert "/usr" in {each.place for each in System.here().binds}


@pytest.mark.parametrize("prefix", ["", ".local"])
def test_of_an_interpreter_in_the_home_folder_only_its_own_folders_are_seen(tmp_path, monkeypatch, prefix):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    base = tmp_path / prefix
    for name in ("bin", "lib", "share/keyrings", "mail"):
        (base / name).mkdir(parents=True)
    (base / "bin" / "python3").write_text("")
    assert [each.place for each in python_binds(base / "bin" / "python3")] == [str(base / "bin"), str(base / "lib")]


def test_a_folder_is_hidden_also_where_a_link_leads_to_it(tmp_path):
    (tmp_path / "usr" / "cache").mkdir(parents=True)
    (tmp_path / "cache").symlink_to(tmp_path / "usr" / "cache")
    system = System(binds=(Bind(source=tmp_path / "usr"),), links=())
    assert SandboxView(hidden=[tmp_path / "cache"], system=system).covered == [str(tmp_path / "usr" / "cache")]
