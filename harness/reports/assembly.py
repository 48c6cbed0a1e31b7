"""Choose the code blocks of a report that belong together. Every decision is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.project.syntax import tree_of
from harness.reports.blocks import is_code_block, read_block
from harness.reports.code import DISPLAYHOOK, Code, displaying, has_placeholder, is_transcript, names_of
from harness.reports.executed_code import executed_statements
from harness.reports.failures import exceptions_in
from harness.reports.files_of_code import read_files, written_files
from harness.reports.global_settings import only_sets
from harness.reports.named_blocks import as_files, file_name
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Dropped, Place, Says
from harness.reports.undefined_names import ask_for_names, undefined_names, used_by
from harness.reports.usual_imports import usual_import
from harness.reports.values_below_code import ends_with_value
from harness.reports.version_guards import guarded_versions
from harness.reports.vocabulary import vocabulary
from harness.reports.wording import verdict_of
from harness.reports.write_and_read_parts import RESTARTED, commented_writer, halves_after_restart, halves_of

INCOMPLETE = "incomplete"
"""How the reason begins for which code is dropped that lacks a part, or is wrong."""
_MOST_BLOCKS = 100
_REPRODUCES = re.compile(r"standalone code|reproduc|minimal|\bcode\b|\bscript\b|example|steps", re.IGNORECASE)
_WORKAROUND = re.compile(
    r"work-?around|this works|\bsimilar (?:code|script|example) works"
    r"|works (?:fine|as expected)|fix(?:es|ed)? (?:it|this|the)|\bsolution\b|proposed"
    r"|suggested (?:fix|change)|\bwould be (?:great|nice|good|useful|helpful) (?:if|to)\b"
    r"|the code in|source code of|implementation (?:of|in)|\binstead of\b",
    re.IGNORECASE,
)


_WORKING_CODE = re.compile(r"\bwork(?:s|ed|ing)\b|\bcorrect\b|\bfixed\b|\bsuccess|\bpass(?:es|ed|ing)\b", re.IGNORECASE)
_WHOLE = re.compile(
    r"\b(?:full|complete|whole|entire) (?:\w+ )?(?:code|script|example|program|repro\w*)", re.IGNORECASE
)
_LONGEST_LEAD = 80
_CONTRAST = re.compile(r"\b(?:but|however|whereas)\b", re.IGNORECASE)
_BUT = re.compile(r"\b(?:but|however|fails?|breaks|error)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A script from the blocks of a report, or None, with the decisions."""

    code: Code | None
    dropped: tuple[Dropped, ...] = ()
    decisions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    halves: tuple[str, str] | None = None
    """The code that writes a file, and the independent code that reads it."""
    restarted: bool = False
    """Whether the report says that the second half runs in a new process."""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Blocks that make one program, in their order."""

    codes: tuple[Code, ...]

    @property
    def text(self) -> str:
        return _joined(self.codes)

    @property
    def executes(self) -> bool:
        tree = tree_of(self.text)
        return tree is not None and any(True for _ in executed_statements(tree.body))

    @property
    def unknown(self) -> frozenset[str]:
        """Names that no block defines before it uses them, and no usual import brings."""
        return frozenset(
            name
            for name in undefined_names(self.text)
            if usual_import(name) is None and name != DISPLAYHOOK.split(".")[0]
        )

    @property
    def halves(self) -> tuple[str, str] | None:
        """The code that writes a file and the code that reads it, if neither needs the other's names."""
        return halves_of([code.text for code in self.codes]) or commented_writer(self.text)

    @property
    def lines(self) -> str:
        return ", ".join(dict.fromkeys(str(code.place.line) for code in self.codes))


def _joined(codes: Iterable[Code]) -> str:
    return "\n".join(code.text for code in codes)


