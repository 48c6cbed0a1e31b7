"""Every parser of text that somebody else wrote, as a function of bytes that fails if its promise is broken.

The promise: a value that prints itself back, or an error that a user can read (UsageError, Problems, or whatever the
parser says of what is wrong) - never another exception, never a hang, never memory without bound.
"""

from __future__ import annotations

import datetime as dt
import functools
import io
import itertools
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from packaging.version import Version

from harness.commands.report_input import reason_without_code
from harness.environments.integrity import corrupted_packages
from harness.environments.manifest import read_import_result, read_manifest
from harness.environments.probe import parse_probe_report
from harness.environments.store import find_damage, lock_differences
from harness.errors import HarnessError, Problems, UsageError
from harness.execute.attempt_dir import Folder
from harness.execute.executor import attempt_of
from harness.execute.fetched_data import FetchedData
from harness.execute.isolation import InProcess
from harness.execute.task import Task
from harness.filesystem.reading import describe_bytes
from harness.locking.matrix_locks import wanted_origins
from harness.locking.package_index import Release
from harness.locking.pylock import parse_resolution
from harness.locking.source_metadata import requires_of, tools_of
from harness.model import Attempt, Cache, CachePlace, Case, Cell
from harness.model.case import split_ids
from harness.pinpoint.commits.repository import version_of_tag
from harness.pinpoint.environments.derived import DerivedId
from harness.process.limits import Ended
from harness.project.data_folder import read_data
from harness.project.inline_environment import parse_inline_environment
from harness.project.lock_file import read_lock, write_lock
from harness.project.matrix_file import read_matrix_noting
from harness.project.plan import make_plan
from harness.project.preload import find_preload
from harness.project.project import Project, read_project
from harness.project.script import read_scenario
from harness.project.selection import Selection
from harness.record.migrations import migrate
from harness.record.rows import COLUMNS, from_row, to_row, unpack
from harness.rendering.difference import changes, read_results
from harness.rendering.foreign_text import one_line, stable_error
from harness.reports import read_report
from harness.reports.not_python import recognise
from harness.reports.report_folder import write_report
from harness.reports.scripts import Fault, check_script, find_fault
from harness.reports.secret_detection import has_secret, masked
from harness.sandbox.backends import NO_SANDBOX
from harness.saved_models.file_facts import LONGEST_NAME, MOST_NAMES, FileFacts
from harness.saved_models.file_kind import read_file
from harness.saved_models.refusal import Refusal
from harness.triage.added_packages import needed_packages
from harness.triage.answer import document
from harness.triage.composing import unanswerable
from harness.triage.masking import without_secrets
from harness.triage.notebook import notebook
from harness.triage.reply import markdown
from harness.uv.failures import failure_from, last_output_line, packages_without_wheels
from tests.forms import NOT_SCRIPTS, SCRIPTS
from tests.making import make_lock, outcome_task

ROOT = Path(__file__).parents[2]
_DAY = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
_SOME = 40


def header(data: bytes, folder: Path) -> None:
    """A script from anywhere: its PEP 723 header, markers, parameters cell, title, and what may be imported early."""
    path = folder / "any.py"
    path.write_bytes(data)
    problems = Problems()
    scenario = read_scenario(path, subject="", problems=problems)
    _readable(problems)
    if scenario is None:
        assert problems
        return
    find_preload(scenario.script.text, ("tensorflow", "keras", "demo"), ("tensorflow.keras.layers",))
    assert len(scenario.script.digest) == 64
    if problems:
        return
    for case in itertools.islice(scenario.cases(), _SOME):
        assert Case.parse(str(case)) == case


