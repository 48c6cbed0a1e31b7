"""Which control groups can be used, for every layout that systems have."""

import pytest

from harness.cgroups.layout import (
    Base,
    Events,
    Files,
    Mechanism,
    Over,
    find_base,
    find_kill_counter,
    judge_events,
    task_limit,
)
from harness.model import Header

PID = 4711
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
HYBRID = "9:name=systemd:/\n8:pids:/user.slice\n4:memory:/user.slice/one\n0::/user.slice\n"
BOTH = "cpu io memory pids\n"


def look(texts, writable=()):
    """Read a system with these files, where this process may write to those."""
    writable = set(writable)
    return find_base(Files(read=texts.get, may_write=lambda path: path in writable, pid=PID))


def v2(path="/", *, controllers=BOTH, enabled="", procs=f"{PID}\n", folder=None, mount=V2_MOUNT):
    folder = folder or f"/sys/fs/cgroup{path}".rstrip("/")
    return {
        "/proc/self/cgroup": f"0::{path}\n",
        "/proc/self/mountinfo": mount,
        f"{folder}/cgroup.controllers": controllers,
        f"{folder}/cgroup.subtree_control": enabled,
        f"{folder}/cgroup.procs": procs,
    }


def files_of(folder):
    return [folder, f"{folder}/cgroup.procs", f"{folder}/cgroup.subtree_control"]


SCOPE = "/user.slice/user@1000.service/app.slice/run-1.scope"


@pytest.mark.parametrize(
    ("texts", "must_move", "folder"),
    [
        pytest.param(v2(SCOPE), True, f"/sys/fs/cgroup{SCOPE}", id="a delegated scope of its own"),
        pytest.param(v2(SCOPE, enabled=BOTH), False, f"/sys/fs/cgroup{SCOPE}", id="controllers are enabled already"),
        pytest.param(v2(enabled=BOTH, procs="1\n2\n"), False, "/sys/fs/cgroup", id="the root of all groups"),
        pytest.param(
            {**v2(SCOPE, enabled=BOTH), "/proc/self/cgroup": f"0::{SCOPE}/harness-main\n"},
            False, f"/sys/fs/cgroup{SCOPE}", id="this process has moved to a leaf before",
        ),
        pytest.param(
            v2("/docker/abc", folder="/sys/fs/cgroup", mount=V2_MOUNT.replace(" / ", " /docker/abc ")),
            True, "/sys/fs/cgroup", id="a container that sees only its own group",
        ),
        pytest.param(v2("/../other", folder="/sys/fs/cgroup"), True, "/sys/fs/cgroup", id="outside of its namespace"),
    ],
)  # fmt: skip
def test_v2_is_used_where_it_is_delegated(texts, must_move, folder):
    base = Base(mechanism=Mechanism.CGROUP_V2, memory=folder, pids=folder, must_move=must_move)
    assert look(texts, files_of(folder)) == (base, "")


@pytest.mark.parametrize(
    ("texts", "writable", "why_not"),
    [
        pytest.param(v2(SCOPE), [], "is not delegated to this user", id="not delegated"),
        pytest.param(
            v2(SCOPE), files_of(f"/sys/fs/cgroup{SCOPE}")[:1], "is not delegated to this user", id="only its folder"
        ),
        pytest.param(
            v2(SCOPE, controllers="pids"), files_of(f"/sys/fs/cgroup{SCOPE}"), "has no memory controller", id="no memory"
        ),
        pytest.param(
            v2(SCOPE, procs="1\n4711\n"), files_of(f"/sys/fs/cgroup{SCOPE}"), "other processes run in", id="shared"
        ),
        pytest.param({}, [], "no cgroup file system is mounted", id="none"),
        pytest.param(
            {"/proc/self/cgroup": "3:cpu:/\n", "/proc/self/mountinfo": V1_MOUNTS}, [], "not available", id="only cpu"
        ),
        pytest.param(
            {"/proc/self/cgroup": HYBRID, "/proc/self/mountinfo": V1_MOUNTS}, [], "no permission", id="v1, not root"
        ),
        pytest.param(
            {"/proc/self/cgroup": HYBRID, "/proc/self/mountinfo": V2_MOUNT}, [], "is not mounted", id="v1, not mounted"
        ),
        pytest.param(
            {
                "/proc/self/cgroup": HYBRID, "/proc/self/mountinfo": V1_MOUNTS,
                "/sys/fs/cgroup/memory/user.slice/one/memory.use_hierarchy": "0\n",
            },
            ["/sys/fs/cgroup/memory/user.slice/one", "/sys/fs/cgroup/pids/user.slice"], "use_hierarchy is off",
            id="v1 without hierarchy",
        ),
    ],
)  # fmt: skip
def test_where_no_group_can_be_created_the_reason_is_given(texts, writable, why_not):
    base, reason = look(texts, writable)
    assert base is None
    assert why_not in reason


