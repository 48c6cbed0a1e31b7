"""The fork server: a process that imports the first modules of many scripts once, and is forked for each attempt.

The first process is the zygote: it imports the module that all scripts import first. Fork servers are forked from it.
They import what else some scripts import, in their order, and fork a child for each attempt. Each process receives
messages from a socket of its own.

Loaded by the worker, by path: standard library only, Python 3.6 or newer, Linux.
"""

import array
import errno
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from typing import Any, Dict, List, Optional, Tuple

    from harness.guest import failures, fork_tuning, process_facts, process_setup, shared_folder
    from harness.guest.worker import load

    Message = Dict[str, Any]
    First = Tuple[int, Tuple[int, int]]
else:
    failures = load("failures.py")
    fork_tuning = load("fork_tuning.py")
    shared_folder = load("shared_folder.py")
    process_facts = load("process_facts.py")
    process_setup = load("process_setup.py")

LONGEST_MESSAGE = 1 << 16
MOST_DESCRIPTORS = 4  # two for output, and one or two control groups to join


def serve(descriptor: int) -> "Tuple[Optional[str], int]":
    """Import what the first message asks for. Then fork a child for each attempt, and each fork server asked for.

    In a child, return (path of the request, process to end with). At the end of a zygote or fork server, return
    (None, NOBODY). A child leaves by returning, so the interpreter ends as after any script. Before that, only imports
    and prepare scripts of the project run, and no thread is left.
    """
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    wanted, _ = receive(channel)
    if wanted is None:
        return None, process_setup.NOBODY
    tuning = fork_tuning.ForkTuning(wanted["tuning_off"])
    tuning.use_batch_scheduling()
    process_setup.die_with_parent(wanted["parent"])
    namespaces = load("namespaces.py") if wanted["sandboxed"] else None
    process_facts.python_facts()  # before all imports, as in any process; `platform` caches it
    own = set(sys.modules)
    tuning.keep_modules_at_exit()
    own_folder = wanted["own"]
    before: "shared_folder.Contents" = {}
    is_zygote = True
    message: "Optional[Message]" = wanted
    while message is not None:
        forks = os.getpid()
        try:
            send(channel, begun=True)
            if is_zygote:
                tuning.postpone_collection()
            answer = do_imports(message, own_folder, before, tuning)
            if is_zygote:
                tuning.resume_collection()
            else:
                tuning.note_versions(own)
                tuning.hold_references()
            tuning.freeze_objects()
            if not is_zygote and message["many"]:
                tuning.collapse_pages()
            send(channel, **answer)
            if not answer["ready"]:
                break
            message, descriptors, first = fork_when_asked(channel, namespaces, tuning)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            break  # nobody can ask any more
        if message is None:
            break
        if "request" in message:
            return become_child(message, descriptors, forks, first, namespaces)
        is_zygote = False
        process_setup.die_with_parent(process_setup.NOBODY if namespaces else forks)
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptors[0])
    return None, process_setup.NOBODY


def do_imports(
    wanted: "Message", folder: str, before: "shared_folder.Contents", tuning: fork_tuning.ForkTuning
) -> "Message":
    """Import modules, access some of their attributes, run prepare scripts. Return the answer for the harness.

    `before` are the files that the zygote's imports left in the folder that it shares with its fork servers. Each fork
    server starts with these. In the zygote it is empty, and filled.
    """
    answer: "Message" = {"ready": True, "error": None}
    try:
        if before:
            shared_folder.restore(folder, before)
        for name in wanted["modules"]:
            __import__(name)
        for name in wanted["touched"]:
            thing: "Any" = sys.modules[name.partition(".")[0]]
            for attribute in name.split(".")[1:]:
                thing = getattr(thing, attribute)
        for module, path, name in wanted["prepare"]:
            if module in sys.modules:
                run_prepare_script(path, name, tuning)
        if not before:
            before.update(shared_folder.contents_of(folder))
        present = [name for name in wanted["absent"] if name in sys.modules]
        if present:
            answer = {"ready": False, "error": "%s is imported with it" % ", ".join(present)}
    except BaseException as error:
        answer = {"ready": False, "error": "%s: %s" % (type(error).__name__, failures.shorten(str(error)))}
    return answer


def run_prepare_script(path: str, name: str, tuning: fork_tuning.ForkTuning) -> None:
    """Run a script that creates once what each child would create. Raises RuntimeError if it leaves threads running."""
    before = count_threads()
    with open(path, "rb") as stream:
        code = compile(stream.read(), path, "exec")
    collects = tuning.stop_collection()
    try:
        exec(code, {"__name__": "prepare", "__file__": path})
    except Exception as error:
        raise RuntimeError("%s: %s: %s" % (name, type(error).__name__, error))
    finally:
        tuning.start_collection(collects)
    if count_threads() > before:
        raise RuntimeError("%s leaves threads running, which no fork has" % name)


