"""Run one scenario inside the environment under test: `python worker.py REQUEST`.

`--serve SOCKET` starts a fork server: it imports once and is forked for each request.
`--as-init REQUEST` runs as the second process of a sandbox; the first acts as init.

Started by path. It imports only the standard library and loads the other files of its folder by path. They need Python
3.6 or newer. Python 2.7 must be able to parse this file, because it checks the version: types are in comments.
"""

import sys

GATE_STATUS = 97  # this Python is too old to run the worker
BROKEN_STATUS = 98  # the worker itself could not do its work

if sys.version_info < (3, 6):
    sys.stderr.write("the worker needs Python 3.6 or newer, and this is %s\n" % sys.version.split()[0])
    sys.exit(GATE_STATUS)

# Python put the folder of this file first on the path of modules; nothing may be imported from there.
sys.path.pop(0)

# All modules of the other files are imported here: a script finds the same ones imported, in a fork and in a process.
import __future__  # noqa: E402, F401

import array  # noqa: E402, F401
import ast  # noqa: E402, F401
import atexit  # noqa: E402, F401
import errno  # noqa: E402, F401
import faulthandler  # noqa: E402, F401
import functools  # noqa: E402, F401
import gc  # noqa: E402, F401
import json  # noqa: E402, F401
import linecache  # noqa: E402, F401
import os  # noqa: E402
import platform  # noqa: E402, F401
import random  # noqa: E402, F401
import re  # noqa: E402, F401
import select  # noqa: E402, F401
import signal  # noqa: E402, F401
import socket  # noqa: E402, F401
import tempfile  # noqa: E402, F401
import time  # noqa: E402, F401
import traceback  # noqa: E402
import types  # noqa: E402

try:
    import resource  # noqa: F401
except ImportError:  # Windows
    pass

FOLDER = os.path.dirname(os.path.abspath(__file__))
_loaded = {}  # type: Dict[str, types.ModuleType]


def load(name):
    # type: (str) -> types.ModuleType
    """Load another file of this folder, once. It is not in `sys.modules`, and can load others with this function."""
    if name not in _loaded:
        path = os.path.join(FOLDER, name)
        module = types.ModuleType(name)
        module.__dict__.update(__file__=path, load=load)
        with open(path, "rb") as stream:
            exec(compile(stream.read(), path, "exec"), module.__dict__)
        _loaded[name] = module
    return _loaded[name]


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict  # noqa: F401

    from harness.guest import attempt, process_setup
else:
    attempt = load("attempt.py")
    process_setup = load("process_setup.py")


def main():
    # type: () -> int
    """Serve, or run one script; return the exit status."""
    process_setup.reset_signal_handlers()
    if sys.argv[1] == "--serve":
        request_path, parent = load("fork_server.py").serve(int(sys.argv[2]))
        if request_path is None:
            os._exit(0)  # nothing was executed here, so there is nothing to learn from its end
        return attempt.run_request(request_path, parent)  # in a fork
    if sys.argv[1] == "--as-init":
        load("namespaces.py").act_as_init()
        return attempt.run_request(sys.argv[2], process_setup.NOBODY)
    return attempt.run_request(sys.argv[1], None)


if __name__ == "__main__":
    try:
        final_status = main()
    except Exception:
        traceback.print_exc()
        sys.exit(BROKEN_STATUS)
    sys.exit(final_status)
