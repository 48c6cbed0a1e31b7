"""Which time-outs of forks are final, by where their threads waited."""

import pytest

from harness.execute.fork_time_out import is_conclusive

LIB, SITE = "/usr/lib/python3.11", "/env/lib/python3.11/site-packages"


def dump(*threads):
    lines = ["Timeout (0:00:10)!"]
    for place, files in enumerate(threads):
        lines += [
            f"Thread 0x{place:016x} (most recent call first):",
            *(f'  File "{each}", line 3 in f' for each in files),
        ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("threads", "busy", "conclusive"),
    [
        pytest.param([["mine.py"]], False, True, id="sleeps in the script"),
        pytest.param([[f"{LIB}/threading.py", f"{LIB}/queue.py", "mine.py"]], False, True, id="waits in the standard library"),
        pytest.param([[f"{SITE}/tf/execute.py", f"{SITE}/keras/fit.py", "mine.py"]], False, False, id="idle in a package"),
        pytest.param([[f"{SITE}/tf/execute.py", f"{SITE}/keras/fit.py", "mine.py"]], True, True, id="busy in a package"),
        pytest.param([["mine.py", f"{SITE}/keras/fit.py", "mine.py"]], False, True, id="in a callback of the script"),
        pytest.param([[f"{LIB}/threading.py", f"{SITE}/tf/pool.py", f"{LIB}/queue.py", "mine.py"]], False, False, id="a package waits by the standard library"),
        pytest.param([[f"{SITE}/tf/pool.py"], [f"{LIB}/threading.py", "mine.py"]], False, False, id="another thread is in a package"),
        pytest.param([], False, False, id="no dump"),
        pytest.param([], True, True, id="no dump, but busy"),
    ],
)  # fmt: skip
def test_time_out_of_a_fork(threads, busy, conclusive):
    assert is_conclusive(dump(*threads) if threads else "", script="mine.py", busy=busy) is conclusive
