"""Makes of the worker a process that imports what many scripts begin with, and is forked for each attempt.

First there is a root: it imports the module that all of them import first. Of it parents are forked, which go on to
import what else some scripts begin with, in the order of these. Of a parent children are forked, which run an attempt
each. All take messages from a socket of their own.

A separate species, like the worker, which loads it by path: standard library only, any Python from 3.6 up, Linux.
"""

import array
import atexit
import errno
import gc
import json
import os
import platform
import random
import select
import signal
import socket
import stat
import sys
import tempfile
import types

LONGEST_MESSAGE = 1 << 16
MOST_DESCRIPTORS = 4  # two for output, and one or two control groups to join
MADV_COLLAPSE = 25
HUGE = 2 << 20  # bytes
MOST_LEFT = 64 << 20  # bytes


def serve(descriptor, worker):
    """Do what the first message asks for, then fork a child for each attempt and a parent for each branch asked for.

    Gives (path of the request, process to die with) in a child, and (None, None) in the others at their end. A child
    leaves by returning, so that the interpreter ends as it does after any script. Nothing but imports, and what the
    project has to prepare them for many scripts, is ever executed before that, and no thread is left.
    """
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    wanted = receive(channel)[0]
    worker.die_with(wanted["parent"])
    containment = worker.load(wanted["containment"]) if wanted["containment"] else None
    worker.python_facts()  # asked before all imports, as in any process; what it takes to know them is kept
    own = set(sys.modules)
    unchanged = []
    atexit.register(set_aside, unchanged, sys.modules)  # what is registered first is done last
    own_folder, left = wanted["own"], {}
    root = True
    while wanted:
        forks = os.getpid()
        try:
            say(channel, begun=True)
            if root:
                put_off_collecting()
            answer = do_imports(wanted, own_folder, left, worker)
            if root:
                collect_again()
                leave_alone()
            else:
                unchanged.extend(module for module in with_versions() if module[0] not in own)
                leave_to_children()
                if wanted["many"]:
                    gather_pages()
            say(channel, **answer)
            message, descriptors, first = fork_when_asked(channel, containment) if answer["ready"] else (None, [], None)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            message = None  # nobody is there any more who could ask
        if message is None:
            break
        if "request" in message:
            return become_child(message, descriptors, forks, first, containment, worker)
        root = False
        worker.die_with(worker.NOBODY if containment else forks)
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptors[0])
        wanted = message
    return None, None


def do_imports(wanted, folder, left, worker):
    """Import modules, use some of their attributes, run what prepares them; give the answer that says how it went.

    `left` is what the root's imports left in the folder that it shares with its parents, where none of these is to find
    what another's have left; in the root itself it is still empty, and filled.
    """
    answer = {"ready": True, "error": None}
    try:
        if left:
            put_back(folder, left)
        for name in wanted["modules"]:
            __import__(name)
        for name in wanted["touched"]:
            thing = sys.modules[name.partition(".")[0]]
            for attribute in name.split(".")[1:]:
                thing = getattr(thing, attribute)
        for module, path, name in wanted["prepare"]:
            if module in sys.modules:
                prepare(path, name)
        if not left:
            left.update(left_in(folder))
        present = [name for name in wanted["absent"] if name in sys.modules]
        if present:
            answer = {"ready": False, "error": "%s is imported with it" % ", ".join(present)}
    except BaseException as error:
        answer = {"ready": False, "error": "%s: %s" % (type(error).__name__, worker.shorten(str(error)))}
    return answer


def left_in(folder):
    """Return the entries of a folder by path: a file's bytes, a link's target, None for a folder."""
    found, size = {}, 0
    for top, folders, files in os.walk(folder):
        for path in (os.path.join(top, name) for name in folders + files):
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode):
                size += status.st_size
                if size > MOST_LEFT:
                    raise ValueError("it leaves more than %d MiB behind" % (MOST_LEFT >> 20))
                with open(path, "rb") as stream:
                    found[path] = stream.read()
            elif stat.S_ISDIR(status.st_mode):
                found[path] = None
            else:
                found[path] = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
    return found


