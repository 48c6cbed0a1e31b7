"""The claims in tables of versions: `| saved with | loaded with | result |`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.reports.mentions import find_mentions, package_of, version_in
from harness.reports.pieces import Piece
from harness.reports.report import Claim, Place, Says
from harness.reports.wording import verdict_of

_WRITER_COLUMN = re.compile(r"\bsave|\bwrit|\bmade\b|\btrain|\bcreat|\bfrom\b|\bexport", re.IGNORECASE)
_PROBLEM_COLUMN = re.compile(r"reproduc|\bbug|affect|fail|error|broken|crash|issue|problem|present", re.IGNORECASE)
_VERSION_COLUMN = re.compile(
    r"version|\bload|\bread|\btf\b|tensorflow|keras|release|package|numpy|environment|\btested\b|\bto\b", re.IGNORECASE
)

_NAME = re.compile(r"`?[A-Za-z][\w.-]*`?")
_ONLY_VERSIONS = re.compile(r"[`v]*\d+(?:\.\w+)+(?:[`\s,/&]|and|to|v|-|\d+(?:\.\w+)*)*")
_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-.]?(?:rc|a|b|dev|post)\d+)?")


def is_table(piece: Piece) -> bool:
    """Return whether a piece of Markdown is a table."""
    return piece.text.count("|") > 5 and any(map(_is_table_rule, piece.lines))


def _is_table_rule(line: str) -> bool:
    """Return whether a line separates the head of a table: `| --- | :-: |`."""
    return "-" in line and set(line) <= set(" \t:|-")


def package_rows(piece: Piece) -> Iterator[tuple[str, str, Place]]:
    """Yield the packages and versions of a table that lists what is installed, with two columns."""
    rows = list(_rows(piece)) if is_table(piece) else []
    for offset, row in enumerate(rows):
        if len(row) == 2 and _NAME.fullmatch(row[0]) and _VERSION.fullmatch(row[1].strip("`")):
            place = Place(line=piece.line + offset, file=piece.file)
            yield package_of(row[0].strip("`")), row[1].strip("`"), place


def _rows(piece: Piece) -> Iterator[list[str]]:
    for line in piece.lines:
        yield [cell.strip() for cell in re.sub(r"\|$", "", line.strip().removeprefix("|")).split("|")]


def in_table(piece: Piece, default: str) -> Iterator[Claim]:
    """Yield the claims of a table: a row has versions, and a word that says whether they work."""
    rows = list(_rows(piece))
    header = rows[0]
    if sum(bool(find_mentions(cell, default)) for cell in header) > 1:
        yield from _by_column(piece, rows, default)
        return
    if any(verdict_of(cell) and not version_in(cell) for cell in header[1:]) and header[0] == "":
        yield from _by_verdict(piece, rows, default)
        return
    writer = next((at for at, name in enumerate(header) if _WRITER_COLUMN.search(name)), None)
    readers = [at for at, name in enumerate(header) if at != writer and _VERSION_COLUMN.search(name)]
    if not any(header):  # `| last good | 3.14.1 |`
        readers = [at for at in range(len(header)) if any(at < len(row) and version_in(row[at]) for row in rows)]
    for offset, row in enumerate(rows[1:], start=1):
        if set("".join(row)) <= set("-: "):
            continue
        others = [at for at in range(len(row)) if at != writer and at not in readers]
        verdict = verdict_of(" ".join(row[at] for at in others)) or _answered(header, row, others)
        if verdict is None:
            continue
        writers = [_cell_versions(row[writer], "", default)] if writer is not None and writer < len(row) else [[]]
        for at in readers:
            if at >= len(row):
                continue
            for package, version in _cell_versions(row[at], header[at], default):
                for _, by in writers[0] or [("", "")]:
                    yield Claim(
                        text=" ".join(piece.lines[offset].split())[:300],
                        place=Place(line=piece.line + offset, file=piece.file), says=verdict, package=package,
                        version=version, writer=by,
                    )  # fmt: skip


def _answered(header: list[str], row: list[str], columns: list[int]) -> Says | None:
    """Return the verdict of `yes` or `no` below a heading such as `reproduced?`."""
    for at in columns:
        answer = row[at].strip(" *`!.").lower()
        if at < len(header) and answer in ("yes", "y", "true", "no", "n", "false"):
            problem = _PROBLEM_COLUMN.search(header[at])
            if problem or verdict_of(header[at]) is Says.WORKS:
                return Says.FAILS if bool(problem) is answer.startswith(("y", "t")) else Says.WORKS
    return None


def _by_column(piece: Piece, rows: list[list[str]], default: str) -> Iterator[Claim]:
    """Yield the claims of a table with versions in its head: a cell says whether the version of its column works."""
    for offset, row in enumerate(rows[1:], start=1):
        for at, cell in enumerate(row[: len(rows[0])]):
            verdict = verdict_of(cell)
            if verdict is None:
                continue
            for package, version in _cell_versions(rows[0][at], rows[0][at], default):
                place = Place(line=piece.line + offset, file=piece.file)
                text = f"{rows[0][at]}: {cell}"[:300]
                yield Claim(text=text, place=place, says=verdict, package=package, version=version)


def _by_verdict(piece: Piece, rows: list[list[str]], default: str) -> Iterator[Claim]:
    """Yield the claims of a table with `works` and `broken` in its head, and packages in its first column."""
    for offset, row in enumerate(rows[1:], start=1):
        said = [
            (verdict, each)
            for at, cell in enumerate(row[: len(rows[0])])
            if at and (verdict := verdict_of(rows[0][at])) and _ONLY_VERSIONS.fullmatch(cell)
            for each in _cell_versions(cell, row[0], default)
        ]
        for verdict, (package, version) in said:
            if not any(other is not verdict and each == (package, version) for other, each in said):
                place = Place(line=piece.line + offset, file=piece.file)
                text = " ".join(piece.lines[offset].split())[:300]
                yield Claim(text=text, place=place, says=verdict, package=package, version=version)


def _cell_versions(cell: str, header: str, default: str) -> list[tuple[str, str]]:
    named = re.search(r"tensorflow|\btf\b|keras|numpy|torch|jax", header, re.IGNORECASE)
    default = package_of(named.group()) if named else default
    found = []
    for part in re.split(r"[,/]|\band\b", cell):
        mentions = find_mentions(part.strip(), default)
        version = mentions[0].version if mentions else version_in(part)
        if version is not None:
            found.append((mentions[0].package if mentions else default, version))
    return found
