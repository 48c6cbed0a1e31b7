"""The text of a report as it came: from a file, from standard input, from `gh`; and its form, by its content."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.filesystem.reading import describe_bytes
from harness.project.syntax import tree_of
from harness.reports.attachments import is_model
from harness.reports.code import is_transcript
from harness.reports.exported import as_notebook
from harness.reports.facts import date_of, is_sentence, kind_of
from harness.reports.long_text import Skipped, shortened
from harness.reports.mentions import version_in
from harness.reports.not_python import FENCE
from harness.reports.notebook import Notebook, is_notebook, read_notebook
from harness.reports.pieces import LONGEST, MOST, Piece, Shape, clip, read_pieces
from harness.reports.report import Dropped, Form, Place
from harness.reports.scripts import check_script, find_fault

_KEPT = 1 << 26
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
MOST_COMMENTS = 30
# `tf-nightly: cannot import tensorflow`
_TELLS_FAILURE = re.compile(r"\b(?:cannot|can['\u2019]t|fails?|crash(?:es)?|is broken|breaks)\b", re.IGNORECASE)
_LOGIN = re.compile(r"[\w-]{1,40}(?:\[bot\])?")
_FORM_HEADING = re.compile(
    r"(?:issue type|click|what happened|current behaviou?r|describe|environment|system information|please)\b"
    r"|(?:current|bug|description|summary|code)\b(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment below a report, its author and its day."""

    text: str
    author: str = ""
    by_reporter: bool = False
    date: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """The parts of a report before they are interpreted."""

    name: str
    form: Form
    text: str = ""
    title: str = ""
    pieces: tuple[Piece, ...] = ()
    notebook: Notebook | None = None
    date: dt.date | None = None
    comments: tuple[Comment, ...] = ()
    """Comments below the report: they are searched for claims, and for code if the report has none."""
    dropped: tuple[Dropped, ...] = ()


def load(path: Path) -> tuple[str, list[Dropped]]:
    """Read the text of a file; only the beginning of a long one. Raises UsageError for a model and an archive."""
    if path.is_file() and is_model(path.name):
        raise UsageError(
            f"{path}: this is a saved model, not a report",
            next_step=f"`harness readers {shlex.quote(str(path))}` says which versions read it. "
            "Of a report about it, name a folder with the file and the script that loads it",
        )
    if path.is_file() and path.name.lower().endswith(_ARCHIVES):
        raise UsageError(f"{path}: this is an archive, not a report", next_step="Unpack it, and name the folder")
    try:
        with path.open("rb") as stream:
            data = stream.read(_KEPT)
            size = path.stat().st_size
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read",
            why=str(error.strerror or error),
            next_step="Check the path, or write - to read the report from standard input",
        ) from None
    dropped = []
    if size > len(data):
        why = f"the file has {size >> 20} MiB: only its first {_KEPT >> 20} MiB are read"
        dropped.append(Dropped(place=Place(file=path.name, line=data.count(b"\n") + 1), text="", why=why))
        data = data[: data.rfind(b"\n") + 1] or data
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding), dropped
        except UnicodeDecodeError as error:
            found = error
    what, fix = describe_bytes(data, found.start)
    if "byte" not in what:
        raise UsageError(f"{path}: {what}", next_step=fix)
    return data.decode("utf-8", "replace"), dropped  # a report with a few strange bytes is still a report