def put_back(folder, before):
    """Have in a folder what was in it before, and nothing else; what has not changed is left alone."""
    now = left_in(folder)
    same = {path for path in now if path in before and now[path] == before[path]}
    for path in sorted(set(now) - same, reverse=True):  # what is in a folder goes before it
        (os.rmdir if now[path] is None else os.unlink)(path)
    for path in sorted(set(before) - same):
        if before[path] is None:
            os.mkdir(path)
        elif isinstance(before[path], bytes):
            with open(path, "wb") as stream:
                stream.write(before[path])
        elif before[path]:
            os.symlink(before[path], path)


def prepare(path, name):
    """Run a script that makes here what each child would make anew, and that may leave nothing running."""
    before = threads()
    with open(path, "rb") as stream:
        code = compile(stream.read(), path, "exec")
    if hasattr(gc, "unfreeze"):
        gc.unfreeze()  # it may look for objects, as in any process
    collects = gc.isenabled()
    gc.disable()  # nothing that is there by now is garbage, and it would be looked at again and again
    try:
        exec(code, {"__name__": "prepare", "__file__": path})
    except Exception as error:
        raise RuntimeError("%s: %s: %s" % (name, type(error).__name__, error))
    finally:
        if collects:
            gc.enable()
    if threads() > before:
        raise RuntimeError("%s leaves threads running, which no fork has" % name)


def threads():
    """Count the threads of this process, those of libraries too; there is a way on Linux only, as there are parents."""
    return len(os.listdir("/proc/self/task"))


def fork_when_asked(channel, containment):
    """Fork for each message: returns it, in the fork, with the descriptors that came with it and what `fork` gave.

    Tells of each attempt that it has begun, and how it ended. Returns (None, [], None) in the process that forks, when
    there will be no more messages. Raises OSError.
    """
    attempts = {}  # their ids, and where their ends are told
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    handler = signal.signal(signal.SIGCHLD, lambda number, frame: None)
    woken = signal.set_wakeup_fd(wake_write)
    while True:
        ready = select.select([channel, wake_read], [], [])[0]
        if wake_read in ready:
            drain(wake_read)
            for pid, status in ended_children():
                if pid in attempts:
                    id, told = attempts.pop(pid)
                    status = status if told is None else containment.read_status(told, status)
                    say(channel, id=id, status=-os.WTERMSIG(status) if os.WIFSIGNALED(status) else status >> 8)
        if channel not in ready:
            continue
        message, descriptors = receive(channel)
        if message is None:
            return None, [], None
        pid, told, first = fork(containment if "request" in message else None)
        if pid == 0:
            signal.set_wakeup_fd(woken)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL if handler is None else handler)
            for each in [wake_read, wake_write] + [told for _, told in attempts.values() if told is not None]:
                os.close(each)
            if "request" in message:
                say(channel, id=message["id"], started=True, first=first is not None)
            channel.close()
            return message, descriptors, first
        if "request" in message:
            attempts[pid] = message["id"], told
        for each in descriptors:
            os.close(each)


def fork(containment):
    """Fork. For an attempt in a sandbox, fork into new namespaces at once, where that is possible.

    Return (pid, descriptor of its status pipe or None, None); in the child (0, None, `first` for `enter_own_sandbox`).
    """
    if containment is not None and threads() == 1:
        try:
            return containment.clone_into_namespaces()
        except OSError:
            pass  # the long way may do, or else say why it does not
    return os.fork(), None, None


def leave_to_children():
    """Put what is there now beyond the reach of each child's garbage collector, and of the child's end.

    The collector would look at every object of the imports, at least once as the child ends, and so make the child a
    copy of every page of them: as much work as most scripts are. None of them is garbage, since that has just been
    collected.

    Nor are they taken apart, one by one, as the child ends and modules let go of what they have: something holds them
    that nothing but itself holds, and that the collector does not find. What a script makes is taken apart as ever.
    """
    modules = [module for module in sys.modules.values() if issubclass(type(module), types.ModuleType)]
    # Asked otherwise, a module that loads itself when it is first used would do so now.
    held = [list(object.__getattribute__(module, "__dict__").values()) for module in modules]
    # The interpreter empties each module that is left over, and with it lets go of what a script put there.
    held += [modules, held]
    leave_alone()


