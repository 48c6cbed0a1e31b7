"""Decide whether the end of a script says something about the version under test. Pure.

Input: the facts that the worker reports. Each rule returns None, or a reason: a cause, and a sentence with what the
user can do. A script that forges its report changes its own verdict only.
"""

from __future__ import annotations

import errno
import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name

from harness.execute.child_processes import child_lacks, with_child
from harness.execute.deliberate_exits import checks_version, imports_relatively, left_for_version, skips_itself
from harness.execute.failure_facts import (
    AttemptContext,
    Failure,
    Places,
    Raised,
    number_of,
    python_of,
    text_of,
    texts_of,
)
from harness.execute.machine_requirements import needs_another_machine
from harness.execute.metadata_queries import asks_metadata
from harness.execute.missing_files import is_elsewhere, is_inside, missing_paths, relative_path
from harness.execute.missing_input import NAME_THEM, NO_ARGUMENTS, lacks_arguments, lacks_input, lacks_variable
from harness.execute.no_verdict_reason import NoVerdictReason, how_to_add, needs_package, short
from harness.execute.optional_imports import misses_import
from harness.execute.runner_output import no_test_ran
from harness.execute.skipped_work import did_nothing
from harness.model import NoVerdict, Outcome
from harness.project.import_names import is_standard, package_of

_OFF = "`--sandbox off` runs it with your network and files: only do that with a script that you trust"
_NETWORK_ERRNO = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_NETWORK = re.compile(
    r"Temporary failure in name resolution|Name or service not known|No address associated with hostname"
    r"|nodename nor servname|Network is unreachable|No route to host|NameResolutionError|URL fetch failure on"
    r"|Could(?: ?n.t| not) (?:resolve host|connect to ['\"]?https?://)|Failed to establish a new connection"
    r"|check your (?:internet )?connection",
    re.IGNORECASE,
)
_OWN_FILE = re.compile(
    r"(?:my|our|custom)_.+|.+_(?:utils?|helpers?|common|config)|app|callbacks|common|configs?|constants|core|data"
    r"|dataset|helpers?|layers?|lib|losses|main|models?|modules?|net|networks?|settings|src|tools|train|utils?"
)
_LIBRARY = re.compile(r"\.(?:so(?:\.\d+)*|pyd|dylib)\b|\bDLL load failed\b")
_USAGE = re.compile(r"(?im)^usage: ")
ADDRESS = re.compile(r"(?:https?|ftp|gs)://[^\s'\"<>)]*[^\s'\"<>).:,]|host='([^']+)'")
# Libraries that ask for a package, where they have caught the ImportError.
_ASKS_FOR = tuple(
    re.compile(pattern)
    for pattern in (
        r"pip3? install (?:-\S+ )*['\"`]?([A-Za-z][\w.-]*\w)",
        r"(?:must|need to|[Pp]lease) install [`'\"]?([A-Za-z][\w-]*\w)",
        r"requires [`'\"]?([A-Za-z]\w+)[`'\"]?(?: to be installed)?\.?(?:\s|$)",
        r"No module named '?([A-Za-z_][\w.]*)",
    )
)


def why_no_verdict(report: Mapping[str, Any], context: AttemptContext) -> NoVerdictReason | None:
    """Return why a report that says "passed" or "failed" is no verdict; None if it is one."""
    if isinstance(report.get("unparsed"), Mapping):
        return _syntax(report["unparsed"], report)
    failure = with_child(Failure.read(report, context))
    tests = _no_tests(report) or no_test_ran(report.get("outcome"), failure)
    if tests is not None:
        return tests
    settings = _settings(failure)
    if settings is not None:
        return settings
    if report.get("outcome") == "passed":
        if report.get("executed") is not True:
            return _nothing_executed()
        return did_nothing(context) or left_for_version(context) or _usage_only(context)
    rules = (
        _other_machine,
        asks_metadata,
        _missing_module,
        _asked_package,
        misses_import,
        child_lacks,
        skips_itself,
        checks_version,
        imports_relatively,
        _network,
        _missing_file,
        _refused_by_sandbox,
        lacks_arguments,
        lacks_input,
        lacks_variable,
    )
    return next((found for rule in rules if (found := rule(failure)) is not None), None)


def companions(report: Mapping[str, Any], places: Places) -> tuple[str, ...]:
    """Return the files, relative to the script's folder, that may be what a failed script lacked."""
    failure = Failure.read(report, AttemptContext(places=places))
    wanted: list[str] = []
    for raised in failure.chain:
        if raised.missing is not None:
            name = raised.missing.partition(".")[0]
            wanted += [f"{name}.py", f"{name}/__init__.py", name]
    wanted += [each for path in missing_paths(failure) if (each := relative_path(path, places)) is not None]
    return tuple(each for each in dict.fromkeys(wanted) if each and ".." not in each.split("/") and "\0" not in each)