def source_of(text: str, *, name: str, file: str) -> Source:
    """Recognise the form of a text by its content."""
    text, date, title, comments = _from_json(text)
    text = as_notebook(text) or text
    if is_notebook(text) or file.endswith(".ipynb"):
        notebook = read_notebook(text, file)
        if isinstance(notebook, str):
            why = f"the notebook is damaged: {notebook}"
            return Source(
                name=name, form=Form.NOTEBOOK, text=text[:LONGEST],
                dropped=(Dropped(place=Place(file=file, line=1), text=text[:200], why=why),),
            )  # fmt: skip
        title = title or next((each.text for each in notebook.pieces if each.shape is Shape.HEADING), "")
        return Source(name=name, form=Form.NOTEBOOK, title=title, pieces=notebook.pieces, notebook=notebook, date=date)
    text, skipped = shortened(text, LONGEST)
    dropped = tuple(_not_read(each, file) for each in skipped)
    text, left_out = clip(text)
    dropped = (*dropped, *_left_out(left_out, text, file))
    if _is_script(text, file):
        kind = Form.TRANSCRIPT if is_transcript(text) and tree_of(text) is None else Form.SCRIPT
        block = Piece(shape=Shape.BLOCK, line=1, text=text, language="python", file=file)
        return Source(name=name, form=kind, text=text, pieces=(block,), date=date, dropped=dropped)
    pieces = tuple(read_pieces(text, file=file))
    if len(pieces) > MOST:
        place = Place(file=file, line=pieces[MOST].line)
        why = f"the text has {len(pieces)} paragraphs and blocks: what follows is not read"
        dropped = (*dropped, Dropped(place=place, text="", why=why))
        pieces = pieces[:MOST]
    title = title or next((piece.text for piece in pieces[:1] if _is_title(piece)), "")
    fenced = any(FENCE.match(line) for line in text.split("\n"))
    form = Form.TRANSCRIPT if is_transcript(text) and not fenced else Form.MARKDOWN
    return Source(
        name=name, form=form, text=text, title=title, pieces=pieces, date=date or date_of(text), comments=comments,
        dropped=dropped,
    )  # fmt: skip


def _is_title(piece: Piece) -> bool:
    if piece.shape is not Shape.HEADING:
        return False
    field = _FORM_HEADING.match(piece.text) is not None or kind_of(piece.text) is not None
    if field and _TELLS_FAILURE.search(piece.text) and not piece.text.rstrip().endswith("?"):
        return True
    # `OS (e.g., Ubuntu 16.04)` is a field, `TF 2.4 works, why does 2.5 not?` is none
    return not field or is_sentence(piece.text) or version_in(re.sub(r"\([^()]*\)", "", piece.text)) is not None


def _not_read(skipped: Skipped, file: str) -> Dropped:
    why = f"the text is too long: {skipped.count} lines from here on are not read"
    return Dropped(place=Place(file=file, line=skipped.line), text="", why=why)


def _left_out(lines: int, text: str, file: str) -> tuple[Dropped, ...]:
    if not lines:
        return ()
    place = Place(file=file, line=text.count("\n") + 1)
    return (Dropped(place=place, text="", why=f"the text is too long: {lines} lines from here on are not read"),)


def _from_json(text: str) -> tuple[str, dt.date | None, str, tuple[Comment, ...]]:
    """Take body, date, title and comments out of what `gh issue view --json title,body,createdAt,comments` prints."""
    if text[:200].lstrip().startswith("{") and '"body"' in text:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return text, None, "", ()
        if isinstance(document, dict) and isinstance(document.get("body"), str) and "cells" not in document:
            title = document.get("title")
            listed = document.get("comments")
            entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
            comments = tuple(
                Comment(
                    text=each["body"], author=_author_of(each), date=_day_of(each),
                    by_reporter=_author_of(each) != "" and _author_of(each) == _author_of(document),
                )
                for each in entries[:MOST_COMMENTS] if isinstance(each.get("body"), str)
            )  # fmt: skip
            date = _day_of(document)
            return document["body"], date, title if isinstance(title, str) else "", comments
    return text, None, "", ()


def _day_of(entry: dict[str, object]) -> dt.date | None:
    """Return the day of an issue or a comment, as `gh` and the API of GitHub print it."""
    try:
        return dt.date.fromisoformat(str(entry.get("createdAt") or entry.get("created_at") or "")[:10])
    except ValueError:
        return None


def _author_of(entry: dict[str, object]) -> str:
    """Return the author of an issue or a comment, as `gh` and the API of GitHub print it; empty if unknown."""
    author = entry.get("author") or entry.get("user")
    login = author.get("login") if isinstance(author, dict) else None
    return login if isinstance(login, str) and _LOGIN.fullmatch(login) else ""


def _is_script(text: str, file: str) -> bool:
    """Return whether a whole text is code, by its name or by what it is."""
    if any(FENCE.match(line) for line in text.split("\n")) and tree_of(text) is None:
        return False
    if file.endswith((".py", ".pyw", ".ipy")):
        return True
    return (
        tree_of(text) is not None
        and check_script(text, name=file, fault=find_fault(text)) is None
        and "\n" in text.strip()
    )


def as_name(name: str) -> str:
    """Return a name that is valid for a file and for a scenario."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("._+-")[:80] or "report"
