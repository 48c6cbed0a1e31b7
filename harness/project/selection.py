"""The selected part of the matrix: globs of environments and scenarios, ids of cells, a tier."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.errors import UsageError, near_misses, some_of
from harness.model import Cell, matches_globs

# Between an environment and a replaced package: `tf2.16.2 + keras==3.5.0`.
CHANGE_SEPARATOR = " + "


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A selection from the command line. Empty globs select all. `cells` are selected regardless of the globs."""

    environments: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    tier: str | None = None
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    @property
    def names_scenarios(self) -> bool:
        """True if it says which scenarios to run, so that those are included that run only on request."""
        named = any(not glob.startswith("!") for glob in self.scenarios)
        return named or bool(self.cells or self.writers or self.readers)

    def wants_scenario(self, name: str, case: str) -> bool:
        """Return True if a case is selected by the name of its scenario or by its own id."""
        return _selected((name, case), self.scenarios)


def _selected(names: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    included = tuple(glob for glob in globs if not glob.startswith("!"))
    excluded = tuple(glob[1:] for glob in globs if glob.startswith("!"))
    if excluded and any(matches_globs(name, excluded) for name in names):
        return False
    return not included or any(matches_globs(name, included) for name in names)


def is_inline(text: str) -> bool:
    """Return True for an inline environment, False for an id or a glob."""
    return "==" in text or " " in text or text.startswith("python=")


def base_of(id: str) -> str:
    """Return the id of the environment that an environment is derived from: `tf2.16.2` of `tf2.16.2 + pandas`."""
    return id.rpartition(CHANGE_SEPARATOR)[0] or id


def changes_of(id: str, families: Collection[str]) -> str:
    """Return the packages that an id adds or replaces, `pandas` of `tf2.16.2 + pandas`; empty for releases and commits.

    After the name of a family stands one of its releases, and after the name of a package with an `@` a commit.
    """
    base, _, changes = id.rpartition(CHANGE_SEPARATOR)
    return changes if base and base not in families and "@" not in changes else ""


def check_globs(globs: Iterable[str], names: Iterable[str], *, option: str, kind: str) -> None:
    """Raise UsageError for globs without a match. The error lists similar names."""
    known = list(dict.fromkeys(names))
    wrong = [glob for glob in globs if not any(matches_globs(name, (glob.lstrip("!"),)) for name in known)]
    if not wrong:
        return
    lines = []
    for glob in wrong:
        # Brackets are part of the ids of cases, so they are no wildcards.
        hint = "Only * and ? are wildcards; brackets are not" if "[" in glob else ""
        hint = hint or near_misses(glob.lstrip("!"), known)
        lines.append(f"{option}: {glob!r} matches no {kind}. {hint}".rstrip())
    raise UsageError("\n".join(lines), next_step=f"Valid names: {some_of(known)}")