def assemble(pieces: Iterable[Piece]) -> Assembled:
    """Choose the blocks that show the problem, and join them."""
    codes, dropped, questions = _read_blocks(list(pieces))
    for code in codes[_MOST_BLOCKS:]:
        dropped.append(Dropped(place=code.place, text=code.text, why=f"only the first {_MOST_BLOCKS} blocks are read"))
    codes, files, decisions = as_files(codes[:_MOST_BLOCKS])
    typed = [code for at, code in enumerate(codes) if _is_typed_again(code, codes[:at])]
    dropped += [
        Dropped(place=each.place, text=each.text, why="a session: its input is in the code above") for each in typed
    ]
    groups = _group([code for code in codes if code not in typed])
    if not groups:
        return Assembled(code=None, dropped=tuple(dropped), questions=tuple(questions))
    chosen = max(groups, key=_score)  # of several that are equally good, the first
    rest = [group for group in groups if group is not chosen]
    for group in rest:
        for code in group.codes:
            same = "the same example again" if _repeats(group, chosen) else "another example"
            why = f"{same}: the scenario is the code of line {chosen.lines}"
            dropped.append(Dropped(place=code.place, text=code.text, why=why))
    if len(chosen.codes) > 1:
        decisions.append(f"the blocks of lines {chosen.lines} are one program: each uses what those before it define")
    rivals = [each for each in rest if _score(each) == _score(chosen) and _is_rival(each, chosen)]
    if rivals:
        places = "; ".join(f"line {group.lines}" for group in (chosen, *rivals))
        decisions.append(f"there are {1 + len(rivals)} separate examples ({places}): the first is the scenario")
        questions.append(
            f"Your report has {1 + len(rivals)} separate code examples ({places}). Which of them shows the problem? "
            "If they are different problems, please open an issue for each."
        )
    code = _join(chosen)
    if missing := chosen.unknown:
        questions.append(ask_for_names(missing))
    return Assembled(
        code=replace(code, files=(*code.files, *files), decisions=(*code.decisions, *decisions)),
        dropped=(*code.dropped, *dropped), decisions=(*code.decisions, *decisions), questions=tuple(questions),
        halves=(after := halves_after_restart(chosen.text)) or chosen.halves, restarted=after is not None,
    )  # fmt: skip


def _read_blocks(pieces: list[Piece]) -> tuple[list[Code], list[Dropped], list[str]]:
    codes: list[Code] = []
    others: list[tuple[Code, str]] = []
    dropped: list[Dropped] = []
    questions: list[str] = []
    said = ""
    labels: list[Says | None] = []
    for at, piece in enumerate(pieces):
        if piece.shape is not Shape.BLOCK:
            said = piece.text
            continue
        place = Place(file=piece.file, line=piece.line)
        found = _with_value_below(read_block(piece, place), pieces[at + 1 : at + 3])
        if isinstance(found, str):
            dropped.append(Dropped(place=place, text=piece.text, why=found))
            if found.startswith(INCOMPLETE):
                questions.append(f"The code of line {piece.line} is {found}. Could you post the whole script?")
        elif _is_workaround(said) or _WORKAROUND.search(piece.section) or _works(piece.section):
            others.append((found, piece.text))
        else:
            codes.append(_with_words_before(found, said, piece.text, first=not codes))
            labels.append(verdict_of(label) if (label := _label(said)) else None)
        said = ""
    if Says.FAILS in labels:  # `A fails:` and `B does not fail:`
        labelled = list(zip(codes, labels, strict=True))
        others += [(code, code.text) for code, says in labelled if says is Says.WORKS]
        codes = [code for code, says in labelled if says is not Says.WORKS]
    if any(code.text.strip() for code in codes):
        why = "the text before it calls it a workaround, or other code"
        dropped += [Dropped(place=code.place, text=text, why=why) for code, text in others]
    else:
        codes += [code for code, _ in others]  # the only code of a report is what it is about
    codes = _without_parts_of_classes(codes, dropped, wrong=bool(questions))
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


def _without_parts_of_classes(codes: list[Code], dropped: list[Dropped], *, wrong: bool) -> list[Code]:
    """Leave out code that uses `self` outside of a class, if there is other code; `wrong` if other code is dropped."""
    parts = [code for code in codes if "self" in undefined_names(code.text)]
    if not wrong and len(parts) == len(codes):
        return codes
    why = "a part of a class, which does not run by itself"
    dropped += [Dropped(place=each.place, text=each.text, why=why) for each in parts]
    return [code for code in codes if code not in parts]


def _with_value_below(found: Code | str, following: list[Piece]) -> Code | str:
    """Return code that prints the value of its last expression, if output without an exception stands below it."""
    if isinstance(found, str) or not ends_with_value(found.text) or not _are_output(following):
        return found
    return replace(found, text=displaying(found.text, everything=False))


def _are_output(following: list[Piece]) -> bool:
    if following and following[0].shape is not Shape.BLOCK and len(following[0].text) <= _LONGEST_LEAD:
        following = following[1:]  # `Output:`
    below = next(iter(following), None)
    if below is None or below.shape is not Shape.BLOCK or is_code_block(below) or is_transcript(below.text):
        return False
    return not exceptions_in(below.text, Place(line=1))


def _with_words_before(code: Code, said: str, block: str, *, first: bool) -> Code:
    """Return code with what the words before it say: its file, that it is all of it, or a new process."""
    lead = said[-_LONGEST_LEAD:]
    text = f"# in a new process\n{code.text}" if not first and RESTARTED.search(lead) else code.text
    return replace(code, text=text, name=file_name(said, block), whole=_WHOLE.search(lead) is not None)


def _works(section: str) -> bool:
    """Return whether a heading says that what stands below it works: `Working comparison`."""
    return _WORKING_CODE.search(section) is not None and verdict_of(section) is Says.WORKS