def test_v1_and_hybrid_use_the_v1_hierarchies_of_memory_and_pids():
    texts = {"/proc/self/cgroup": HYBRID, "/proc/self/mountinfo": V1_MOUNTS}
    memory, pids = "/sys/fs/cgroup/memory/user.slice/one", "/sys/fs/cgroup/pids/user.slice"
    assert look(texts, [memory, pids]) == (Base(mechanism=Mechanism.CGROUP_V1, memory=memory, pids=pids), "")


def test_v1_in_a_container_counts_paths_from_what_is_mounted():
    mounts = V1_MOUNTS.replace("0:32 / ", "0:32 /docker/abc ").replace("0:36 / ", "0:36 /docker/abc ")
    texts = {"/proc/self/cgroup": "8:pids:/docker/abc\n4:memory:/docker/abc/one\n", "/proc/self/mountinfo": mounts}
    memory, pids = "/sys/fs/cgroup/memory/one", "/sys/fs/cgroup/pids"
    assert look(texts, [memory, pids]) == (Base(mechanism=Mechanism.CGROUP_V1, memory=memory, pids=pids), "")


@pytest.mark.parametrize(
    ("events", "over"),
    [
        pytest.param(Events(), None, id="nothing"),
        pytest.param(Events(own_limit=3, run_limit=2), None, id="memory was reclaimed in time"),
        pytest.param(Events(killed=1, own_limit=1), Over.MEMORY, id="its own limit"),
        pytest.param(Events(killed=1, run_limit=1), Over.MACHINE, id="the limit of the run"),
        pytest.param(Events(killed=1), Over.MACHINE, id="the machine"),
        pytest.param(Events(killed=2, own_limit=1, run_limit=1), Over.MACHINE, id="both: nobody can tell"),
        pytest.param(Events(refused=1), Over.PROCESSES, id="too many processes"),
        pytest.param(Events(killed=1, own_limit=1, refused=9), Over.MEMORY, id="memory comes first"),
    ],
)
def test_only_a_kill_at_its_own_limit_is_the_scripts_own_doing(events, over):
    assert judge_events(events) is over


def test_the_default_limits_fit_each_other():
    """So many processes of 64 MiB fit the memory limit: a fork bomb of bare Pythons hits the process limit first."""
    header = Header()
    assert header.processes * 64 <= header.memory_mib
    assert task_limit(header.processes, 2) * 8 <= header.memory_mib


@pytest.mark.parametrize(
    ("texts", "counter"),
    [
        pytest.param(
            {
                "/proc/self/cgroup": HYBRID,
                "/proc/self/mountinfo": V1_MOUNTS,
                "/sys/fs/cgroup/memory/user.slice/one/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            },
            "/sys/fs/cgroup/memory/user.slice/one/memory.oom_control",
            id="v1",
        ),
        pytest.param(
            {**v2(SCOPE), f"/sys/fs/cgroup{SCOPE}/memory.events.local": "low 0\noom 1\noom_kill 1\n"},
            f"/sys/fs/cgroup{SCOPE}/memory.events.local",
            id="v2",
        ),
        pytest.param(v2(SCOPE), None, id="v2 without the counter"),
        pytest.param(
            {
                "/proc/self/cgroup": HYBRID,
                "/proc/self/mountinfo": V1_MOUNTS,
                "/sys/fs/cgroup/memory/user.slice/one/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n",
            },
            None,
            id="an old kernel does not count",
        ),
        pytest.param({}, None, id="no group"),
    ],
)
def test_kills_are_counted_in_the_group_of_this_process(texts, counter):
    assert find_kill_counter(Files(read=texts.get, may_write=lambda path: False, pid=PID)) == counter
