"""Network namespaces joined by a bridge: machines of their own, as far as the network is concerned."""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBERS = itertools.count()


class NoNetwork(Exception):
    """This machine allows no network namespaces."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A bridge of this machine, and namespaces that reach only it."""

    prefix: str
    subnet: str

    @property
    def host(self) -> str:
        """The address of this machine."""
        return f"{self.subnet}.1"

    def inside(self, number: int) -> list[str]:
        """Return the command that starts another one in a namespace. It keeps the mounts of this machine."""
        return ["nsenter", f"--net=/var/run/netns/{self.prefix}-{number}"]

    def cut(self, number: int) -> None:
        """Cut a namespace off."""
        _ip("link", "set", f"{self.prefix}v{number}", "down")

    def join(self, number: int) -> None:
        """Undo `cut`."""
        _ip("link", "set", f"{self.prefix}v{number}", "up")


@contextlib.contextmanager
def network(namespaces: int) -> Iterator[Network]:
    """Create namespaces, and remove them. Raises NoNetwork.

    Names are used once: the kernel removes a namespace, with its devices, only when the last process in it has ended.
    """
    if sys.platform != "linux" or os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("nsenter")):
        raise NoNetwork("network namespaces need Linux, root, ip and nsenter")
    made = _unused()
    with contextlib.ExitStack() as stack:
        try:
            _ip("link", "add", f"{made.prefix}b", "type", "bridge")
            stack.callback(_ip, "link", "del", f"{made.prefix}b")
            _ip("addr", "add", f"{made.host}/24", "dev", f"{made.prefix}b")
            _ip("link", "set", f"{made.prefix}b", "up")
            for number in range(namespaces):
                _add(made, number, stack)
        except subprocess.CalledProcessError as error:
            raise NoNetwork(f"{shlex.join(error.cmd)}: {error.stderr.decode().strip()}") from error
        except OSError as error:
            raise NoNetwork(str(error)) from error
        yield made


def _unused() -> Network:
    number = next(_NUMBERS) % 100  # a device has a name of at most 15 characters
    return Network(prefix=f"hn{os.getpid()}x{number}", subnet=f"10.213.{(os.getpid() + number) % 256}")


def _add(made: Network, number: int, stack: contextlib.ExitStack) -> None:
    name, outer, inner = f"{made.prefix}-{number}", f"{made.prefix}v{number}", f"{made.prefix}w{number}"
    _ip("netns", "add", name)
    stack.callback(_ip, "netns", "del", name)
    _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
    _ip("link", "set", inner, "netns", name)
    _ip("link", "set", outer, "master", f"{made.prefix}b", "up")
    _ip("-n", name, "addr", "add", f"{made.subnet}.{number + 2}/24", "dev", inner)
    for device in ("lo", inner):
        _ip("-n", name, "link", "set", device, "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