def _label(said: str) -> str:
    """Return the line before a block that is its label: it ends with a colon. Of `A works, but:`, the end counts."""
    last = said.rstrip(" *`\n").rpartition("\n")[2]
    return _CONTRAST.split(last)[-1] if last.endswith(":") else ""


def _is_workaround(said: str) -> bool:
    """Return whether the last words before a block say that it is no problem: `this works:`, and no `but`."""
    found = list(_WORKAROUND.finditer(said[-200:]))
    if found and found[-1].group().lower() == "instead of" and verdict_of(_label(said)) is Says.FAILS:
        return False  # `it fails: 0 instead of 1:`
    return bool(found) and _BUT.search(said[-200:][found[-1].end() :]) is None


def _group(codes: list[Code]) -> list[_Group]:
    """Join the blocks that use names of others. Each is compared with all earlier ones, so their number is limited."""
    groups: list[_Group] = []
    pending: list[Code] = []  # blocks of shell lines only: they belong to what follows, or to all
    for code in codes:
        if not code.text.strip():
            pending.append(code)
            continue
        needed = names_of(code.text).needed
        last = groups[-1] if groups else None
        defined = names_of(last.text).defined if last else frozenset()
        hands_on = last is not None and bool(written_files(last.text) & read_files(code.text))
        if last is not None and ((needed & defined) or not last.executes or only_sets(last.text) or hands_on):
            groups[-1] = _Group(codes=(*last.codes, *pending, code))
        else:
            groups.append(_Group(codes=(*pending, code)))
        pending = []
    if pending and groups:
        groups[-1] = _Group(codes=(*groups[-1].codes, *pending))
    return [_definitions_first(each) if len(each.codes) > 1 else each for each in groups]


def _definitions_first(group: _Group) -> _Group:
    """Move blocks that only define before the statement that uses them: people explain what they call later."""
    codes = list(group.codes)
    for code in group.codes[1:]:
        if _Group(codes=(code,)).executes:
            continue
        defined = names_of(code.text).defined & undefined_names(_joined(codes))
        for at, earlier in enumerate(codes[: codes.index(code)]):
            if (line := _first_use(earlier.text, defined)) is None:
                continue
            lines = earlier.text.split("\n")
            head, tail = ("\n".join(part) for part in (lines[:line], lines[line:]))
            codes.remove(code)
            codes[at : at + 1] = [replace(earlier, text=head), code, replace(earlier, text=tail, dropped=(), files=())]
            break
    return _Group(codes=tuple(codes))


def _first_use(text: str, names: frozenset[str]) -> int | None:
    """Return the number of lines before the first statement that uses one of some names."""
    tree = tree_of(text)
    statements = tree.body if tree is not None else []
    return next((node.lineno - 1 for node in statements if used_by(node) & names), None)


def _score(group: _Group) -> tuple[bool, bool, bool, bool]:
    whole = any(code.whole for code in group.codes)
    section = any(_REPRODUCES.search(code.section) for code in group.codes)
    return not group.unknown, group.executes, section, whole


def _is_rival(other: _Group, chosen: _Group) -> bool:
    """Return whether a group may be the script instead: no repetition, and no NumPy next to a framework."""
    about = [any(name in group.text for name in vocabulary().names) for group in (other, chosen)]
    guards = [set(guarded_versions(group.text)) for group in (other, chosen)]
    compared = all(guards) and guards[0] != guards[1]  # the same in another version
    return not _repeats(other, chosen) and not compared and (about[0] or not about[1])


def _repeats(other: _Group, chosen: _Group) -> bool:
    """Return whether a group is the chosen one again: the same statements, or a session in which most were typed."""
    ours, theirs = _statements(chosen), _statements(other)
    if not theirs:
        return False
    typed = DISPLAYHOOK in other.text and DISPLAYHOOK not in chosen.text
    return theirs <= ours or (typed and 2 * len(ours & theirs) > len(theirs))


def _is_typed_again(code: Code, earlier: list[Code]) -> bool:
    """Return whether a session only shows what the code above it has already: `In [2]: tf.keras.__version__`."""
    lines = [line.strip() for line in code.text.split("\n")]
    lines = [line for line in lines if line and not line.startswith(("import ", "from "))]
    shown = [line.removeprefix(f"{DISPLAYHOOK}(").removesuffix(")") for line in lines if line.startswith(DISPLAYHOOK)]
    above = [each.text for each in earlier if DISPLAYHOOK not in each.text]
    return bool(shown) and len(shown) == len(lines) and any(all(each in text for each in shown) for text in above)


def _statements(group: _Group) -> frozenset[str]:
    """Return the lines that do something, without imports and versions that are only shown."""
    lines = (line.strip().removeprefix(f"{DISPLAYHOOK}(") for line in group.text.split("\n"))
    return frozenset(
        line for line in lines
        if len(line) > 2 and not line.startswith(("import ", "from ", "#")) and "__version__" not in line
    )  # fmt: skip


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
