"""The code of a report that has no block: one call in a sentence that says that it fails."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from harness.project.syntax import tree_of
from harness.reports.code import DISPLAYHOOK, Code, names_of
from harness.reports.files_of_code import read_files
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Place, Says
from harness.reports.usual_imports import usual_import
from harness.reports.wording import verdict_of

_INLINE = re.compile(r"(?<!`)`(?P<code>[^`\n]{8,300})`(?!`)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])|\n\s*\n")
_OF_A_FRAMEWORK = re.compile(r"(?:keras|tf|tensorflow)\.\w")


def call_in_sentence(pieces: Iterable[Piece]) -> tuple[Code, str] | None:
    """Return the only call with arguments that a failing sentence has between backticks, with the decision.

    `Calling keras.layers.Resizing(2, 2)(x) raises ValueError: ...`. All its names must have usual imports.
    """
    prose = [each for each in pieces if each.shape is Shape.PROSE]
    found = {code.text: code for piece in prose for code in _calls(piece)}
    if len(found) != 1:
        return None
    (code,) = found.values()
    shown = code.text.strip().removeprefix(f"{DISPLAYHOOK}(").removesuffix(")")
    return code, f"the report has no block of code: its text says that `{shown}` fails"


def _calls(piece: Piece) -> Iterator[Code]:
    for found in _INLINE.finditer(piece.text):
        ends = [0, *(each.end() for each in _SENTENCE_END.finditer(piece.text)), len(piece.text)]
        start = max(each for each in ends if each <= found.start())
        if verdict_of(piece.text[start : min(each for each in ends if each >= found.end())]) is not Says.FAILS:
            continue
        text = found["code"].strip()
        tree = tree_of(text) if _OF_A_FRAMEWORK.search(text) else None
        node = tree.body[0] if tree is not None and len(tree.body) == 1 else None
        call = node.value if isinstance(node, ast.Expr) else None
        needed = names_of(text).needed
        if (
            isinstance(call, ast.Call)
            and (call.args or call.keywords)
            and not any(isinstance(each, ast.Constant) and each.value is ... for each in ast.walk(call))
            and all(map(usual_import, needed))
            and not read_files(text)
            and "version" not in text.lower()  # `print(tf.__version__)`
        ):
            line = piece.line + piece.text.count("\n", 0, found.start())
            yield Code(place=Place(line=line, file=piece.file), text=f"{DISPLAYHOOK}({text})\n")
