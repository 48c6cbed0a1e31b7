"""`harness readers`: which environments read a file, from the published table or by trying the file itself."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.commands.arguments import CommandOptions, add_jobs, add_json, add_sandbox
from harness.commands.file_copies import project_places
from harness.errors import HarnessError, UsageError, near_misses, some_of
from harness.readers.answer import FileAnswer, Install, answer_from_table, best_reader, document, table_format
from harness.readers.prose import text_of
from harness.readers.writers import Writers, named_release, writer_named, writers_of
from harness.rendering.foreign_text import plain
from harness.saved_models.file_facts import FileFacts, Format
from harness.session import Session
from harness.transfer.table import Transfer, load_transfer

_INSTALLED_IN = "reads-it"


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness readers`."""

    file: str | None
    written_by: str | None
    format: str | None
    wanted: str | None
    try_it: bool
    code: str | None
    environments: tuple[str, ...]
    jobs: int
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness readers`."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a .keras or .h5 file, a SavedModel folder, or a checkpoint"
    )
    parser.add_argument(
        "--written-by", metavar="ENV", help="the environment that wrote the file, as tf2.12.1 or tf2.12"
    )
    parser.add_argument(
        "--format", metavar="EXT", help=f"without FILE: {', '.join(each.value for each in Format)}; or as in the table"
    )
    parser.add_argument("--wanted", metavar="ENV", help="the environment that should read it (default: the newest)")
    parser.add_argument(
        "--try", dest="try_it", action="store_true", help="load the file itself in environments, in the sandbox"
    )
    parser.add_argument("--code", metavar="SCRIPT", help="with --try: a Python file with the classes of your own")
    parser.add_argument(
        "--environments",
        metavar="GLOBS",
        action="append",
        default=[],
        help="with --try: ids (default: the default tier)",
    )
    add_jobs(parser)
    add_sandbox(parser)
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Read the facts of a file, and print its readers; exit status 1 if nothing is known."""
    _check(options)
    facts, name = _read(options)
    table = _table(session)
    answer = _from_table(session, options, facts, name, table)
    if options.try_it:
        from harness.commands.tried_file import try_file

        answer = try_file(session, Path(options.file or ""), answer, options)
        if session.stop.is_set():
            session.notify("Stopped. Results until now are recorded; run the same command again to continue.")
            return 130
    answer = replace(answer, install=_install(session, answer))
    if options.json:
        sys.stdout.write(json.dumps(document(answer), indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(map(plain, text_of(answer, command=session.command).split("\n"))))
    return 0 if answer.known else 1


def _check(options: Options) -> None:
    """Raise UsageError for options that do not fit together."""
    if options.file is None and not (options.written_by and options.format):
        raise UsageError(
            "Neither a file nor its writer and format are named",
            next_step="harness readers FILE, or harness readers --written-by ENV --format EXT",
        )
    if options.file is not None and options.format is not None:
        raise UsageError("--format is not needed with a file", next_step="Leave it out: the file says what it is")
    for option, value in (("--environments", options.environments), ("--code", options.code)):
        if value and not options.try_it:
            raise UsageError(f"{option} is for --try", next_step="Add --try, or leave it out")
    if options.try_it and options.file is None:
        raise UsageError("--try needs a file", next_step="harness readers FILE --try")


def _read(options: Options) -> tuple[FileFacts, str]:
    if options.file is None:
        return FileFacts(format=_format(options.format or "")), "Any file"
    from harness.saved_models.reading import read_saved_file

    path = Path(options.file)
    return read_saved_file(path), path.name or str(path)


def _format(text: str) -> Format:
    """Return the format that a user names."""
    names = {each.value.lower(): each for each in Format} | {table_format(each): each for each in Format}
    names |= {name.removeprefix("."): each for name, each in names.items()} | {"hdf5": Format.H5, ".hdf5": Format.H5}
    found = names.get(text.lower())
    if found is None:
        raise UsageError(
            f"--format: there is no format {text!r}. {near_misses(text, names)}".rstrip(),
            next_step=f"Valid formats: {', '.join(each.value for each in Format)}",
        )
    return found


def _table(session: Session) -> Transfer:
    """Return the published table; without one, that of this clone's runs, which may have no readers."""
    from harness.commands.transfer import DEFAULT_SCENARIO, FOLDER, table_of

    path = session.root / FOLDER / "transfer.json"
    if path.is_file():
        return load_transfer(path)
    try:
        return table_of(session, DEFAULT_SCENARIO)
    except HarnessError:
        session.notify(f"There is no table of readers here ({FOLDER}), so only --try can tell who reads a file.")
    nothing: tuple[str, ...] = ()
    return Transfer(
        scenario=DEFAULT_SCENARIO, generated="", models=(), formats=(), options=nothing, places={}, writers=nothing,
        readers=nothing, squares={},
    )  # fmt: skip


def _from_table(session: Session, options: Options, facts: FileFacts, name: str, table: Transfer) -> FileAnswer:
    if options.written_by is not None:
        known = dict.fromkeys([*table.writers, *(each.id for each in session.project.environments)])
        written_by = Writers(ids=(writer_named(options.written_by, list(known)),))
    else:
        tabled = [table.places[id] for id in table.writers if id in table.places]
        written_by = writers_of(facts, tabled or project_places(session))
    answer = answer_from_table(name, facts, written_by, table, _wanted(session, options, table))
    # Environments that are not in the table end a range.
    order = dict.fromkeys([*(each.id for each in session.project.environments), *table.readers])
    return replace(answer, order=tuple(order))


def _wanted(session: Session, options: Options, table: Transfer) -> str | None:
    """Return the reader that is wanted: the newest environment of the first family."""
    known = [each.id for each in session.project.environments]
    if options.wanted is not None:
        found = named_release(options.wanted, list(dict.fromkeys([*known, *table.readers])))
        if found is None:
            raise UsageError(
                f"--wanted: there is no environment {options.wanted!r}. {near_misses(options.wanted, known)}".rstrip(),
                next_step=f"Valid names: {some_of(table.readers or known)}",
            )
        return found
    family = session.project.matrix.families[0].name
    environments = [each for each in session.project.environments if each.family == family]
    newest = [each.id for each in environments if each.id in table.readers or not table.readers]
    return newest[-1] if newest else None


def _install(session: Session, answer: FileAnswer) -> Install | None:
    """Return the installation of the best environment that reads the file: the wanted one, if it is as good as any."""
    best = best_reader(answer.readers)
    if best is None:
        return None
    wanted = next((each for each in answer.readers if each.environment == answer.wanted), None)
    chosen = wanted if wanted is not None and wanted.grade is best.grade else best
    environment = session.project.environment(chosen.environment)
    if environment is None:
        return None
    lock = session.root / "locks" / environment.family / f"{environment.id}.txt"
    if not lock.is_file():
        return None
    path = os.path.relpath(lock) if lock.is_relative_to(Path.cwd()) else str(lock)
    own = [f"{name}={value}" for name, value in environment.variables if (name, value) not in _common(session)]
    export = f"  # and in the shell: export {' '.join(own)}" if own else ""
    return Install(
        environment=environment.id,
        grade=chosen.grade,
        commands=(
            f"uv venv --python {environment.python} {_INSTALLED_IN}{export}",
            f"uv pip install --python {_INSTALLED_IN} --no-deps -r {path}",
            f"or: python{environment.python} -m venv {_INSTALLED_IN}",
            f"    {_INSTALLED_IN}/bin/pip install --no-deps -r {path}",
        ),
    )


def _common(session: Session) -> Sequence[tuple[str, str]]:
    return session.project.matrix.variables
