"""The view of a process in a sandbox: the parts of the system that every program needs, and its own binds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

UID = GID = 1000
"""The user of a contained process, as it sees itself. Outside it has the user who started it."""
HOST = "harness"
SHARED_MEMORY_MIB = 1024
_OURS = Path(__file__).with_name("etc")
# At the top of the system they are folders, or links into /usr.
_TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_PROGRAMS = ("/usr", "/nix/store", "/gnu/store")
_SETTINGS = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "mime.types", "os-release",
    "ssl/certs", "ssl/openssl.cnf", "pki/tls", "pki/ca-trust/extracted", "ca-certificates", "fonts", "protocols",
    "services",
)  # fmt: skip
# How many processors there are and how they share caches: numerical libraries choose their ways by it.
_MACHINE = ("/sys/devices/system/cpu", "/sys/devices/system/node")


class SandboxMode(str, Enum):
    """The values of --sandbox."""

    AUTO = "auto"
    """Use a sandbox if one works."""
    REQUIRED = "required"
    """Run nothing without one."""
    OFF = "off"
    """Use none."""


@dataclass(frozen=True, kw_only=True)
class Bind:
    """A file or folder that is seen; at the same place as outside, unless another is given."""

    source: Path
    target: str = ""
    writable: bool = False

    @property
    def place(self) -> str:
        """The path at which it is seen."""
        return self.target or str(self.source)


@dataclass(frozen=True, kw_only=True)
class System:
    """The parts of a system that are seen by all."""

    binds: tuple[Bind, ...]
    links: tuple[tuple[str, str], ...]
    """Path and target."""

    @classmethod
    def here(cls) -> System:
        """Return the facts of this system."""
        binds = [Bind(source=Path(each)) for each in _PROGRAMS if Path(each).is_dir()]
        links = []
        for name in _TOP:
            path = Path("/", name)
            if path.is_symlink():
                links.append((str(path), str(path.readlink())))
            elif path.is_dir():
                binds.append(Bind(source=path))
        settings = (Path("/etc", name) for name in _SETTINGS)
        binds += [Bind(source=path) for path in settings if path.exists()]
        binds += [Bind(source=path, target=f"/etc/{path.name}") for path in sorted(_OURS.iterdir())]
        binds += [Bind(source=Path(each)) for each in _MACHINE if Path(each).is_dir()]
        return cls(binds=tuple(binds), links=tuple(links))


@dataclass(frozen=True, kw_only=True)
class SandboxView:
    """The view of a process in addition to the system's programs and libraries.

    Everything else is not there: no home folders, no network but a loopback of its own, no other processes. What it is
    given is read-only unless it says otherwise. Its variables are those that it is started with.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    """More variables. A script may choose them, so the sandbox backend does not see them."""

    binds: Sequence[Bind] = ()
    folders: Sequence[str] = ()
    """Empty places at which something is to be shown later."""
    hidden: Sequence[Path] = ()
    """Folders of the caller's that must not be seen even where they lie among the system's."""
    cwd: str = "/"
    network: bool = False
    nests: bool = False
    """True if it creates namespaces for its children; others cannot create any."""
    first: bool = False
    """True if the command is the init process of the sandbox; no other process there can end or inspect it."""
    system: System = field(default_factory=System.here)

    @property
    def covered(self) -> list[str]:
        """The system folders that must be hidden, also through links."""
        roots = [each.place for each in self.system.binds]
        hidden = dict.fromkeys(each.resolve() for each in self.hidden)
        return [str(each) for each in hidden if any(each.is_relative_to(root) for root in roots) and each.is_dir()]


def network_binds() -> tuple[Bind, ...]:
    """Return the binds with which a process with a network finds hosts by name."""
    path = Path("/etc/resolv.conf")
    return (Bind(source=path.resolve(), target=str(path)),) if path.is_file() else ()


def python_binds(python: Path) -> tuple[Bind, ...]:
    """Return the binds that a Python needs: its environment, and the interpreter that this was created with."""
    found: dict[str, Path] = {}
    environment = python.parent.parent
    bases = {python.resolve().parent.parent}
    if (environment / "pyvenv.cfg").is_file():
        found[str(environment)] = environment
        bases |= {Path(home).parent for home in _homes(environment / "pyvenv.cfg")}
        if python.is_symlink():
            bases.add((python.parent / python.readlink()).parent.parent)
    for base in bases:
        found |= {str(part): part for part in _parts(Path(os.path.normpath(base)))}
    return tuple(Bind(source=source.resolve(), target=target) for target, source in sorted(found.items()))


def _homes(settings: Path) -> Iterator[str]:
    for line in settings.read_text(encoding="utf-8", errors="replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == "home":
            yield value.strip()


def _parts(base: Path) -> list[Path]:
    """Return an interpreter's folders; if its prefix also has other files (/usr, a home folder), only its own."""
    if base == Path("/") or base.is_relative_to("/usr"):
        return []  # seen by all
    home = Path.home()
    if (base / "pyvenv.cfg").exists() or not (home.is_relative_to(base) or base == home / ".local"):
        return [base]
    # Programs keep files of the user in its `share`: keyrings, histories, mail.
    return [base / name for name in ("bin", "lib", "lib64", "include") if (base / name).is_dir()]
