"""Describe an exception of the script: type, message, traceback, causes, missing package.

Facts only: the harness judges them. Loaded by path: standard library only, Python 3.6 or newer.
"""

import linecache
import os
import sys
import traceback
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Set

LONGEST_TEXT = 20000
LONGEST_CHAIN = 12


def describe(error: BaseException, stage: "Optional[str]", path: str, status: int) -> "Dict[str, Any]":
    """Return the part of the report that describes an exception, without the frames of the worker."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != path:
        frames = frames.tb_next
    # A syntax error has no frame of the script; its own text names file and line.
    shown = "".join(traceback.format_exception(type(error), error, frames))
    lines = script_lines(frames, path)
    return {
        "outcome": "failed",
        "stage": stage,
        "type": type(error).__name__,
        "message": shorten(message_of(error)),
        "traceback": shorten(shown, 2 * LONGEST_TEXT),
        "line": lines[0] if lines else None,
        "status": status,
        "chain": chain_of(error),
        "parser": parser_of(error),
        "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix}),
    }


def message_of(error: BaseException) -> str:
    """Return the text of an exception."""
    try:
        return str(error)
    except Exception as broken:
        return "<its message cannot be had: %s>" % type(broken).__name__


def script_lines(frames: "Optional[types.TracebackType]", path: str) -> "List[int]":
    """Return the lines of the script in a traceback, outermost first."""
    return [entry.tb_lineno for entry in walk(frames) if entry.tb_frame.f_code.co_filename == path]


def chain_of(error: "Optional[BaseException]") -> "List[Dict[str, Any]]":
    """Describe an exception, its causes, and the exceptions that were handled when it was raised."""
    chain: "List[Dict[str, Any]]" = []
    known: "Set[int]" = set()
    link = None
    while error is not None and id(error) not in known and len(chain) < LONGEST_CHAIN:
        known.add(id(error))
        chain.append(facts_of(error, link))
        if error.__cause__ is not None:
            error, link = error.__cause__, "cause"
        else:
            error, link = error.__context__, "context"
    return chain


def facts_of(error: BaseException, link: "Optional[str]") -> "Dict[str, Any]":
    """Describe one exception of a chain; `link` is how the one before it is linked to it."""

    def text(name: str) -> "Optional[str]":
        try:
            value = getattr(error, name, None)
        except Exception:
            return None
        return None if value is None else shorten(os.fsdecode(value) if isinstance(value, bytes) else str(value), 1000)

    number = getattr(error, "errno", None)
    module = text("name") if isinstance(error, ImportError) else None
    where = list(walk(error.__traceback__))[-1:]
    return {
        "type": type(error).__name__,
        "bases": [each.__name__ for each in type(error).__mro__],
        "message": shorten(message_of(error), 4000),
        "link": link,
        "errno": number if isinstance(number, int) else None,
        "filename": text("filename") if isinstance(error, OSError) else None,
        "texts": [each for each in (text("strerror"), text("reason")) if each],
        "module": module,
        "missing": missing_part(module) if module else None,
        "file": where[0].tb_frame.f_code.co_filename if where else None,
        "line_text": line_text(where[0]) if where else None,
    }


def line_text(entry: types.TracebackType) -> str:
    """Return the source line of an entry of a traceback."""
    return shorten(linecache.getline(entry.tb_frame.f_code.co_filename, entry.tb_lineno).strip(), 400)


def missing_part(name: str) -> "Optional[str]":
    """Return the package that is not installed and that a dotted name needs; None if there is none.

    `keras.gone` needs no other package where keras is there. `google.cloud` may: several packages share `google`.
    """
    import importlib.util  # not at the top: a script must not find it imported

    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        part = ".".join(parts[:count])
        try:
            spec = importlib.util.find_spec(part)
        except Exception:
            return None  # the package exists and is broken
        if spec is None:
            return part
        if spec.submodule_search_locations is None or spec.origin not in (None, "namespace"):
            return None
    return None


def parser_of(error: BaseException) -> "Optional[str]":
    """Return the module that parsed the command line, if it ended the script."""
    if isinstance(error, SystemExit):
        for entry in list(walk(error.__traceback__))[-1:]:
            name = str(entry.tb_frame.f_globals.get("__name__"))
            usage = entry.tb_frame.f_code.co_name == "usage"
            if name in ("argparse", "optparse", "click.core", "fire.core") or (name == "absl.app" and usage):
                return name
    return None


def walk(frames: "Optional[types.TracebackType]") -> "Iterator[types.TracebackType]":
    """Yield the entries of a traceback, outermost first."""
    while frames is not None:
        yield frames
        frames = frames.tb_next


def shorten(text: str, longest: int = LONGEST_TEXT) -> str:
    """Keep both ends of a text that is too long; replace what UTF-8 cannot carry."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= longest:
        return text
    half = longest // 2
    return "%s\n[... %d characters left out ...]\n%s" % (text[:half], len(text) - longest, text[-half:])
