"""Read the document of a shard on the machine that is to run it: build the same tasks, or say why they cannot run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness import __version__
from harness.errors import HarnessError, Problems, UsageError
from harness.execute.task import Task, make_task, this_platform, worker_digest
from harness.model import Cell, Environment, Preparation, Scenario, Script, Setting
from harness.pipeline import Work
from harness.project.lock_file import parse_lock
from harness.project.plan import Plan
from harness.project.script import parse_script
from harness.record.splits import ShardRun
from harness.session import Session
from harness.shards.document import SCHEMA, Document


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard on the machine that runs it."""

    run: ShardRun
    project: str
    isolation: str
    work: Work
    attempts: Mapping[str, int]
    """How many attempts are planned, by key."""


def read_shard(session: Session, document: Document, folder: Path, *, name: str) -> Shard:
    """Return a shard that this machine can run; its scripts and files are written to a folder.

    `name` is its name in errors. Raises HarnessError with all reasons against running it here.
    """
    require_same_version(document, name)
    try:
        return _read(session, document, folder, name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged_shard(name, f"{type(error).__name__}: {error}") from error


def damaged_shard(name: str, why: str) -> UsageError:
    """Return the error for a file that is no shard."""
    return UsageError(
        f"{name} is not a shard", why=why, next_step="Write shards with `harness plan --shards N --output DIR`"
    )


def require_same_version(document: Document, name: str) -> None:
    """Raise HarnessError if a shard was planned by another version of this project, or for another platform."""
    if not isinstance(document, dict) or "worker" not in document:
        raise damaged_shard(name, "It lacks the keys of a shard")
    if document.get("schema") != SCHEMA or document["worker"] != worker_digest():
        version = document.get("version")
        which = "another state of it" if version == __version__ else f"repro-matrix {version}"
        raise HarnessError(
            f"{name}: was planned with another version of this project",
            why=f"This is repro-matrix {__version__}, and the shard is of {which}: its results would be kept apart",
            next_step="Use the same version on all machines, and plan again",
        )
    if document.get("platform") != this_platform():
        raise HarnessError(
            f"{name}: was planned on {document.get('platform')}, and this is {this_platform()}",
            why="Results of different platforms are kept apart",
            next_step="Run it on a machine of that platform",
        )


def _read(session: Session, document: Document, folder: Path, name: str) -> Shard:
    _require_same_sandbox(session, sandboxed=bool(document["condition"]["sandboxed"]), name=name)
    environments = {each["id"]: read_environment(each, folder) for each in document["environments"]}
    interpreters = {each["id"]: str(each["interpreter"]) for each in document["environments"]}
    missing = {each["id"]: str(each["missing"]) for each in document["environments"] if each["missing"]}
    _require_interpreters(session, environments, interpreters, missing, name=name)
    scenarios = {
        each["name"]: _read_scenario(each, folder / f"script-{number}")
        for number, each in enumerate(document["scripts"])
    }
    tasks: dict[Cell, Task] = {}
    attempts: dict[str, int] = {}
    for each in document["cells"]:
        cell = Cell.parse(each["cell"])
        scenario = scenarios[cell.case.scenario]
        script = scenario.write if each["writes"] else scenario.script
        if script is None:
            raise ValueError(f"{cell} has no first step")
        task = make_task(
            cell,
            script,
            environments[cell.environment],
            interpreter=interpreters[cell.environment],
            caller_variables=document["variables"],
            writes=bool(each["writes"]),
            reads=each["reads"],
            sandboxed=bool(document["condition"]["sandboxed"]),
            timeout_s=document["condition"]["timeout_s"],
            identity=scenario.identity,
            external=scenario.external,
            run_with=scenario.written_case(cell.case) if each["writes"] else None,
        )
        if task.key != each["key"]:
            raise ValueError(f"{cell} has another key here: the shard was changed")
        tasks[cell] = replace(task, expected_s=float(each["expected_s"]), expected_mib=int(each["expected_mib"]))
        attempts[task.key] = len(each["attempts"])
    plan = Plan(cells=(), scenarios=tuple(scenarios.values()), environments=tuple(environments.values()))
    return Shard(
        run=ShardRun(
            split=str(document["split"]),
            number=int(document["number"]),
            filled=int(document["filled"]),
            shards=int(document["shards"]),
            version=str(document["version"]),
            worker=str(document["worker"]),
        ),
        project=str(document["project"]),
        isolation=str(document["isolation"]),
        work=Work(plan=plan, tasks=tasks, missing=missing),
        attempts=attempts,
    )


def _require_same_sandbox(session: Session, *, sandboxed: bool, name: str) -> None:
    if session.sandboxed == sandboxed:
        return
    if sandboxed:
        reason = session.sandbox.why_not
        raise HarnessError(
            f"{name}: was planned with a sandbox, and there is none here",
            why=f"{reason}. Results with and without a sandbox are kept apart" if reason else "",
            next_step="Install bubblewrap here, or plan with --sandbox off",
        )
    raise HarnessError(
        f"{name}: was planned with --sandbox off",
        why="Its scripts would run with all your permissions",
        next_step="If you trust them, add --sandbox off here, too",
    )


def _require_interpreters(
    session: Session,
    environments: Mapping[str, Environment],
    planned: Mapping[str, str],
    missing: Mapping[str, str],
    *,
    name: str,
) -> None:
    """Raise HarnessError if a Python differs from that of the plan: the results would be kept apart."""
    problems = Problems()
    for id, environment in environments.items():
        if id in missing:
            continue
        try:
            found = session.interpreters.find(environment.python, stop=session.stop).id
        except HarnessError as error:
            problems.add(id, " ".join(str(error).split()).rstrip("."))
            continue
        if found != planned[id]:
            problems.add(id, f"it was planned for {planned[id]}, and this machine has {found}")
    problems.raise_if_any(f"{name}: cannot run here")


def read_environment(document: Document, folder: Path) -> Environment:
    """Return the environment of a shard; its prepare scripts are written to a folder."""
    lock = parse_lock(document["lock"], name=f"the lock of {document['id']}", id=document["id"])
    return Environment(
        id=document["id"],
        family=document["family"],
        lock=lock,
        variables=tuple(document["variables"].items()),
        imports=tuple(document["imports"]),
        preload=tuple(document["preload"]),
        touch=tuple(document["touch"]),
        prepare=tuple(
            Preparation(
                module=each["module"],
                script=_written(
                    folder / f"{hashlib.sha256(each['text'].encode()).hexdigest()}.py", each["text"].encode()
                ),
                where=tuple(each["where"].items()),
            )
            for each in document["prepare"]
        ),
        provides=_pairs(document["provides"]),
        settings=tuple(
            Setting(
                variable=each["variable"],
                needs=tuple((value, tuple(modules)) for value, modules in each["needs"]),
                in_force=tuple(each["in_force"]),
            )
            for each in document["settings"]
        ),
        tiers=frozenset(document["tiers"]),
    )


def _pairs(values: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in values)


def _read_scenario(document: Document, folder: Path) -> Scenario:
    script = _read_script(document["script"], folder / "read")
    return Scenario(
        name=document["name"],
        subject=document["subject"],
        path=script.path or folder,
        title=document["title"],
        script=script,
        write=_read_script(document["write"], folder / "write") if document["write"] else None,
        external=bool(document["external"]),
    )


def _read_script(document: Document, folder: Path) -> Script:
    for name in document["beside"]:
        _written(_below(folder, name), b"")
    for name, content in document["files"].items():
        _written(_below(folder, name), base64.b64decode(content))
    path = _written(_below(folder, document["file"]), document["text"].encode())
    problems = Problems()
    script = parse_script(document["text"], path, problems=problems)
    problems.raise_if_any("A script of the shard cannot be used")
    return replace(script, header=replace(script.header, requires_import=bool(document["requires_import"])))


def _below(folder: Path, name: str) -> Path:
    path = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute() or path == folder:
        raise ValueError(f"{name!r} is no path below the folder of a script")
    return path


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
