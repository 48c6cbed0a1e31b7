"""The files next to a report: the script, the files that it needs, and the others. Lists folders."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.filesystem.reading import read_text
from harness.project.syntax import tree_of
from harness.reports.executed_code import imported_packages
from harness.reports.report import Dropped, Place, ScenarioFile

TEXTS = (".md", ".markdown", ".txt", ".html", ".htm", ".rst")
PACKAGES = re.compile(
    r"(?:requirements|constraints|(?:pip|conda)[-_ ]?(?:list|freeze)|freeze|packages)\b.*\.txt", re.IGNORECASE
)
"""How files with a list of packages are called."""
_REPORT_NAMES = ("report", "issue", "readme", "bug", "description")
_MAIN = (
    "repro",
    "reproduce",
    "reproduction",
    "reproducer",
    "main",
    "bug",
    "issue",
    "example",
    "demo",
    "script",
    "test_repro",
)
_MODELS = (".keras", ".h5", ".hdf5", ".tflite", ".pb", ".onnx", ".npz", ".npy", ".index", ".ckpt", ".pkl")
_SKIPPED = {"__pycache__", ".git", ".ipynb_checkpoints", "node_modules", ".venv", "venv"}
_MOST_FILES = 500
_DEEPEST = 5
LARGEST = 512 << 20
"""Bytes of all companions together."""


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """The files of a folder by purpose."""

    text: Path | None
    notebook: Path | None
    scripts: tuple[Path, ...]
    """One script, or write.py and read.py; none if the code is in the text or the notebook."""
    others: tuple[Path, ...]
    decisions: tuple[str, ...]


def find_attachments(folder: Path) -> Attachments:
    """Sort the files of a folder by purpose. Without a clear main script, use the one that the text names."""
    files = list(_walk(folder))
    texts = sorted((path for path in files if _is_text(path) and path.parent == folder), key=_text_rank)
    notebooks = [path for path in files if path.suffix.lower() == ".ipynb"]
    python = [path for path in files if path.suffix == ".py" and path.parent == folder]
    code = "".join(map(_read, python))
    texts = [path for path in texts if path.suffix.lower() != ".txt" or path.name not in code]  # data of the script
    text = texts[0] if texts else None
    decisions: list[str] = []
    scripts: tuple[Path, ...] = ()
    by_name = {path.name: path for path in python}
    if {"write.py", "read.py"} <= by_name.keys():
        scripts = (by_name["write.py"], by_name["read.py"])
        decisions.append("write.py and read.py are the two steps")
    elif python:
        main = _main_script(python, _read(text) if text else "")
        scripts = (main,)
        why = "the only script" if len(python) == 1 else f"taken as the main one of {len(python)} scripts"
        decisions.append(f"{main.name} is {why}")
    notebook = None if scripts or not notebooks else notebooks[0]
    if notebook is not None:
        decisions.append(f"{notebook.name} has the code")
    used = {text, notebook, *scripts}
    return Attachments(
        text=text, notebook=notebook, scripts=scripts, others=tuple(path for path in files if path not in used),
        decisions=tuple(decisions),
    )  # fmt: skip


def companions_of(
    folder: Path, code: Iterable[str], others: Iterable[Path]
) -> tuple[list[ScenarioFile], list[Dropped], list[str]]:
    """Return the files that code needs: modules that it imports, files that its strings name. The rest is dropped."""
    left = {path.relative_to(folder).as_posix(): path for path in others}
    texts = list(code)
    kept: dict[str, ScenarioFile] = {}
    decisions: list[str] = []
    while texts:
        text = texts.pop()
        for name, why in _needed(text, left):
            path = left.pop(name)
            kept[name] = ScenarioFile(name=name, source=path)
            decisions.append(f"{name} belongs to it: {why}")
            if path.suffix == ".py":
                texts.append(_read(path))
    dropped = []
    for name, path in left.items():
        what = "no script imports it" if path.suffix == ".py" else "no script names it"
        dropped.append(Dropped(place=Place(file=name, line=1), text="", why=what))
    return list(kept.values()), dropped, decisions


def _needed(text: str, left: dict[str, Path]) -> list[tuple[str, str]]:
    tree = tree_of(text)
    if tree is None:
        return []
    modules = imported_packages(tree)
    strings = {
        node.value for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 500
    }  # fmt: skip
    parts = {part for each in strings for part in re.split(r"[\\/]", each)} | strings
    found = []
    for name, path in left.items():
        first = name.partition("/")[0]
        if path.suffix == ".py" and first.removesuffix(".py") in modules:
            found.append((name, f"the script imports {first.removesuffix('.py')}"))
        elif path.suffix != ".py" and (name in strings or path.name in parts):
            found.append((name, "the script names it"))
        elif first != name and first in parts and (path.suffix in _MODELS or _is_saved_model(path, first)):
            found.append((name, f"the script names its folder {first}"))
    return found


def is_model(name: str) -> bool:
    """Return whether a file is a saved model or weights, by its name."""
    return name.lower().endswith(_MODELS)


def _is_saved_model(path: Path, first: str) -> bool:
    top = next((parent for parent in path.parents if parent.name == first), path.parent)
    return any((folder / "saved_model.pb").is_file() for folder in (path.parent, path.parent.parent, top))


def _main_script(python: list[Path], text: str) -> Path:
    """Return the script to run: by its name, then by the text, then the one that no other imports."""
    imported = {
        name for path in python if (tree := tree_of(_read(path))) is not None for name in imported_packages(tree)
    }
    candidates = [path for path in python if path.stem not in imported] or python

    def rank(path: Path) -> tuple[int, int, int, str]:
        named = next((at for at, name in enumerate(_MAIN) if path.stem.lower().startswith(name)), len(_MAIN))
        return named, text.find(path.name) < 0, not path.stem.lower().startswith("test"), path.name

    return min(candidates, key=rank)


def _is_text(path: Path) -> bool:
    """Return whether a file may be the text of the report: a list of packages is none."""
    return path.suffix.lower() in TEXTS and PACKAGES.fullmatch(path.name) is None


def _text_rank(path: Path) -> tuple[int, int, str]:
    stem = path.stem.lower()
    named = next((at for at, name in enumerate(_REPORT_NAMES) if stem.startswith(name)), len(_REPORT_NAMES))
    return named, TEXTS.index(path.suffix.lower()), path.name


def _walk(folder: Path) -> Iterator[Path]:
    count = 0
    for top, names, files in os.walk(folder):
        depth = len(Path(top).relative_to(folder).parts)
        names[:] = sorted(
            name for name in names if name not in _SKIPPED and not name.startswith(".") and depth < _DEEPEST
        )
        for name in sorted(files):
            path = Path(top) / name
            # A link could lead out of the folder, and its target would be copied.
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > _MOST_FILES:
                return
            yield path


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError):
        return ""