def count_threads() -> int:
    """Count the threads of this process, including those of libraries."""
    return len(os.listdir("/proc/self/task"))


def fork_when_asked(
    channel: socket.socket, namespaces: "Optional[types.ModuleType]", tuning: fork_tuning.ForkTuning
) -> "Tuple[Optional[Message], List[int], Optional[First]]":
    """Fork for each message. In the fork, return the message, its descriptors, and `first` of `fork`.

    Report the start and the end of each attempt. In the forking process, return (None, [], None) after the last
    message. Raises OSError.
    """
    attempts: "Dict[int, Tuple[str, Optional[int]]]" = {}  # by process id: id of the attempt, status pipe
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    handler = signal.signal(signal.SIGCHLD, lambda number, frame: None)
    woken = signal.set_wakeup_fd(wake_write)
    sources: "List[Any]" = [channel, wake_read]
    while True:
        ready = select.select(sources, [], [])[0]
        if wake_read in ready:
            drain(wake_read)
            for pid, status in ended_children():
                if pid in attempts:
                    id, pipe = attempts.pop(pid)
                    if pipe is not None and namespaces is not None:
                        status = namespaces.read_status(pipe, status)
                    send(channel, id=id, status=-os.WTERMSIG(status) if os.WIFSIGNALED(status) else status >> 8)
        if channel not in ready:
            continue
        message, descriptors = receive(channel)
        if message is None:
            return None, [], None
        pid, pipe, first = fork(namespaces if "request" in message else None, tuning)
        if pid == 0:
            signal.set_wakeup_fd(woken)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL if handler is None else handler)
            for each in [wake_read, wake_write] + [pipe for _, pipe in attempts.values() if pipe is not None]:
                os.close(each)
            if "request" in message:
                send(channel, id=message["id"], started=True, first=first is not None)
            channel.close()
            return message, descriptors, first
        if "request" in message:
            attempts[pid] = message["id"], pipe
        for each in descriptors:
            os.close(each)


def fork(
    namespaces: "Optional[types.ModuleType]", tuning: fork_tuning.ForkTuning
) -> "Tuple[int, Optional[int], Optional[First]]":
    """Fork. For an attempt in a sandbox, fork into new namespaces directly if possible.

    Return (pid, descriptor of its status pipe or None, None); in the child (0, None, `first` for `enter_own_sandbox`).
    """
    if namespaces is not None and tuning.clones_directly() and count_threads() == 1:
        try:
            cloned: "Tuple[int, Optional[int], Optional[First]]" = namespaces.clone_into_namespaces()
            return cloned
        except OSError:
            pass  # `enter_own_sandbox` tries another way, or reports why it fails
    return os.fork(), None, None


def become_child(
    message: "Message",
    descriptors: "List[int]",
    parent: int,
    first: "Optional[First]",
    namespaces: "Optional[types.ModuleType]",
) -> "Tuple[str, int]":
    """Set up a fork like a new process: its own group, output, folder, variables and random state."""
    for group in descriptors[2:]:
        os.write(group, b"0")  # joins the control group: its limits hold from here on
        os.close(group)
    os.setsid()
    for descriptor, standard in zip(descriptors[:2], (1, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    if namespaces is not None:
        namespaces.enter_own_sandbox(message["nest"], parent, first)
        parent = process_setup.NOBODY
    os.chdir(message["cwd"])
    os.environ.clear()
    os.environ.update(message["env"])
    tempfile.tempdir = None
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    return message["request"], parent


def send(channel: socket.socket, **message: "Any") -> None:
    """Send a message. The kernel adds the process id of the sender, as the receiver sees it."""
    channel.send(json.dumps(message).encode("utf-8"))


def receive(channel: socket.socket) -> "Tuple[Optional[Message], List[int]]":
    """Receive a message and its descriptors; (None, []) at the end."""
    descriptors = array.array("i")
    space = socket.CMSG_SPACE(MOST_DESCRIPTORS * descriptors.itemsize)
    data, ancillary, _, _ = channel.recvmsg(LONGEST_MESSAGE, space)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return (json.loads(data.decode("utf-8")) if data else None), list(descriptors)


def drain(descriptor: int) -> None:
    """Empty a pipe."""
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        pass


def ended_children() -> "List[Tuple[int, int]]":
    """Return (pid, wait status) of the children that ended."""
    ended: "List[Tuple[int, int]]" = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))