def put_off_collecting():
    """Have the garbage collector find nothing to look at as it begins: of imports, more and more is there to be seen.

    To switch it off, or to set it otherwise, would be seen by what is imported, and undone what that sets itself.
    """
    if hasattr(gc, "freeze"):  # since Python 3.7
        gc.callbacks.append(freeze_all)


def freeze_all(phase, info):
    """Put what is there beyond the collector's reach, just before it collects."""
    if phase == "start":
        gc.freeze()


def collect_again():
    """Have the collector look at all there is."""
    if freeze_all in gc.callbacks:
        gc.callbacks.remove(freeze_all)
    if hasattr(gc, "unfreeze"):
        gc.unfreeze()


def leave_alone():
    """Collect what is garbage, and have the collector look at nothing else that is there now again."""
    gc.collect()
    if hasattr(gc, "freeze"):  # since Python 3.7
        gc.freeze()


def gather_pages():
    """Put what is in memory into huge pages, as far as the system can (Linux since 6.1): they cost a fork much less."""
    import ctypes

    madvise = ctypes.CDLL(None).madvise
    for start, end in filled():
        # What goes wrong costs time, no more.
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)


def filled():
    """Return (start, end) of anonymous memory that is mostly in use and could be huge pages."""
    try:
        with open("/proc/self/smaps", "rb") as stream:
            lines = [line.split() for line in stream]
    except OSError:
        return
    for line in lines:
        if not line[0].endswith(b":"):
            start, end = (int(each, 16) for each in line[0].split(b"-"))
            kib = (end - start) >> 10
            own = line[1].startswith(b"rw") and line[5:] in ([], [b"[heap]"])
        elif line[0] == b"Anonymous:" and own and int(line[1]) >= 0.7 * kib:
            start, end = -(-start // HUGE) * HUGE, end // HUGE * HUGE
            if start < end:
                yield start, end


def with_versions():
    """Return (name, module, address of its dictionary's version, that version) of each module.

    CPython up to 3.12 changes the version of a dictionary with each change (PEP 509). Without one the list is empty.
    """
    if platform.python_implementation() != "CPython" or sys.version_info > (3, 13) or sys.maxsize <= 1 << 32:
        return []
    import ctypes

    def place(dictionary):
        return ctypes.c_uint64.from_address(id(dictionary) + 24)

    some = {}
    before = place(some).value
    some["changed"] = True
    if place(some).value == before:
        return []
    modules = [(name, module) for name, module in sys.modules.items() if issubclass(type(module), types.ModuleType)]
    places = [place(object.__getattribute__(module, "__dict__")) for _, module in modules]
    return [(name, module, number, number.value) for (name, module), number in zip(modules, places)]


def set_aside(unchanged, modules):
    """Take imports that the script has not changed from the modules, as the last thing before the interpreter's end.

    It would empty each of them. Nothing would come of that, since all is held; but whatever they name would be
    touched, and its page copied. A module into which the script has put something is emptied as ever.
    """
    for name, module, number, version in unchanged:
        if number.value == version and modules.get(name) is module:
            del modules[name]


def say(channel, **message):
    """Send a message; with it the system tells the number that this process has where it is received."""
    channel.send(json.dumps(message).encode("utf-8"))


def receive(channel):
    """Receive a message and the descriptors that came with it; an empty one at the end."""
    size = array.array("i").itemsize
    data, ancillary, _, _ = channel.recvmsg(LONGEST_MESSAGE, socket.CMSG_SPACE(MOST_DESCRIPTORS * size))
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % size])
    return (json.loads(data.decode("utf-8")) if data else None), list(descriptors)


def drain(descriptor):
    """Empty a pipe."""
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        pass


def ended_children():
    """Return (pid, wait status) of the children that ended."""
    ended = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))


def become_child(message, descriptors, parent, first, containment, worker):
    """Set up a fork like a new process: its own group, output, folder, variables and random state."""
    for group in descriptors[2:]:
        os.write(group, b"0")  # joins: from here on its limits hold
        os.close(group)
    os.setsid()
    for descriptor, standard in zip(descriptors[:2], (1, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    if containment is not None:
        containment.enter_own_sandbox(message["nest"], parent, first)
        parent = worker.NOBODY
    os.chdir(message["cwd"])
    os.environ.clear()
    os.environ.update(message["env"])
    tempfile.tempdir = None
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    return message["request"], parent
