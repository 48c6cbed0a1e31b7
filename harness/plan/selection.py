"""What of the matrix is asked for: globs over environments and scenarios, ids of cells, a tier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import UsageError, near_misses, some_of
from harness.model import Cell, matches_globs

# Between an environment and what is swapped in it: `tf2.16.2 + keras==3.5.0`.
SWAPPED_SEPARATOR = " + "


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A choice, as typed. Empty globs choose all; what cells name is chosen whatever the rest says."""

    environments: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    tier: str | None = None
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    def wants_scenario(self, name: str, case: str) -> bool:
        """Whether a case is chosen: by its scenario's name or by its own id."""
        return _chosen((name, case), self.scenarios)


def _chosen(names: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    plain = tuple(glob for glob in globs if not glob.startswith("!"))
    taken_away = tuple(glob[1:] for glob in globs if glob.startswith("!"))
    if taken_away and any(matches_globs(name, taken_away) for name in names):
        return False
    return not plain or any(matches_globs(name, plain) for name in names)


def is_written_out(text: str) -> bool:
    """Whether an environment is written out as requirements, and not named by an id or a glob."""
    return "==" in text or " " in text or text.startswith("python=")


def base_of(id: str) -> str:
    """Return the id of the environment that an environment is derived from: `tf2.16.2` of `tf2.16.2 + pandas`."""
    return id.rpartition(SWAPPED_SEPARATOR)[0] or id


def check_globs(globs: Iterable[str], names: Iterable[str], *, option: str, kind: str) -> None:
    """Raise a UsageError for the globs that match nothing, with near misses."""
    known = list(dict.fromkeys(names))
    wrong = [glob for glob in globs if not any(matches_globs(name, (glob.lstrip("!"),)) for name in known)]
    if not wrong:
        return
    lines = []
    for glob in wrong:
        # Of a shell's signs only these two are any: brackets stand in the ids of cases.
        hint = "Brackets stand for themselves here, * and ? do not" if "[" in glob else ""
        hint = hint or near_misses(glob.lstrip("!"), known)
        lines.append(f"{option}: {glob!r} matches no {kind}. {hint}".rstrip())
    raise UsageError("\n".join(lines), next_step=f"Known here: {some_of(known)}")