def script(data: bytes, folder: Path) -> None:
    """What a script from anywhere is, if it is none or does nothing; and what its bytes are, if they are no text."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        assert all(describe_bytes(data, error.start))
        return
    fault = find_fault(text)
    for refusal in (
        check_script(text, name="any.py", fault=fault),
        recognise(text, fault or Fault(line=1, message="")),
    ):
        if refusal is not None:
            assert refusal.next_step
            assert len(refusal.what) < 1000
            assert refusal.line is None or 1 <= refusal.line <= text.count("\n") + 1


def issue(data: bytes, folder: Path) -> None:
    """A report from anywhere: text in any form, a notebook; what is extracted is written as a folder."""
    path = folder / "any.md"
    path.write_bytes(data)
    report = _or_usage_error(lambda: read_report(path))
    if report is None:
        return
    assert len(json.dumps(report.document())) < 20_000_000
    assert report.runnable or report.questions
    for claim in report.claims:
        assert claim.version
        assert claim.place.line >= 1
    for script in report.scripts:
        text = script.text or ""
        assert find_fault(text) is not None or check_script(text, name=script.name) is None
        assert not has_secret(masked(text))
    write_report(report, folder / "made")
    needed_packages(report, _project().matrix)
    answer = without_secrets(unanswerable(report, reason_without_code(report), provides={}))
    shown = markdown(answer)
    assert not any(each in shown for each in "\x1b\x07\x00\u202e")
    assert not MarkdownIt("commonmark").parse(shown)[-1:] or not any(
        token.type == "html_block" and not token.content.startswith(("<details><summary>", "</details>"))
        for token in MarkdownIt("commonmark").parse(shown)
    )
    json.loads(json.dumps(document(answer)))
    json.loads(notebook(answer))


def matrix(data: bytes, folder: Path) -> None:
    """matrix.toml, and what is made of its templates for a release."""
    path = folder / "matrix.toml"
    path.write_bytes(data)
    problems = Problems()
    read = read_matrix_noting(path, problems)
    _readable(problems)
    if read is None or problems:
        assert problems
        return
    versions = [Version("1.2.3"), Version("2!1.0rc1")]
    for family in read.families:
        family.choose(versions)
        for version in versions:
            assert family.environment_id(version)
        _or_usage_error(lambda family=family: list(wanted_origins(family, "any", _Index(), _DAY)))  # type: ignore[misc]
    assert read.tiers_of("tf2.1") <= {tier.name for tier in read.tiers}
    for exclusion in read.exclusions:
        exclusion.covers(scenario="build", environment="tf2.1")


class _Index:
    """Knows two releases of every package."""

    def releases(self, package: str, *, every: bool = False) -> list[Release]:
        return [
            Release(version=Version(each), date=_DAY, yanked=False, prerelease=False, requires_python=None)
            for each in ("1.2.3", "2.1")
        ]


def lock(data: bytes, folder: Path) -> None:
    """A lock: what was read is written as something that reads as the same."""
    path = folder / "any.txt"
    path.write_bytes(data)
    read = _or_usage_error(lambda: read_lock(path))
    if read is None:
        return
    assert len(read.fingerprint) == 16
    path.write_text(write_lock(read), encoding="utf-8", newline="\n")
    assert read_lock(path) == read


def ids(data: bytes, folder: Path) -> None:
    """Ids of cells and cases, and lists of them."""
    text = data.decode("utf-8", "surrogateescape")
    for parse in (Cell.parse, Case.parse, DerivedId.parse):
        value = _or_usage_error(functools.partial(parse, text))
        if value is not None:
            assert parse(str(value)) == value
    items = split_ids(text)
    assert all(items)
    assert split_ids(",".join(items)) == items or any(each.startswith(tuple("<>=!~")) for each in items)


@functools.cache
def _project() -> Project:
    return read_project(ROOT)


def selection(data: bytes, folder: Path) -> None:
    """What is chosen by globs, ids and tiers, one option a line; a plan, or what is wrong with it."""
    lines = [*data.decode("utf-8", "surrogateescape").split("\n"), "", "", "", "", ""]
    globs = [tuple(split_ids(line)) for line in lines]

    def plan() -> object:
        cells = tuple(Cell.parse(each) for each in globs[2])
        chosen = Selection(
            environments=globs[0], scenarios=globs[1], cells=cells, tier=lines[3] or None, writers=globs[4], readers=globs[5]
        )  # fmt: skip
        return make_plan(_project(), chosen)

    _or_usage_error(plan)


def inline_environment(data: bytes, folder: Path) -> None:
    """Inline environments: the id that was made of one is read as the same."""
    text = data.decode("utf-8", "surrogateescape")
    read = _or_usage_error(lambda: parse_inline_environment(text, _project().matrix))
    if read is not None:
        assert parse_inline_environment(read.id, _project().matrix) == read
        read.id.encode()
        assert read.origin(_DAY).environment == read.id


@functools.cache
def _task() -> Task:
    return outcome_task("passes", timeout_s=1.0, memory_mib=1)


def report(data: bytes, folder: Path) -> None:
    """A worker's report and, after a NUL, its stage log, as forged by a script. The result must fit into the store."""
    left, _, stage_log = data.partition(b"\0")
    left_in = Folder(top=folder)
    left_in.file("report.json").write_bytes(left)
    left_in.file("stage_log").write_bytes(stage_log)
    left_in.file("dump").write_bytes(stage_log)
    task = _task()
    way = InProcess(python=folder, runs=folder, sandbox=NO_SANDBOX, hidden=())
    for status in (0, 1, -11):
        ended = Ended(status=status, stdout=left, stderr=stage_log, duration_s=1.0)
        attempt = attempt_of(task, left_in, ended, _DAY, way)
        assert len(attempt.error) <= 5000
        assert len(attempt.stage or "") <= 500
        assert len(attempt.reason) <= 1000
        assert 0 <= attempt.script_s < float("inf")
        assert dict(attempt.versions).keys() <= task.environment.lock.versions.keys()
        _fits_the_store(attempt)
        assert attempt.outcome.is_failure == (attempt.signature is not None)
        one_line(attempt.error)
        stable_error(attempt.error).encode()


