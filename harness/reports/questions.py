"""Questions to the reporter about missing parts of a report."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from harness.project.platform_modules import MACOS_MODULES, WINDOWS_MODULES
from harness.project.syntax import last_name, tree_of
from harness.reports.executed_code import executed_statements, imported_packages
from harness.reports.files_of_code import READERS, constants_of, opens_to_write, path_of, written_files
from harness.reports.kinds import Refusal
from harness.reports.machine_paths import MACHINE_PATH
from harness.reports.pieces import Piece
from harness.reports.report import Form, Report, ScenarioFile
from harness.reports.secret_detection import has_secret

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]+\)|<img\b", re.IGNORECASE)
_LINK = re.compile(
    r"https?://(?:raw\.githubusercontent\.com|colab\.research\.google\.com|gist\.github\.com|(?:www\.)?kaggle\.com|drive\.google\.com|pastebin\.com)/"
    r"|https?://github\.com/[\w./-]{1,100}/files/\d+/[\w.-]{1,100}\.(?:py|ipynb)\b",
    re.IGNORECASE,
)
_ONLY_LINK = re.compile(r"\s*https?://\S+\s*")
"""The text of a block that has no code."""
_FILE = re.compile(
    r"[\w./\\: -]*\.(?:h5|hdf5|keras|csv|npy|npz|json|txt|jpe?g|png|tflite|pb"
    r"|zip|pkl|parquet|wav|mp4|onnx|tfrecords?|tar|gz)"
)
_MEDIA = re.compile(r"[\w./\\: -]*\.(?:jpe?g|png|bmp|gif|wav|mp3|mp4|avi)", re.IGNORECASE)
_MAKES = re.compile(r"save|write|plot|draw|export|dump|print|replace|join|Path|endswith", re.IGNORECASE)
_SHOWING = {
    "print", "pprint", "display", "displayhook", "summary", "fit", "evaluate", "predict", "save", "write", "show",
    "info", "warning", "error", "exit", "main",
}  # fmt: skip
# Words of a report about a script that does not end, or takes long.
_ENDS = re.compile(
    r"\b(?:crash|segfault|segmentation|hang|freez|abort|core dump|slow|time|memory|leak|fail|error|exception|rais)",
    re.IGNORECASE,
)
_LOADS = re.compile(r"\b(?:load_model|load_weights|saved_model\.load)\s*\(")
_GPU = re.compile(r"/?(?:device:)?gpu:\d+$|cuda(?::\d+)?$|/job:\S+/device:gpu:\d+$", re.IGNORECASE)
# `it does not crash on a CPU`, `fine on the CPU`, `only on GPU`, `Multi-GPU is enabled`
_ONLY_GPU = re.compile(
    r"\bonly\b[^.\n]{0,30}\bon (?:an? |the |my )?GPUs?\b|\bon (?:an? |the |my )?GPUs?,? only\b"
    r"|\bmulti(?:ple)?[- ]GPUs?\b"
    r"|(?:\bnot|n['\u2019]t|\bnever|\bno)\b[^.\n]{0,30}\b(?:crash|fail|happen|occur|error|problem|issue|hang)\w*\b"
    r"[^.\n]{0,20}\bon (?:an? |the |my )?CPU\b"
    r"|\b(?:works?|fine|correct|correctly|passes|right)\b[^.\n]{0,20}\bon (?:an? |the |my )?CPU\b",
    re.IGNORECASE,
)
_TITLE_OF_GPU = re.compile(r"\b(?:on|using|with) (?:an? |the |my |multiple )?GPUs?\b", re.IGNORECASE)
_WINDOWS_CALLS = {"startfile", "WinDLL"}
_LOADERS = {"load_model", "load_weights"}
"""Calls whose argument may have no extension: a folder, or a checkpoint of several files."""
_COLAB = re.compile(
    r"^[ \t]*(?:from|import)[ \t]+google\.colab\b|^[ \t]*from[ \t]+google[ \t]+import[ \t]+colab\b", re.MULTILINE
)
_DAMAGED_NOTEBOOK = "The notebook is damaged and cannot be read. Could you save it again and attach the whole file?"
CODE_QUESTIONS = ("The code ", "In the code ")
"""How questions begin that say what is wrong with the code."""
_LOGIN = {"login", "notebook_login", "authenticate_user", "getpass", "authenticate"}


def ask(report: Report, pieces: Iterable[Piece], text: str, *, asked: Iterable[str] = ()) -> Iterator[str]:
    """Yield the questions that a report leaves open. `asked` are those about its code that were asked before."""
    pieces = list(pieces)
    if not report.runnable and any(each.startswith(CODE_QUESTIONS) for each in asked):
        pass  # what is wrong with the code is said already
    elif not report.runnable:
        yield _DAMAGED_NOTEBOOK if _is_damaged(report, pieces) else _ask_for_code(report, text)
    else:
        written = {name for script in report.scripts for name in written_files(script.text or "")}
        for script in report.scripts:
            yield from _ask_of_script(script.text or "", report, written)
        if _is_of_gpu(report, text) and not any(map(_uses_gpu, report.scripts)):
            yield "The report is about a GPU, and scripts are run without one. Does it also happen on the CPU?"
    if report.runnable and _LINK.search(text) and any("does not define" in each for each in asked):
        yield "The report also links to code, and links are not opened. Could you post that code as text?"
    if not report.own_claims and (report.runnable or report.failures):
        yield "Which versions of TensorFlow, Keras and Python do you use, and is there a version in which it works?"
    if not report.failures and not report.outputs and report.runnable:
        if len(text) < 300:
            yield "What does the script show, and what do you expect instead? Please post the output as text."
        elif not _ENDS.search(text) and not any(map(_shows_something, report.scripts)):
            yield "The script prints nothing and checks nothing. What should it show, and where does it differ?"
    if has_secret(text):
        yield "Your report seems to contain a password or an access key. Please revoke it and remove it from the text."


def _shows_something(script: ScenarioFile) -> bool:
    """Return whether a script prints, checks or writes anything, or trains: that shows progress."""
    tree = tree_of(script.text or "")
    if tree is None:
        return True
    names = {last_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    checks = any(isinstance(node, (ast.Assert, ast.Raise)) for node in ast.walk(tree))
    return checks or bool(names & _SHOWING) or any("assert" in name or name.startswith("test") for name in names)


def ask_about_line(refused: Refusal, *, asked: Iterable[str]) -> Iterator[str]:
    """Yield a question about the line that makes code show nothing, if the code was not asked about before."""
    if refused.line and not any(each.startswith(CODE_QUESTIONS) for each in asked):
        yield f"The code shows nothing as it is: {refused.why} (line {refused.line}). Could you post code that does?"


def _is_damaged(report: Report, pieces: list[Piece]) -> bool:
    return report.form is Form.NOTEBOOK and not pieces and bool(report.dropped)


def _ask_for_code(report: Report, text: str) -> str:
    wanted = (
        "Could you post a complete script, as text in a ``` block, that shows the problem when it is run by itself?"
    )
    if _LINK.search(text) or any(_ONLY_LINK.fullmatch(each.text) for each in report.dropped):
        return f"The code is behind a link, which is not opened. {wanted}"
    if _IMAGE.search(text):
        return f"The code or the error is in an image, which cannot be run or searched. {wanted}"
    if _LOADS.search(text):
        missing = "The report has no code that makes the model which is loaded."
        return f"{missing} {wanted} It must also build and save the model."
    if any(each.text.strip() for each in report.dropped):
        return f"The report has no code that runs as it is: it has only output or parts of a program. {wanted}"
    return f"The report has no code. {wanted}"


def _ask_of_script(text: str, report: Report, written: set[str]) -> Iterator[str]:
    tree = tree_of(text)
    if tree is None:
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {last_name(call.func) for call in calls}
    if any(isinstance(call.func, ast.Name) and call.func.id == "input" for call in calls):
        yield "The script waits for typed input. Which values do you enter? Please put them into the script."
    if names & _LOGIN or _COLAB.search(text) or "kaggle_secrets" in imported_packages(tree):
        yield "The script logs in somewhere or uses a service of Colab. Could you post one that does without?"
    imports = imported_packages(tree)
    for system, modules in (("Windows", WINDOWS_MODULES), ("macOS", MACOS_MODULES)):
        if imports & modules or (system == "Windows" and names & _WINDOWS_CALLS):
            yield f"The script needs {system}, and is run on Linux. Could you post one that runs on any system?"
    if _places_on_gpu(calls):
        yield "The script uses a GPU, and is run without one. Does it also happen on the CPU (CUDA_VISIBLE_DEVICES=-1)?"
    missing = list(dict.fromkeys(_missing_files(calls, report, written, constants_of(tree))))
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing[:5])
        yield f"The script reads {shown}, which is not attached. Could you attach it, or the code that writes it?"
    if not any(True for _ in executed_statements(tree.body)):
        yield "The script only imports and defines. Which call shows the problem?"


def _is_of_gpu(report: Report, text: str) -> bool:
    """Return whether a report says that a GPU is needed; of one with an exception, its title alone does not say so."""
    titled = _TITLE_OF_GPU.search(report.title) is not None and not report.failures
    return titled or _ONLY_GPU.search(text) is not None


def _uses_gpu(script: ScenarioFile) -> bool:
    tree = tree_of(script.text or "")
    return tree is not None and _places_on_gpu([node for node in ast.walk(tree) if isinstance(node, ast.Call)])


def _places_on_gpu(calls: list[ast.Call]) -> bool:
    """Return whether code names a GPU as the device of something."""
    named = any(_GPU.match(text) for text in _texts_in_calls(calls))
    return named or any(last_name(call.func) == "cuda" for call in calls)


def _texts_in_calls(calls: list[ast.Call]) -> Iterator[str]:
    """Yield the strings that are arguments, also those in a list."""
    for call in calls:
        for value in (*call.args, *(each.value for each in call.keywords)):
            for each in value.elts if isinstance(value, (ast.List, ast.Tuple)) else (value,):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value


def _is_given_media(call: ast.Call) -> bool:
    """Return whether a picture, sound or film is the first argument of a call that does not make it."""
    first = call.args[0] if call.args else None
    named = isinstance(first, ast.Constant) and isinstance(first.value, str) and _MEDIA.fullmatch(first.value)
    return bool(named) and _MAKES.search(last_name(call.func)) is None


def _missing_files(calls: list[ast.Call], report: Report, written: set[str], known: Mapping[str, str]) -> Iterator[str]:
    attached = {companion.name.rpartition("/")[2] for companion in report.companions}
    for call in calls:
        reads = last_name(call.func) in READERS or _is_given_media(call)
        if not reads or not call.args or opens_to_write(call):
            continue
        path = path_of(call.args[0], known)
        if path is None or len(path) > 300:
            continue
        name = re.split(r"[\\/]", path)[-1]
        if (
            "://" in path
            or path in written
            or name in attached
            or any(name and each.rstrip("/").endswith(name) for each in written)
        ):
            continue
        if _FILE.fullmatch(path) or MACHINE_PATH.match(path) or last_name(call.func) in _LOADERS:
            yield path
