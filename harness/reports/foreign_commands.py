"""Commands that a report runs after its script, and that are not run here: `saved_model_cli run --dir ...`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.reports.pieces import Piece, Shape

# What reads the files that a script writes. Commands that only show something, such as tensorboard, are left out.
_COMMAND = re.compile(
    r"^[ \t#$>!%]*(?P<command>(?:saved_model_cli +(?:run|convert|aot_compile_cpu)|tflite_convert|toco"
    r"|tensorflowjs_converter|python[\d.]* +-m +(?:tf2onnx\.convert|tensorflow\.python\.tools\.\w+))\b.*)$",
    re.MULTILINE,
)
_FRAME = re.compile(
    r"^[ \t]*File \"[^\"\n]{1,300}\", line \d+.*\n[ \t]+(?P<line>\S.*)$|^-+> \d+ (?P<cell>\S.*)$", re.MULTILINE
)
_LONGEST = 80


def command_after_script(pieces: Iterable[Piece]) -> str:
    """Return the first such command in a block of a report, shortened; nothing if there is none."""
    for piece in pieces:
        found = _COMMAND.search(piece.text[:20_000]) if piece.shape is Shape.BLOCK else None
        if found is not None:
            command = " ".join(found["command"].split())
            return command if len(command) <= _LONGEST else f"{command[: _LONGEST - 3].rstrip()}..."
    return ""


def raised_by_script(text: str, scripts: Iterable[str]) -> bool:
    """Return whether a traceback of a report goes through a line of its scripts."""
    lines = {line.strip() for script in scripts for line in script.split("\n")} - {""}
    return any((found["line"] or found["cell"]).strip() in lines for found in _FRAME.finditer(text))


def ask_about_command(command: str) -> str:
    """Return the question about a command that is not run."""
    return (
        f"The code shows the problem only with `{command}`, and only Python scripts are run. Could you post a script "
        "that shows it, such as one that loads the model with tf.saved_model.load and calls it?"
    )
