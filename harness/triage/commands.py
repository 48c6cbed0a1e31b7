"""The commands with which anyone can check an answer. Pure."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence

from harness.triage.evidence import Evidence, Shows


def reproducing(
    script: str,
    evidence: Sequence[Evidence],
    *,
    first: str | None,
    pair: tuple[str, str] | None,
    searched: tuple[str, str] | None,
    following: Sequence[str] = (),
    case: str = "",
) -> tuple[str, ...]:
    """Return the command lines for a script with this file name; none if nothing was run.

    `first` is the environment of the report, `pair` a passing and a failing one, `searched` a package and the
    environment in which its releases were searched, `case` what follows the name of the script in the searched case.
    """
    conclusive = [each.environment for each in evidence if each.shows.conclusive]
    failing = [each.environment for each in evidence if each.shows is Shows.BUG]
    wanted = [each for each in (first, *reversed(pair or ())) if each in conclusive] or (failing or conclusive)[:1]
    commands = [_run(script, dict.fromkeys(wanted), watching(following))] if wanted else []
    if searched is not None:
        package, environment = searched
        words = ["harness", "pinpoint", f"{script}{case}", "--package", package, "--in", environment, *following]
        commands.append(shlex.join(words))
    return tuple(commands)


def reproducing_pair(folder: str, pair: tuple[str, str] | None, package: str | None) -> tuple[str, ...]:
    """Return the command lines for a folder with write.py and read.py: the pair, and the search of both sides."""
    if pair is None:
        return ()
    writer, reader = pair
    commands = [shlex.join(["harness", "run", folder, "--writers", writer, "--readers", reader])]
    if package is not None:
        words = ["harness", "pinpoint", folder, "--both", "--writer", writer, "--reader", reader, "--package", package]
        commands.append(shlex.join(words))
    return tuple(commands)


def watching(following: Sequence[str]) -> tuple[str, ...]:
    """Return the options of a search that say what is watched, for other commands."""
    pairs = itertools.pairwise(following)
    return tuple(word for pair in pairs if pair[0] in ("--watch", "--factor") for word in pair)


def _run(script: str, environments: dict[str, None], watched: Sequence[str]) -> str:
    words = ["harness", "run", script]
    for each in environments:
        words += ["--environments", each]
    return shlex.join([*words, *watched])
