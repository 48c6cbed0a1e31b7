"""Choose the code blocks of a report that belong together. Every decision is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.project.syntax import tree_of
from harness.reports.blocks import read_block
from harness.reports.code import DISPLAYHOOK, Code, has_placeholder, names_of, usual_import
from harness.reports.executed import executed_statements
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Dropped, Place

_MOST_BLOCKS = 100
_REPRODUCES = re.compile(r"standalone code|reproduc|minimal|\bcode\b|\bscript\b|example|steps", re.IGNORECASE)
_WAY_OUT = re.compile(
    r"work-?around|this works|works fine|fix(?:es|ed)? (?:it|this|the)|\bsolution\b|proposed|suggested (?:fix|change)"
    r"|the code in|source code of|implementation (?:of|in)|\binstead of\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A script from the blocks of a report, or None, with the decisions."""

    code: Code | None
    dropped: tuple[Dropped, ...] = ()
    decisions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Blocks that make one program, in their order."""

    codes: tuple[Code, ...]

    @property
    def text(self) -> str:
        return "\n".join(code.text for code in self.codes)

    @property
    def executes(self) -> bool:
        tree = tree_of(self.text)
        return tree is not None and any(True for _ in executed_statements(tree.body))

    @property
    def needed(self) -> frozenset[str]:
        return names_of(self.text).needed

    @property
    def unknown(self) -> frozenset[str]:
        """Names that no block defines and no usual import brings."""
        return frozenset(
            name for name in self.needed if usual_import(name) is None and name != DISPLAYHOOK.split(".")[0]
        )

    @property
    def lines(self) -> str:
        return ", ".join(str(code.place.line) for code in self.codes)


def assemble(pieces: Iterable[Piece]) -> Assembled:
    """Choose the blocks that show the problem, and join them."""
    codes, dropped, questions = _read_blocks(list(pieces))
    for code in codes[_MOST_BLOCKS:]:
        dropped.append(Dropped(place=code.place, text=code.text, why=f"only the first {_MOST_BLOCKS} blocks are read"))
    groups = _group(codes[:_MOST_BLOCKS])
    if not groups:
        return Assembled(code=None, dropped=tuple(dropped), questions=tuple(questions))
    chosen = max(groups, key=_score)  # of several that are equally good, the first
    decisions = []
    rest = [group for group in groups if group is not chosen]
    for group in rest:
        for code in group.codes:
            why = f"another example: the scenario is the code of line {chosen.lines}"
            dropped.append(Dropped(place=code.place, text=code.text, why=why))
    if len(chosen.codes) > 1:
        decisions.append(f"the blocks of lines {chosen.lines} are one program: each uses what those before it define")
    rivals = [group for group in rest if _score(group) == _score(chosen)]
    if rivals:
        places = "; ".join(f"line {group.lines}" for group in (chosen, *rivals))
        decisions.append(f"there are {1 + len(rivals)} separate examples ({places}): the first is the scenario")
        questions.append(
            f"Your report has {1 + len(rivals)} separate code examples ({places}). Which of them shows the problem? "
            "If they are different problems, please open an issue for each."
        )
    code = _join(chosen)
    missing = sorted(chosen.unknown)
    if missing:
        questions.append(
            f"The code uses {', '.join(f'`{name}`' for name in missing[:8])} and does not define "
            f"{'it' if len(missing) == 1 else 'them'}. Could you post a complete script that runs by itself?"
        )
    return Assembled(
        code=replace(code, decisions=(*code.decisions, *decisions)), dropped=(*code.dropped, *dropped),
        decisions=(*code.decisions, *decisions), questions=tuple(questions),
    )  # fmt: skip


def _read_blocks(pieces: list[Piece]) -> tuple[list[Code], list[Dropped], list[str]]:
    codes: list[Code] = []
    dropped: list[Dropped] = []
    questions: list[str] = []
    said = ""
    for piece in pieces:
        if piece.shape is not Shape.BLOCK:
            said = piece.text
            continue
        place = Place(file=piece.file, line=piece.line)
        found = read_block(piece, place)
        if isinstance(found, str):
            dropped.append(Dropped(place=place, text=piece.text, why=found))
            if found.startswith("incomplete"):
                questions.append(f"The code of line {piece.line} is {found}. Could you post the whole script?")
        elif _WAY_OUT.search(said[-200:]) or _WAY_OUT.search(piece.section):
            dropped.append(
                Dropped(place=place, text=piece.text, why="the text before it calls it a way out, or other code")
            )
        else:
            codes.append(found)
        said = ""
    complete = [code for code in codes if not has_placeholder(code.text)]
    for code in codes:
        if code in complete:
            continue
        dropped.append(Dropped(place=code.place, text=code.text, why="incomplete: `...` stands in place of code"))
        if not complete:
            questions.append(
                f"In the code of line {code.place.line}, `...` stands in place of code. Could you post all of it?"
            )
    return complete, dropped, questions


def _group(codes: list[Code]) -> list[_Group]:
    """Join the blocks that use what others define. Each is compared with all those before it, so many are too many."""
    groups: list[_Group] = []
    pending: list[Code] = []  # blocks of shell lines only: they belong to what follows, or to all
    for code in codes:
        if not code.text.strip():
            pending.append(code)
            continue
        needed = names_of(code.text).needed
        last = groups[-1] if groups else None
        defined = names_of(last.text).defined if last else frozenset()
        if last is not None and ((needed & defined) or not last.executes):
            groups[-1] = _Group(codes=(*last.codes, *pending, code))
        else:
            groups.append(_Group(codes=(*pending, code)))
        pending = []
    if pending and groups:
        groups[-1] = _Group(codes=(*groups[-1].codes, *pending))
    return groups


def _score(group: _Group) -> tuple[bool, bool, bool]:
    section = any(_REPRODUCES.search(code.section) for code in group.codes)
    return not group.unknown, group.executes, section


def _join(group: _Group) -> Code:
    first = next((code for code in group.codes if code.text.strip()), group.codes[0])
    return Code(
        place=first.place, text=group.text.strip("\n") + "\n", section=first.section,
        dropped=tuple(each for code in group.codes for each in code.dropped),
        outputs=tuple(each for code in group.codes for each in code.outputs),
        variables=tuple(each for code in group.codes for each in code.variables),
        requirements=tuple(each for code in group.codes for each in code.requirements),
        files=tuple(each for code in group.codes for each in code.files),
        decisions=tuple(each for code in group.codes for each in code.decisions),
    )  # fmt: skip