def _syntax(unparsed: Mapping[str, Any], report: Mapping[str, Any]) -> NoVerdictReason:
    line, text = number_of(unparsed, "line"), text_of(unparsed, "text")
    what = f"line {line}" if line is not None else "the script"
    reason = f"Python {python_of(report)} cannot parse {what}" + (f": {short(text)}" if text else "")
    return NoVerdictReason(cause=NoVerdict.SYNTAX, reason=reason, outcome=Outcome.NOT_APPLICABLE)


def _nothing_executed() -> NoVerdictReason:
    reason = "nothing was executed: the script only imports and defines things. Call what it defines at its end"
    return NoVerdictReason(cause=NoVerdict.NOTHING_EXECUTED, reason=reason, outcome=Outcome.NOT_APPLICABLE)


def _usage_only(context: AttemptContext) -> NoVerdictReason | None:
    """Return why there is no verdict for a script that only printed how it is called."""
    if not context.reads_arguments or not _USAGE.search(context.output):
        return None
    reason = f"{NO_ARGUMENTS}: it printed its usage. {NAME_THEM}"
    return NoVerdictReason(cause=NoVerdict.NO_ARGUMENTS, reason=reason, outcome=Outcome.NOT_APPLICABLE)


def _no_tests(report: Mapping[str, Any]) -> NoVerdictReason | None:
    """Return why there is no verdict if unittest ran none of the tests."""
    tests = report.get("tests")
    if not isinstance(tests, Mapping):
        return None
    runs, begun, skipped = (number_of(tests, key) or 0 for key in ("runs", "begun", "skipped"))
    if runs and not begun and not skipped:
        reason = "nothing was executed: unittest found no test in the script"
    elif runs and skipped and begun <= skipped:
        reason = f"all tests were skipped: {short(text_of(tests, 'why') or '')}"
    else:
        return None
    return NoVerdictReason(cause=NoVerdict.NOTHING_EXECUTED, reason=reason, outcome=Outcome.NOT_APPLICABLE)


def _settings(failure: Failure) -> NoVerdictReason | None:
    for setting in failure.settings:
        variable, value, actual = (text_of(setting, key) for key in ("variable", "value", "actual"))
        said_by = text_of(setting, "said_by")
        if variable is None or value is None:
            continue
        asked = f"{short(variable)}={short(value)}"
        for module in texts_of(setting, "lacking")[:1]:
            package = package_of(module)
            reason = f"{asked} needs {short(package)}, {how_to_add(package)}"
            return NoVerdictReason(cause=NoVerdict.MISSING_PACKAGE, reason=reason, outcome=Outcome.NOT_APPLICABLE)
        if actual is not None and actual != value:
            reason = f"{asked} is not in force here: {short(said_by or '')} returns {short(actual)}"
            return NoVerdictReason(cause=NoVerdict.NOT_IN_FORCE, reason=reason, outcome=Outcome.NOT_APPLICABLE)
    return None


def _other_machine(failure: Failure) -> NoVerdictReason | None:
    found = needs_another_machine(failure)
    if found is None:
        return None
    return NoVerdictReason(cause=found[0], reason=found[1], outcome=Outcome.NOT_APPLICABLE)


def _missing_module(failure: Failure) -> NoVerdictReason | None:
    for raised in failure.chain:
        if "ImportError" not in raised.bases or raised.missing is None:
            continue
        module = raised.missing
        top = module.partition(".")[0]
        for name in (f"{top}.py", f"{top}/__init__.py"):
            if name in failure.context.beside:
                reason = (
                    f"the script imports {short(top)}, and {name} lies beside it and is not copied into the sandbox. "
                    "Name it under `files` in [tool.harness] of its header"
                )
                return NoVerdictReason(cause=NoVerdict.MISSING_HELPER, reason=reason)
        if is_standard(top):
            if _is_installed_code(raised.file, failure):
                return None  # the package does not work on this Python: that is what the cell asks
            reason = f"needs {short(top)}, which is in the standard library of other Pythons, not of {failure.python}"
            return NoVerdictReason(cause=NoVerdict.OTHER_PYTHON, reason=reason, outcome=Outcome.NOT_APPLICABLE)
        # An installed package does not have it, or not any more; or its compiled module does not load.
        installed = canonicalize_name(package_of(module)) in failure.context.packages or _does_not_load(raised)
        return None if installed else _needs(module)
    return None


def _does_not_load(raised: Raised) -> bool:
    """Return whether a compiled module was found and cannot be loaded: the error names it without its package."""
    return "ModuleNotFoundError" not in raised.bases and _LIBRARY.search(raised.message) is not None


