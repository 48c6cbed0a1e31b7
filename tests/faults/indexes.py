"""A package index that is not there, refuses, is slow, stops in the middle, or serves something else than it says."""

from __future__ import annotations

import functools
import random
import shutil
from collections.abc import Callable

from tests.faults.faults import TABLE, Fault, check_mended
from tests.runs.conftest import MATRIX, PYTHON, Project
from tests.wheels import LoopbackIndex

FAR = {
    "build[shape=list]@far1.0": ("passed", None),
    "build[shape=tuple]@far1.0": ("passed", None),
    "newer@far1.0": ("not applicable", None),
}
_HTML = b"<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"
_NOBODY = "http://127.0.0.1:9/simple/"


def _with_fault(
    trouble: Callable[[LoopbackIndex, Project], None], said: tuple[str, ...], project: Project, chance: random.Random
) -> None:
    """Have an environment come from an index in trouble: its cells are lost with the reason, the others run; it is mended."""
    with LoopbackIndex(project.root / "published").serving() as index:
        wheel = index.add("remote", "1.0", "2020-01-01", "x = 1\n" * chance.randrange(1, 50_000))
        project.matrix(MATRIX + f'[families.far]\npackage = "demo"\npythons = {{ "{PYTHON}" = ">=0" }}\n')
        shutil.copy(wheel, project.wheels / wheel.name)
        project.lock("1.0", family="far", remote="1.0")
        (project.wheels / wheel.name).unlink()
        project.variables |= {
            "UV_DEFAULT_INDEX": index.address, "UV_NO_INDEX": "false", "UV_OFFLINE": "false", "UV_HTTP_RETRIES": "0",
            "UV_HTTP_TIMEOUT": "1", "UV_CACHE_DIR": str(project.root / "uv-cache"),
        }  # fmt: skip
        project.call("provision")
        trouble(index, project)
        done = project.run("--tier", "full", status=1)
        reason = done.cell("build[shape=tuple]@far1.0")["reason"] or ""
        assert {done.table[cell][0] for cell in FAR if cell.startswith("build")} == {"unavailable"}, done.table
        assert any(each in reason for each in said), reason
        assert {cell: outcome for cell, outcome in done.table.items() if "far1.0" not in cell} == TABLE, (
            "the rest goes on"
        )
        assert "run the same command again to retry" in done.stderr
        assert project.left_over() == []
        index.fails_with, index.error_page, index.alters, index.cuts_off, index.delay_s = None, b"", False, False, 0.0
        project.variables["UV_DEFAULT_INDEX"] = index.address
        check_mended(project, {**TABLE, **FAR}, "--tier", "full")


def _set(**values: object) -> Callable[[LoopbackIndex, Project], None]:
    def trouble(index: LoopbackIndex, project: Project) -> None:
        for name, value in values.items():
            setattr(index, name, value)

    return trouble


def _unreachable(index: LoopbackIndex, project: Project) -> None:
    project.variables["UV_DEFAULT_INDEX"] = _NOBODY


def _fault(what: str, trouble: Callable[[LoopbackIndex, Project], None], *said: str) -> Fault:
    return Fault(
        what=f"the package index {what}",
        outcome=f"unavailable: {' or '.join(repr(each) for each in said)}; the next run repairs it",
        inject=functools.partial(_with_fault, trouble, said),
    )


_SILENT = "the package index does not answer"
FAULTS = {
    "unreachable": _fault("unreachable", _unreachable, _SILENT),
    "refuses": _fault("answering 503", _set(fails_with=503), _SILENT),
    "error_page": _fault(
        "serving an error page as if all were well", _set(error_page=_HTML), "does not offer the locked"
    ),
    "slow": _fault("slower than the limit", _set(delay_s=4.0), _SILENT),
    "cut_off": _fault("cut off in mid-download", _set(cuts_off=True), _SILENT),
    "wrong_hash": _fault(
        "serving a file with another hash", _set(alters=True), "a downloaded file differs from the lock"
    ),
}