@functools.cache
def _store() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return connection


def _fits_the_store(attempt: Attempt) -> None:
    connection = _store()
    row, texts = to_row(attempt)
    connection.execute("BEGIN")
    try:
        marks = ",".join("?" * len(row))
        connection.execute(f"INSERT INTO attempts ({COLUMNS}, evidence) VALUES ({marks})", row)
        (stored,) = connection.execute(f"SELECT {COLUMNS} FROM attempts").fetchall()
    finally:
        connection.execute("ROLLBACK")
    assert from_row(stored, lambda digest: unpack(texts[digest])) == attempt.without_evidence()


def tag(data: bytes, folder: Path) -> None:
    """Names of tags, one a line."""
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        found = version_of_tag(line)
        assert found is None or Version(str(found)) == found


def results(data: bytes, folder: Path) -> None:
    """Two published results, one behind a NUL, and what changed between them."""
    documents = []
    for name, part in zip(("old", "new"), (data.partition(b"\0")[0], data.partition(b"\0")[2] or b"{}"), strict=True):
        path = folder / f"{name}.json"
        path.write_bytes(part)
        documents.append(_or_usage_error(functools.partial(read_results, path)))
    old, new = documents
    for one, other in itertools.product((old, new), repeat=2):
        if one is not None and other is not None:
            assert all(str(change) and change.kind for change in changes(one, other))


def inside(data: bytes, folder: Path) -> None:
    """What was seen inside an environment, written by a process in which foreign code ran."""
    seen = parse_probe_report(data)
    if seen is not None:
        again = {"python": seen.python, "versions": dict(seen.versions), "imports": dict(seen.imports)}
        assert parse_probe_report(json.dumps(again).encode()) == seen
        assert all(isinstance(each, str) for each in lock_differences(make_lock(demo="1.0"), seen.versions))


def record(data: bytes, folder: Path) -> None:
    """The RECORD of a wheel, which says what its files should be."""
    info = folder / "lib" / "python3.11" / "site-packages" / "demo-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "RECORD").write_bytes(data)
    assert set(corrupted_packages(folder)) <= {"demo"}


def manifest(data: bytes, folder: Path) -> None:
    """What stands beside an environment, if someone has been at it."""
    for name in ("manifest.json", "imports.json"):
        (folder / name).write_bytes(data)
    read = read_manifest(folder)
    if read is not None:
        assert dict(read.versions.items()) == read.versions
        find_damage(folder, read)
        read.write(folder)
        assert read_manifest(folder) == read
    read_import_result(folder, "key")


def fetched(data: bytes, folder: Path) -> None:
    """The manifest of fetched data, and an archive in it: another manifest is an error, a damaged archive is none."""
    cache = Cache(folder=".keras", place=CachePlace.HOME)
    for name in ("a.zip", "a.tar.gz", "a.tar", "other"):
        path = folder / "data" / "script" / "files" / ".keras" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "data" / "script" / "manifest.json").write_bytes(data)
    store = FetchedData(folder=folder / "data", remembered_in=folder / "checksums")
    _or_error(lambda: store.read("script", [cache]))
    read_data(folder / "data" / "script" / "files", [cache], remembered_in=folder / "checksums")


def resolution(data: bytes, folder: Path) -> None:
    """What uv resolved, and what it says when it can't."""
    text = data.decode("utf-8", "replace")
    _or_error(lambda: parse_resolution(text, make_lock().origin))
    failed = failure_from(text, status=2)
    assert failed.reason
    assert len(failed.summary) < 2000
    packages_without_wheels(text)


