"""The suspects that a search tries first: packages of the failing traceback, then those of the families. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import NormalizedName, canonicalize_name

from harness.pinpoint.packages.differences import Difference

_FILE = re.compile(r'^\s*File "([^"\n]+)", line \d+', re.MULTILINE)


def suspects(
    differences: Sequence[Difference],
    *,
    traceback: str,
    owners: Mapping[str, NormalizedName],
    families: Iterable[str],
) -> tuple[Difference, ...]:
    """Return the differing packages of a traceback, the innermost first, then those of the families.

    `owners` has the package of each top-level module. Only the order of a search depends on this: not its result.
    """
    by_name = {canonicalize_name(each.name): each for each in differences if each.kind == "package"}
    named = [*packages_of_traceback(traceback, owners), *(canonicalize_name(each) for each in families)]
    return tuple(dict.fromkeys(by_name[name] for name in named if name in by_name))


def packages_of_traceback(traceback: str, owners: Mapping[str, NormalizedName]) -> tuple[NormalizedName, ...]:
    """Return the packages whose files a traceback names, the innermost first."""
    found = (_owner(path, owners) for path in reversed(_FILE.findall(traceback)))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _owner(path: str, owners: Mapping[str, NormalizedName]) -> NormalizedName | None:
    """Return the package of a file. An overlay has its modules in another folder than `site-packages`."""
    parts = re.split(r"[\\/]", path)
    marks = [place for place, part in enumerate(parts) if part in ("site-packages", "dist-packages")]
    parts = parts[marks[-1] + 1 :] if marks else parts
    modules = (part.removesuffix(".py") for part in parts)
    return next((owners[module] for module in modules if module in owners), None)
