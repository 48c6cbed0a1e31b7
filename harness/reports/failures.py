"""Extract the exceptions that a report shows: in tracebacks, quoted in sentences, and in paragraphs of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from harness.reports.blocks import is_code_block
from harness.reports.facts import LOG_LINE, place_in
from harness.reports.mentions import find_mentions
from harness.reports.pieces import Piece, Shape
from harness.reports.report import Failure, Place

_EXCEPTION = re.compile(
    r"^(?:E\s+|>{1,3}\s*)?(?P<type>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|NotImplemented|StopIteration|Timeout))"
    r"(?:: (?P<message>.*))?$"
)
_QUOTED_EXCEPTION = re.compile(
    r"`(?P<type>[A-Z]\w*(?:Error|Exception))(?:`\s?:\s?`(?=[^`\n]*`[.,;)]?\s*(?:\n|$))|: )(?P<message>[^`]{3,500})`"
    r"|(?:(?<=: )|\b(?:throws?|threw|rais(?:es?|ed|ing)|get(?:s|ting)?|got|gives?|with|error|the|an?"
    r"|results? in|resulted in|resulting in|leads? to|led to|says|saying|shows|is|was|by|sees?|following) )"
    r"(?P<named>[A-Z]\w*(?:Error|Exception)): (?P<said>[^\n]{8,500})"
)
_CHAINED = re.compile(r"Traceback|During handling|direct cause")
_WRAPPER = re.compile(r"Exception encountered when calling")
_NO_MESSAGE = re.compile(r"\s*(?:!\[|<|https?://|`?(?:import|from|if|def|class) )")
_END_OF_MESSAGE = re.compile(
    r"^\s*$|^(?:E\s+|>\s*)?\S+\.py:\d+|^={5,}|^-{5,}|^During handling|^The above exception"
    r"|^Traceback|^\s+File \"|^In \[|^>>>"
    r"|^(?:\([\w.-]+\) ?)?[\w.-]+@[\w.-]+[:~]\S*[#$]"  # the prompt of a shell
    r"|^(?:Standalone code to reproduce|Relevant log output|No response|`)"  # an issue form without its marks
)
# The output of pytest for an assertion: `E       assert 1 == 5`, a blank line, and `test_x.py:36: AssertionError`.
_PYTEST_LINE = re.compile(r"E\s|\s*$")
_PYTEST_END = re.compile(r"\S+\.py:\d+: (?P<type>[A-Z]\w*(?:Error|Exception))\s*$")
_LONGEST = 4000
_LONGEST_WRAPPER = 100
_EMPHASIS = re.compile(r"(?<=['\"`( ])\*\*([\w. -]{1,80})\*\*(?=['\"`). ])")
_ASKED = re.compile(r"(['\"])\?+$")
"""`has no attribute 'x'?`: a title that quotes a message and asks."""
_WHERE = re.compile(r"\b(?:in|on|with|since|after|from|using|under)\W*$", re.IGNORECASE)
_MOST = 200


def failures_in(pieces: Iterable[Piece]) -> list[Failure]:
    """Return the exceptions of a report: the last one of each traceback first, then quoted ones."""
    found: list[Failure] = []
    quoted: list[Failure] = []
    pieces = list(pieces)
    for place, piece in enumerate(pieces):
        if piece.shape is Shape.BLOCK:
            shown = exceptions_in(piece.text, Place(line=piece.line, file=piece.file))
            # Of a traceback, the last one is seen; between the statements of a script, the first.
            between = len(shown) > 1 and not _CHAINED.search(piece.text) and is_code_block(piece)
            found += shown if between else reversed(shown)
        else:
            quoted += (
                _with_paragraph(
                    _of_title(each) if piece.shape is Shape.HEADING else each, pieces[place + 1 : place + 2]
                )
                for each in exceptions_in(piece.text, Place(line=piece.line, file=piece.file))
            )
            quoted += [
                Failure(
                    place=place_in(piece, each.start()),
                    type=each["type"] or each["named"],
                    message=each["message"] or each["said"],
                )
                for each in _QUOTED_EXCEPTION.finditer(piece.text)
            ]
        if len(found) > _MOST:
            break
    kept: dict[tuple[str, str], Failure] = {}
    for failure in _without_what_follows([*found, *quoted]):
        kept.setdefault((failure.type, failure.message[:60]), failure)
    return list(kept.values())[:_MOST]


def _of_title(failure: Failure) -> Failure:
    """Return an exception without its message, if a title tells of it: `TypeError: adding fails in TF 2.9`."""
    last = next(iter(find_mentions(failure.message)[-1:]), None)
    is_case = (
        last is not None
        and _WHERE.search(failure.message[: last.start])
        and not failure.message[last.end :].strip(" .?!)")
    )
    return replace(failure, message="") if is_case else failure


def _without_what_follows(failures: list[Failure]) -> list[Failure]:
    """Take off what was read as further lines of a message, if the same message stands elsewhere without them."""
    plain: dict[str, list[str]] = {}
    for each in failures:
        plain.setdefault(each.type, []).append(each.message)
    return [
        replace(each, message=shorter) if (shorter := _begun_by(each.message, plain[each.type])) else each
        for each in failures
    ]


def _begun_by(message: str, others: list[str]) -> str:
    """Return the shortest other message with which one begins; nothing if there is none."""
    return min((each for each in others if each and message.startswith(f"{each} ")), key=len, default="")


def _with_paragraph(failure: Failure, following: list[Piece]) -> Failure:
    """Return an exception with the paragraph below it, if its own only says which layer was called."""
    if not following or following[0].shape is Shape.BLOCK or len(failure.message) > _LONGEST_WRAPPER:
        return failure
    if not _WRAPPER.match(failure.message) or _NO_MESSAGE.match(following[0].text):
        return failure
    said = following[0].lines[0].strip(" *`")
    return replace(failure, message=f"{failure.message} {said}")


def exceptions_in(text: str, place: Place) -> list[Failure]:
    """Return the lines `Type: message`, with the further lines of the message."""
    lines = text.split("\n")
    failures: list[Failure] = []
    for offset, line in enumerate(lines):
        if len(failures) > _MOST:
            break
        found = (
            _EXCEPTION.match(line[:_LONGEST]) if line[:1] not in (" ", "\t") or line.lstrip().startswith("E ") else None
        )
        found = found or _EXCEPTION.match(line.strip()[:_LONGEST]) if line.strip()[:1].isupper() else found
        if (asserted := _of_pytest(lines, offset, place)) is not None:
            failures.append(asserted)
            continue
        if found is None or (found["message"] is None and not _after_traceback(lines, offset)):
            continue
        message = [found["message"] or ""]
        for following in lines[offset + 1 : offset + 30]:
            if not following.strip() and len(message) == 1 and _WRAPPER.match(message[0]):
                continue  # Keras says which layer it was, and below a blank line what happened
            if _END_OF_MESSAGE.match(following) or LOG_LINE.match(following) or _EXCEPTION.match(following):
                break
            message.append(re.sub(r"^(?:E\s+|>\s)", "", following).strip())
        if message[-1].endswith("`") and "\n".join(message).count("`") % 2:
            message[-1] = message[-1][:-1].rstrip()  # it ends the traceback, which stands between backticks
        if message[-1].endswith('"') and "".join(message).count('"') % 2:
            message[-1] = message[-1][:-1].rstrip()  # so does a quotation mark
        failures.append(
            Failure(
                place=Place(line=place.line + offset, file=place.file),
                type=found["type"],
                message=_ASKED.sub(r"\1", _EMPHASIS.sub(r"\1", " ".join(message).strip()))[:_LONGEST],
            )
        )
    return failures


def _of_pytest(lines: list[str], at: int, place: Place) -> Failure | None:
    """Return the failed assertion that pytest shows above `test_x.py:12: AssertionError`, which has no type there."""
    found = _PYTEST_END.match(lines[at])
    start = next((each for each in range(at - 1, max(-1, at - 60), -1) if not _PYTEST_LINE.match(lines[each])), -1) + 1
    while start < at and not lines[start].strip():
        start += 1
    if found is None or start >= at or _EXCEPTION.match(lines[start]):
        return None
    message = " ".join(each[1:].strip() for each in lines[start:at] if each.strip())
    where = Place(line=place.line + start, file=place.file)
    return Failure(place=where, type=found["type"], message=message[:_LONGEST])


def _after_traceback(lines: list[str], at: int) -> bool:
    return any(
        "Traceback" in line or line.lstrip().startswith(("File ", "---->")) for line in lines[max(0, at - 30) : at]
    )