def source(data: bytes, folder: Path) -> None:
    """A source distribution: its pyproject.toml, and the metadata of the wheel that its build produced."""
    for name in ("demo-1.0.tar.gz", "demo-1.0.zip", "demo-1.0-py3-none-any.whl"):
        (folder / name).write_bytes(data)
    packed = folder / "packed-1.0.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("packed-1.0/pyproject.toml", data)
        archive.writestr("packed-1.0.dist-info/METADATA", data)
    for read in (tools_of, requires_of):
        for path in folder.glob("*.*"):
            texts = _or_error(functools.partial(read, path))
            assert texts is None or all(str(Requirement(each)) == each for each in texts)
    assert "\n" not in last_output_line(data.decode("utf-8", "replace"))


def saved_file(data: bytes, folder: Path) -> None:
    """A file with a model or weights: HDF5, a ZIP archive, or anything else."""
    path = folder / "model.keras"
    path.write_bytes(data)
    _says(path)


def saved_model(data: bytes, folder: Path) -> None:
    """The two protocol buffers of a SavedModel, each as a graph and as metadata."""
    model = folder / "model"
    model.mkdir(exist_ok=True)
    for name in ("saved_model.pb", "keras_metadata.pb"):
        (model / name).write_bytes(data)
    _says(model)
    (model / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    _says(model)


def checkpoint(data: bytes, folder: Path) -> None:
    """The index of a checkpoint, and the file that names the latest one."""
    (folder / "ckpt-1.index").write_bytes(data)
    (folder / "ckpt-1.data-00000-of-00001").write_bytes(b"0" * 500)
    (folder / "checkpoint").write_bytes(data)
    _says(folder)
    _says(folder / "ckpt-1")


def _says(path: Path) -> None:
    try:
        facts = read_file(path)
    except Refusal as refusal:
        assert 0 < len(refusal.what) < 500
        return
    assert FileFacts.from_json(facts.to_json()) == facts
    for names in (facts.layers, facts.custom, facts.code):
        assert len(names) <= MOST_NAMES
        assert all(each.isprintable() and len(each) <= LONGEST_NAME for each in names)


def _readable(problems: Problems) -> None:
    for problem in problems:
        problem.encode("utf-8", "surrogateescape")
        assert len(problem) < 10_000, "a problem of which nobody reads the end"


def _or_usage_error(make: Callable[[], object]):  # type: ignore[no-untyped-def]
    try:
        return make()
    except UsageError as error:
        assert str(error)
        return None


def _or_error(make: Callable[[], object]):  # type: ignore[no-untyped-def]
    try:
        return make()
    except HarnessError as error:
        assert str(error)
        return None


@dataclass(frozen=True, kw_only=True)
class Target:
    """A parser with its promise, and real texts to begin with."""

    check: Callable[[bytes, Path], None]
    seeds: Callable[[], Sequence[bytes]]


def _files(*patterns: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _texts(*texts: str) -> Callable[[], list[bytes]]:
    return lambda: [text.encode() for text in texts]


_REPORT = {
    "schema": 1, "outcome": "failed", "stage": "load", "type": "ValueError", "message": "no \x1b[31mred\x1b[0m",
    "traceback": "Traceback\n  line 1", "line": 3, "status": 1, "versions": {"demo": "1.0"}, "stages": [["load", 1.5]],
}  # fmt: skip
_SEEN = {"python": "3.11.7", "implementation": "cpython", "versions": {"demo": "1.0"}, "imports": {"demo": "Error: no"}}
_MANIFEST = {
    "schema": 1, "built": "2024-01-01T00:00:00+00:00", "interpreter": "/usr/bin/python3", "interpreter_stamp": "1|2",
    "versions": {"demo": "1.0"}, "contents": {"files": 3, "bytes": 5, "digest": "ab"}, "disk_bytes": 9, "duration_s": 1.5,
    "lock": "demo==1.0", "key": {"error": None, "certain": True},
}  # fmt: skip
_PYLOCK = """lock-version = "1.0"
[[packages]]
name = "demo"
version = "1.0"
wheels = [{ url = "https://host/demo-1.0-py3-none-any.whl", size = 500, hashes = { sha256 = "ab" } }]
sdist = { url = "https://host/demo-1.0.tar.gz", size = 700, hashes = { sha256 = "cd" } }
"""
_UV_SAID = """  × No solution found when resolving dependencies:
  ╰─▶ Because demo==1.0 has no wheels with a matching Python version tag and you require demo==1.0, we can conclude
      that your requirements are unsatisfiable.
      hint: Wheels are required for `demo` because building from source is disabled
"""

TARGETS: dict[str, Target] = {
    "issue": Target(
        check=issue,
        seeds=_files("tests/reports/*/report.*", "tests/reports/*/*.ipynb"),
    ),
    "script": Target(
        check=script,
        seeds=_texts(*(text for text, _, _ in NOT_SCRIPTS.values()), *SCRIPTS.values()),
    ),
    "header": Target(check=header, seeds=_files("scenarios/**/*.py", "tests/fixtures/outcomes/*.py")),
    "matrix": Target(check=matrix, seeds=_files("matrix.toml")),
    "lock": Target(check=lock, seeds=_files("locks/tf/tf2.2.3.txt", "locks/tf/tf2.12.1.txt", "locks/keras/keras3.4.1.txt", "locks/keras/*base.txt")),
    "ids": Target(
        check=ids,
        seeds=_texts(
            "sequential_build[shape=list,format=.h5]@tf2.16.2", 'a[x="b, c",y=1.5,z=true]@env', "s@writer -> reader",
            "s@python=3.11 keras>=3,<4", "tf2.16.2 + keras==3.5.0", 's[a="\\ud800"]@e', "a,b[c=1,d=2],e",
        ),
    ),
    "selection": Target(
        check=selection,
        seeds=_texts(
            "tf2.1*,!tf2.15.1\nhub_*,!*trained\n\ndefault\n\n", "\n\nimports@tf2.16.2", "\nroundtrip[*]\n\nfull\ntf2*\nkeras3*"
        ),
    ),
    "inline_environment": Target(
        check=inline_environment,
        seeds=_texts(
            "python=3.11 tensorflow-cpu==2.16.2 keras==3.4.1 as-of=2024-08-01 TF_USE_LEGACY_KERAS=1",
            "python=3.9 tensorflow-cpu>=2.7,<2.8", "python=3.12 keras[jax]==3.5 as-of=2024-08-01T12:00:00+02:00",
        ),
    ),
    "report": Target(
        check=report,
        seeds=lambda: [
            json.dumps(_REPORT).encode() + b'\0""\n"load"\n',
            json.dumps({"outcome": "passed", "stage": None}).encode() + b'\0""\n"exit"\n',
            json.dumps({"outcome": "not applicable", "stage": "define"}).encode() + b'\0""\n',
        ],
    ),
    "tag": Target(check=tag, seeds=_texts("v3.4.1\nkeras-3.4.1\nrelease/3.4.1\nREL_3_4_1\nv2.16.0-rc0\nnightly-20240101")),
    "results": Target(
        check=results,
        seeds=lambda: [_small_results() + b"\0" + _small_results().replace(b"passed", b"failed"), _small_results()],
    ),
    "inside": Target(check=inside, seeds=lambda: [json.dumps(_SEEN).encode()]),
    "saved_file": Target(
        check=saved_file,
        seeds=_files("tests/fixtures/saved_models/tf2*.h5", "tests/fixtures/saved_models/*.keras", "tests/fixtures/saved_models/*.weights.h5"),
    ),
    "saved_model": Target(check=saved_model, seeds=_files("tests/fixtures/saved_models/*/*.pb")),
    "checkpoint": Target(check=checkpoint, seeds=_files("tests/fixtures/saved_models/*/ckpt-1.index", "tests/fixtures/saved_models/*/checkpoint")),
    "record": Target(
        check=record, seeds=_texts("demo.py,sha256=abc,12\ndemo-1.0.dist-info/RECORD,,\n../bin/demo,sha256=x,\n")
    ),
    "manifest": Target(check=manifest, seeds=lambda: [json.dumps(_MANIFEST).encode()]),
    "fetched": Target(
        check=fetched,
        seeds=lambda: [
            _small_archive(),
            json.dumps({"schema": 1, "files": [{"name": ".keras/a.zip", "bytes": 1, "sha256": "0" * 64}]}).encode(),
        ],
    ),
    "resolution": Target(check=resolution, seeds=_texts(_PYLOCK, _UV_SAID)),
    "source": Target(
        check=source,
        seeds=lambda: [
            b'[build-system]\nrequires = ["setuptools>=40", "wheel; python_version<\'3\'"]\nbuild-backend = "setuptools.build_meta"\n',
            b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: six>=1 ; extra == 'a'\n\nText\n",
            _small_archive(),
        ],
    ),
}  # fmt: skip


def _small_archive() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("demo-1.0/pyproject.toml")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"a=1"))
    return stream.getvalue()


def _small_results() -> bytes:
    document = json.loads((ROOT / "results" / "results.json").read_bytes())
    return json.dumps(
        {**document, **{key: document[key][:3] for key in ("cells", "environments", "scenarios")}}
    ).encode()


def committed_cases(name: str) -> list[Path]:
    """Return the inputs that once broke a target's promise: files named after what was wrong."""
    return sorted((Path(__file__).parent / "cases" / name).glob("*"))
