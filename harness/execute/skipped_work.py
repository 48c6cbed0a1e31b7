"""Scripts that pass because they skipped their work: no arguments, no GPU, no file. Pure."""

from __future__ import annotations

from harness.execute.failure_facts import AttemptContext
from harness.execute.missing_input import NAME_THEM, NO_ARGUMENTS
from harness.execute.no_verdict_reason import NoVerdictReason, not_applicable, short
from harness.model import NoVerdict
from harness.reports.known_values import Cause, Given
from harness.reports.switched_off_code import SwitchedOff, switched_off

_ALWAYS_SET = frozenset(
    {
        "PATH",
        "HOME",
        "TMPDIR",
        "TEMP",
        "TMP",
        "LANG",
        "LC_ALL",
        "USERPROFILE",
        "SYSTEMROOT",
        "PYTHONIOENCODING",
        "PYTHONHASHSEED",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
    }
)
_WORDS = {
    Cause.CONSTANT: (NoVerdict.NOTHING_EXECUTED, "it is the same in each run. Change it"),
    Cause.ARGUMENTS: (NoVerdict.NO_ARGUMENTS, f"{NO_ARGUMENTS}. {NAME_THEM}"),
    Cause.INPUT: (NoVerdict.NO_INPUT, "its standard input is empty. Name a file with --stdin"),
    Cause.VARIABLE: (NoVerdict.NO_INPUT, "the environment variable is not set. Set it in the script"),
    Cause.GPU: (NoVerdict.NO_GPU, "needs a GPU, and scripts see none"),
    Cause.FILE: (NoVerdict.MISSING_FILE, "the file was not sent with it. Name it under `files` in [tool.harness]"),
}


def did_nothing(context: AttemptContext) -> NoVerdictReason | None:
    """Return why there is no verdict if a script passed and did nothing: it has no arguments, GPU or file."""
    given = Given(
        arguments=not context.reads_arguments,
        stdin=context.has_input,
        gpu=not context.sandboxed,
        outside=not context.sandboxed,
        files=bool(context.sent) or context.reads_artifact or context.has_data,
        variables=context.variables | _ALWAYS_SET,
    )
    off = switched_off(context.text, given)
    if off is None:
        return None
    cause, words = _WORDS[off.cause]
    return not_applicable(cause, f"{_where(off)}: {words}")


def _where(off: SwitchedOff) -> str:
    return f"nothing was executed because of line {off.line}, `{short(off.test)}`"