def _asked_package(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if a library that caught the ImportError itself names a missing package."""
    if not failure.chain or "ImportError" not in failure.chain[0].bases or failure.chain[0].module is not None:
        return None
    for pattern in _ASKS_FOR:
        for found in pattern.finditer(failure.chain[0].message):
            module = found[1]
            package = canonicalize_name(package_of(module))
            if package not in failure.context.packages and not is_standard(module.partition(".")[0]):
                return _needs(module)
    return None


def _needs(module: str) -> NoVerdictReason:
    found = needs_package(module)
    if _OWN_FILE.fullmatch(module.partition(".")[0].lower()):
        file = f"{short(module.partition('.')[0])}.py"
        reason = f"needs {short(module)}: no package of this environment has it, and no {file} lies next to the script"
        reason = f"{reason}. Put {file} there. If it is a package: --with {short(package_of(module))}"
        return replace(found, reason=reason)
    return found


def _network(failure: Failure) -> NoVerdictReason | None:
    if not failure.context.sandboxed:
        return None
    for raised in failure.chain:
        text = "\n".join([raised.message, *raised.texts])
        known = raised.errno in _NETWORK_ERRNO and "OSError" in raised.bases
        # In a sandbox, only its own loopback can refuse a connection: to download something, the script needs another.
        known = known or ("URLError" in raised.bases and "Connection refused" in text)
        if "gaierror" in raised.bases or known or ("AssertionError" not in raised.bases and _NETWORK.search(text)):
            address = next((found for each in failure.chain if (found := ADDRESS.search(each.message))), None)
            named = next(iter(failure.context.addresses), "the network")
            wanted = short((address[1] or address[0]) if address else named)
            reason = (
                f"needs data from {wanted}, and scripts have no network. Use --fetch to download it once, or --data DIR"
            )
            if failure.context.has_data:
                reason = f"needs data from {wanted}, which the data of this attempt lacks. Use other data: --data DIR"
            return NoVerdictReason(cause=NoVerdict.NO_NETWORK, reason=reason, outcome=Outcome.NOT_APPLICABLE)
    return None


def _missing_file(failure: Failure) -> NoVerdictReason | None:
    places = failure.context.places
    for raised in failure.chain:
        if "FileNotFoundError" in raised.bases and posixpath.basename(raised.file) == "subprocess.py":
            reason = f"the script runs {short(raised.filename or 'a program')}, which is not there"
            return NoVerdictReason(cause=NoVerdict.MISSING_FILE, reason=reason)
    for path in missing_paths(failure):
        relative = relative_path(path, places)
        if relative is not None and relative in failure.context.sent:
            continue  # it is there: this release calls it missing
        if relative is not None and relative in failure.context.beside:
            reason = f"the script reads {short(relative)}, which lies beside it and is not copied into the sandbox"
            reason = f"{reason}. Name it under `files` in [tool.harness] of its header"
            return NoVerdictReason(cause=NoVerdict.MISSING_FILE, reason=reason)
        beside = is_inside(path, places.script)
        if relative is not None and (beside or not (failure.wrote or failure.context.reads_artifact)):
            # A script that wrote nothing cannot have lost its own files.
            reason = f"the script reads {short(relative)}, which it does not write and which was not sent with it"
            return NoVerdictReason(cause=NoVerdict.MISSING_FILE, reason=f"{reason}. Make the data in the script")
        if not failure.context.sandboxed and relative is None and is_elsewhere(path, failure):
            reason = f"the script reads {short(path)}, which is not on this machine. Make the data in the script"
            return NoVerdictReason(cause=NoVerdict.MISSING_FILE, reason=reason)
    return None


def _refused_by_sandbox(failure: Failure) -> NoVerdictReason | None:
    if not failure.context.sandboxed:
        return None
    for raised in failure.chain:
        if "OSError" not in raised.bases:
            continue
        path = raised.filename
        if raised.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = "the sandbox has no more space for files. Set `disk` under [tool.harness] in the script's header"
            return NoVerdictReason(cause=NoVerdict.NO_SPACE, reason=reason)
        if raised.errno == errno.EROFS:
            where = f": {short(path)}" if path else ""
            reason = f"the sandbox can be written to in the working, home and temporary folders only{where}. Or: {_OFF}"
            return NoVerdictReason(cause=NoVerdict.OUTSIDE_SANDBOX, reason=reason)
        if path is not None and raised.errno in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR):
            found = _outside(path, failure, absent=raised.errno == errno.ENOENT)
            if found is not None:
                return found
    return next((found for path in missing_paths(failure) if (found := _outside(path, failure)) is not None), None)


def _outside(path: str, failure: Failure, *, absent: bool = True) -> NoVerdictReason | None:
    """Return why there is no verdict for a path that the sandbox does not show."""
    home = failure.context.places.home
    if absent and home and is_inside(path, home):
        name = posixpath.relpath(path, home)
        reason = f"the sandbox has an empty home folder, without ~/{short(name)}. Make the data in the script"
        return NoVerdictReason(cause=NoVerdict.OUTSIDE_SANDBOX, reason=f"{reason}, or: {_OFF}")
    if is_elsewhere(path, failure):
        reason = f"{short(path)} is outside the sandbox. Make the data in the script, or: {_OFF}"
        return NoVerdictReason(cause=NoVerdict.OUTSIDE_SANDBOX, reason=reason)
    return None


def _is_installed_code(file: str, failure: Failure) -> bool:
    return any(is_inside(file, each) for each in failure.prefixes)
