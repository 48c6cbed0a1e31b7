"""Scripts from outside by content: the names that ids print for them, and what an id or a label means later."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, Problems, UsageError, near_misses
from harness.filesystem.folders import OwnedFolder
from harness.model import Scenario
from harness.project.script import read_scenario
from harness.record.opening import DamagedStore
from harness.record.scripts import KnownScript, remember_scripts
from harness.rendering.foreign_text import one_line
from harness.session import Session

_DIGITS = 8


def known_scripts(session: Session, label: str) -> tuple[KnownScript, ...]:
    """Return the scripts from outside that are known under a label, newest first; none of a damaged store."""
    store = None
    try:
        store = session.read_store()
        return store.scripts(label)
    except DamagedStore:
        return ()  # the error is reported when its attempts are needed
    finally:
        if store is not None:
            store.close()


def name_scripts(session: Session, scripts: Iterable[Scenario], *, remember: bool = True) -> tuple[Scenario, ...]:
    """Return scripts from outside with the names that tell them apart: `label`, or `label~digest`.

    The label alone is not enough where a scenario of the project, or another script with other content, has it. One of
    several with the same label and content is left out.
    """
    scripts = tuple({(each.label, each.identity): each for each in reversed(list(scripts))}.values())[::-1]
    project = {scenario.name for scenario in session.project.scenarios}
    named = []
    for script in scripts:
        others = {each.identity for each in known_scripts(session, script.label)}
        others |= {each.identity for each in scripts if each.label == script.label}
        others.discard(script.identity)
        qualified = bool(others) or script.label in project
        name = f"{script.label}~{_digits(script.identity, others)}" if qualified else script.label
        named.append(replace(script, name=name))
    if remember and named:
        remember_scripts(session.store_path, named)
    return tuple(named)


def _digits(identity: str, others: Iterable[str]) -> str:
    """Return the beginning of a digest that no other has, of at least eight digits."""
    others = list(others)
    length = _DIGITS
    while length < len(identity) and any(each.startswith(identity[:length]) for each in others):
        length += 1
    return identity[:length]


def recall(session: Session, name: str, command: Callable[[str], Sequence[str]]) -> Scenario | None:
    """Return the script that `label` or `label~digest` names; None if no script is known under that label.

    `command` gives the words of a command for a name. Raises UsageError, with a command for each candidate, if several
    scripts have the label or none has the digest.
    """
    label, tilde, digest = name.partition("~")
    known = known_scripts(session, label)
    found = [each for each in known if each.identity.startswith(digest)]
    if len(found) == 1:
        return _scenario(session, found[0])
    if not known:
        return None
    what = f"no script {label!r} with the digest {digest!r}" if tilde and not found else f"several scripts are {name!r}"
    lines = [_candidate(session, each, known, command) for each in found or known]
    raise UsageError("\n".join([f"{what[0].upper()}{what[1:]}:", *lines]), next_step="Use one of these commands")


def _candidate(
    session: Session, script: KnownScript, known: Iterable[KnownScript], command: Callable[[str], Sequence[str]]
) -> str:
    others = {each.identity for each in known} - {script.identity}
    typed = shlex.join(command(f"{script.label}~{_digits(script.identity, others)}"))
    where = script.path or "path not recorded"
    begins = next((line for line in _code_lines(script.text)), "")
    return f"  {session.command} {typed}\n    {one_line(where)}, {script.seen[:16].replace('T', ' ')} UTC: {begins}"


def _code_lines(text: str) -> Iterable[str]:
    """Return the lines that tell a script from another to a reader: without comments and blanks."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield one_line(line, longest=80)


def _scenario(session: Session, script: KnownScript) -> Scenario:
    """Read a known script from its stored texts."""
    problems = Problems()
    with OwnedFolder(session.cache / "runs", "script-") as folder:
        path = folder / (script.label if script.write is not None else f"{script.label}.py")
        files = {path: script.text}
        if script.write is not None:
            files = {path / "read.py": script.text, path / "write.py": script.write}
        for each, text in files.items():
            each.parent.mkdir(exist_ok=True)
            each.write_text(text, encoding="utf-8", newline="")
        read_from = Path(script.path)
        files_in = read_from if script.write is not None else read_from.parent
        scenario = read_scenario(path, subject="", problems=problems, files_in=files_in)
    problems.raise_if_any(f"The script {script.label} as it was recorded cannot be used")
    if scenario is None:
        raise HarnessError(f"{script.label}: the script as it was recorded cannot be read")
    if scenario.identity != script.identity:
        raise HarnessError(
            f"{script.label}: the files that it reads have changed since it was run",
            why=f"They are in {files_in}",
            next_step="Run the script again by its path, or restore the files",
        )
    scenario = replace(scenario, name=script.label, path=Path(script.path or path.name), external=True)
    return name_scripts(session, [scenario], remember=False)[0]


def unknown_script(session: Session, name: str) -> UsageError:
    """Return the error for a name that is neither a scenario nor the label of a script, with near misses."""
    store = session.read_store()
    try:
        labels = store.labels()
    finally:
        store.close()
    known = [*(scenario.name for scenario in session.project.scenarios), *labels]
    return UsageError(
        f"there is no scenario {name!r}, and no script of that name was run here. {near_misses(name, known)}".rstrip(),
        next_step="A script from outside is run by its path: harness run PATH",
    )


def split_path(text: str) -> tuple[Path, str] | None:
    """Return the path that an id begins with, and its rest from `[` or `@` on; None if no such file is there."""
    for place, character in enumerate(text):
        if character in "[@" and place and os.path.lexists(text[:place]):
            return Path(text[:place]), text[place:]
    return None
