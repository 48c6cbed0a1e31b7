"""Extract facts of a report: fields of issue forms, the reporter's machine, exceptions, output, date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator

from harness.reports.blocks import is_code_block
from harness.reports.mentions import package_of, version_in, versions_in
from harness.reports.pieces import Piece, Shape
from harness.reports.pip_output import reported_by_pip
from harness.reports.report import Claim, Output, Place, Says, Setting
from harness.reports.signatures import is_signature
from harness.reports.tables import is_table, package_rows
from harness.reports.vocabulary import vocabulary
from harness.reports.wording import is_wish, verdict_of

_FIELD = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)?(?P<name>`?[A-Za-z][\w ()/.,?&'`-]{1,90}?)"
    r"(?:\*\*|__)?[ \t]*(?::[ \t]*(?:\*\*|__)?|(?<=\*\*)[ \t])"
    # the value may stand in the next line, if that is no field itself
    r"[ \t]*(?:\n(?![^\n:]{0,90}:(?:\s|$))(?=[^\n]{1,60}$)[ \t]*(?![-*+#>]))?(?P<value>\S.*)$",
    re.MULTILINE,
)
_BOLD_FIELD = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)(?P<name>[^*_\n]{3,90}?):?(?:\*\*|__)[ \t]*:?[ \t]*(?P<value>\S.*)$",
    re.MULTILINE,
)
# The fields of the issue forms of TensorFlow, Keras and similar projects.
_FIELDS = (
    ("nightly", re.compile(r"nightly(?!.*\bversion\W*$)", re.IGNORECASE)),
    ("tensorflow-datasets", re.compile(r"tensorflow[-_ ]datasets\b.*version", re.IGNORECASE)),
    ("tf-keras", re.compile(r"tf[-_. ]keras\b.*version|^tf[-_]keras$", re.IGNORECASE)),
    ("tensorflow-hub", re.compile(r"tensorflow[-_ ]hub\b.*version", re.IGNORECASE)),
    ("tensorflow-text", re.compile(r"tensorflow[-_ ]text\b.*version", re.IGNORECASE)),
    ("keras-hub", re.compile(r"keras[-_ ]?hub\b.*version", re.IGNORECASE)),
    ("jax", re.compile(r"^jax\b.*version", re.IGNORECASE)),
    (
        "tensorflow",
        re.compile(
            r"(?:tensorflow|tf)\b.*version|^version of tensorflow|^tensorflow(?: library)?$|^tf$", re.IGNORECASE
        ),
    ),
    (
        "keras",
        re.compile(r"keras(?![-_ ]?(?:nlp|cv|tuner|core|rs))\b.*version|^version of keras|^keras$", re.IGNORECASE),
    ),
    ("numpy", re.compile(r"numpy\b.*version|^numpy$", re.IGNORECASE)),
    ("python", re.compile(r"python\b.*version|^version of python|^python$", re.IGNORECASE)),
    ("backend", re.compile(r"\bbackend\b", re.IGNORECASE)),
    ("os", re.compile(r"\bos\b|operating system|\bplatform\b|\bdistribution\b", re.IGNORECASE)),
    ("gpu", re.compile(r"\bgpu\b", re.IGNORECASE)),
    ("cuda", re.compile(r"\bcuda\b", re.IGNORECASE)),
)
VERSION_FIELDS = tuple(name for name, _ in _FIELDS if name not in ("nightly", "backend", "os", "gpu", "cuda"))
"""The fields whose value is a version."""
_OS = re.compile(
    r"\b(?:Windows(?: (?:1[01]|[78]|Server \d+))?|Ubuntu(?: \d+\.\d+)?|Debian(?: \d+)?|Fedora(?: \d+)?|CentOS(?: \d+)?"
    r"|mac ?OS(?: [\d.]+| \w+)?|MacBook(?: \w+)?"
    r"|Colab|Kaggle|WSL2?|Linux|Arch Linux|Mac M\d)\b"
)
_EXAMPLES = re.compile(r"\(\s*e\.?g\.?[^()\n]{0,100}\)", re.IGNORECASE)
"""What the label of a field gives as examples: `OS (e.g., Linux Ubuntu 16.04)`."""
_BACKEND = re.compile(
    r"KERAS_BACKEND[\"'\]\s=,:]*[\"']?(?P<one>jax|torch|tensorflow|openvino|numpy)\b|\bbackends?[:\s=]+[`\"']?(?P<two>jax|torch|"
    r"tensorflow|pytorch|openvino)\b|\b(?P<three>jax|torch|tensorflow|pytorch|openvino)[`\"']? backend\b",
    re.IGNORECASE,
)
BACKEND_VARIABLE = "KERAS_BACKEND"
_PYTHON = re.compile(r"\bPython[ :=v`*-]*(?P<version>[23]\.\d+(?:\.\d+)?)", re.IGNORECASE)
LOG_LINE = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.,]*:? [IWEF] |^(?:WARNING|ERROR|INFO)[: ]|\bW0000 |\bE0000 |^\[\w+\] "
)
_LOGGED_IN_TEXT = re.compile(r"^`?(?:WARNING|ERROR):[\w.]+: ?\S", re.MULTILINE)
PIP_LIST = re.compile(r"^(?P<name>[A-Za-z][\w.-]*)(?:==|[ \t]{2,}|[ \t]+\()(?P<version>\d[\w.+!-]*)\)?(?:[ \t].*)?$")
_PIP_SHOW = re.compile(r"^Name: (?P<name>[A-Za-z][\w.-]*)\nVersion: (?P<version>\d[\w.+!-]*)$", re.MULTILINE)
_LISTS = re.compile(r".*[$#%>] +(?:\S+ -m +)?(?:uv +)?pip3? +(?:list|freeze)\b")
_DATE = re.compile(
    r"(?im)^[ \t]*[-*]?[ \t]*(?:\"?(?:date|created|created_at|createdat|reported|opened)\"?)"
    r"[^\n\w]{1,6}(?P<date>20\d\d-\d\d-\d\d)"
)
_LOGGED = re.compile(r"(?m)^[ >]*(?P<date>20\d\d-\d\d-\d\d)[ T]\d\d:\d\d:\d\d[\d.,]*: [IWEF] ")
_EXPECTED = re.compile(r"expect", re.IGNORECASE)
_ACTUAL = re.compile(r"output|current|actual|result|what happen|prints?\b|on the screen|shown?\b", re.IGNORECASE)
# `I expected 3, but got:`
_SHOWN = re.compile(
    r"\b(?:but|instead|however|actual\w*|(?:I|we) (?:get|got|see|saw)|it (?:prints|printed|shows|gives|returns))\b",
    re.IGNORECASE,
)
_LOGS = re.compile(r"\blog\b|traceback|stack ?trace|error message", re.IGNORECASE)
_EMPTY = {"no response", "_no response_", "n/a", "none", "-", "no", "na"}
_PLACEHOLDER = re.compile(r"<[^<>]*>|\(\)|-?[^:]{1,90}:")
"""What a form has in place of a value: `<os>`, nothing in brackets, the label of the next field."""
LISTED_CLAIMS = {"tensorflow", "keras", "tf-keras", "keras-nightly", "tf-nightly"}
_FAILED = re.compile(r"^(?:\w+\.)*\w*Error\b|^Traceback|^FAILED|^E  ", re.MULTILINE)
_OLD = re.compile(r"\b(?:old|previous|earlier|working|before the)\b", re.IGNORECASE)
_IS_VERSION = re.compile(r"\b(?:tensorflow|keras|numpy|python)\b[ =:\w]{0,12}\d", re.IGNORECASE)
_FORM_QUESTION = re.compile(r"\W*(?:have|which|what|do|did|is|are|please|describe|click)\b|.*\?\W*$", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)")
_LONGEST_FIELD = 4
"""Words of a heading that is a field: `OS Platform and Distribution`."""
_LONGEST = 4000
_LONGEST_LABEL = 100
_LONGEST_HEADING = 5
"""Words of a heading: a title may speak of a message, too."""
LONGEST_SESSION = 2000
_MOST_FIELDS = 30
_LONGEST_FORM = 10_000
_MOST = 200


def fields_of(pieces: Iterable[Piece]) -> Iterator[tuple[str, str, Place]]:
    """Yield the fields of an issue form with their kind: headings with a value below, and `Name: value`."""
    heading: Piece | None = None
    for at, piece in enumerate(pieces):
        if piece.shape is Shape.HEADING:
            titled = version_in(piece.text) or (at == 0 and is_sentence(piece.text))  # a title is no field
            heading = None if titled else piece
            continue
        if heading is not None and (kind := kind_of(heading.text)) and len(piece.text) < 500 and "**" not in piece.text:
            yield from _value(kind, piece.text, Place(line=piece.line, file=piece.file))
        heading = None
        if (piece.shape is Shape.PROSE and len(piece.text) < _LONGEST_FORM) or _is_list_of_fields(piece):
            for pattern in (_BOLD_FIELD, _FIELD):
                for found in pattern.finditer(piece.text):
                    place = Place(line=piece.line + piece.text.count("\n", 0, found.start("value")), file=piece.file)
                    if kind := kind_of(found["name"]):
                        yield from _value(kind, found["value"], place)


def _is_list_of_fields(piece: Piece) -> bool:
    """Return whether a block lists what the reporter has: `TensorFlow: 2.18.0`, line by line."""
    lines = [line for line in piece.lines if line.strip()]
    if piece.shape is not Shape.BLOCK or not 2 <= len(lines) <= _MOST_FIELDS:
        return False
    found = [_FIELD.match(line) for line in lines]
    kinds = [kind_of(each["name"]) for each in found if each is not None]
    return (
        all(":" in line for line in lines)
        and sum(kind in ("tensorflow", "keras", "python", "numpy", "os") for kind in kinds) > 1
    )


def kind_of(name: str) -> str | None:
    """Return the kind of a field of an issue form by its name; None for another heading."""
    name = name.strip()
    if len(name) > 90 or len(name.split()) > 14:
        return None
    return next((kind for kind, pattern in _FIELDS if pattern.search(name)), None)


def is_sentence(heading: str) -> bool:
    """Return whether a heading is the title of a report: longer than what forms ask for, and no question of a form."""
    words = _ASIDE.sub("", heading).split()
    return len(words) > _LONGEST_FIELD and _FORM_QUESTION.match(heading) is None


def _value(kind: str, text: str, place: Place) -> Iterator[tuple[str, str, Place]]:
    text = " ".join(text.replace("**", "").split()).strip("`* ")
    empty = not text or (text.lower() in _EMPTY and kind != "nightly") or _PLACEHOLDER.fullmatch(text)
    if empty or "python -c" in text:
        return
    if kind in VERSION_FIELDS:
        for version in versions_in(text):
            yield kind, version, place
    elif kind == "nightly":
        if text.lower().startswith("yes"):
            yield kind, text, place
    elif kind == "backend":
        named = [each.lower() for each in re.findall(r"jax|torch|tensorflow|openvino", text, re.IGNORECASE)]
        if named and (len(set(named)) == 1 or verdict_of(text) is None):  # `works in jax, fails in torch` is a sentence
            yield kind, "tensorflow" if "tensorflow" in named else named[0], place
    elif kind != "os" or not _IS_VERSION.search(text):  # `Packages (Windows OS)` is a heading of something else
        yield kind, text.partition(" (")[0][:200], place


def settings_of(pieces: list[Piece]) -> list[Setting]:
    """Return the settings of the reporter's machine: form fields first, the first mention of each name."""
    found = [
        Setting(name=name, value=value, place=place) for name, value, place in fields_of(pieces) if name != "nightly"
    ]
    for piece in pieces:
        text = piece.text[:20_000]
        found += [
            Setting(name="python", value=each["version"], place=place_in(piece, each.start()))
            for each in _PYTHON.finditer(text)
        ]
        if piece.shape is not Shape.BLOCK:
            found += [
                Setting(name="os", value=each.group(), place=place_in(piece, each.start()))
                for each in _OS.finditer(_EXAMPLES.sub(lambda found: " " * len(found.group()), text))
            ]
        for each in _BACKEND.finditer(text):
            name = (each["one"] or each["two"] or each["three"]).lower().replace("pytorch", "torch")
            found.append(Setting(name="backend", value=name, place=place_in(piece, each.start())))
            if version := re.match(r"[`'\"]?[ ,(]+v?(\d+\.\d+(?:\.\d+)?)", text[each.end() :]):
                found.append(Setting(name=name, value=version[1], place=place_in(piece, each.start())))
        found += _listed(piece)
        if len(found) > 10 * _MOST:
            break
    kept: dict[str, Setting] = {}
    for setting in found:
        kept.setdefault(setting.name, setting)
    return list(kept.values())[: 5 * _MOST]


def pip_list(piece: Piece) -> list[Setting]:
    """Return the packages of a block with the output of `pip list`, `pip freeze` or `pip show`; none for others."""
    shown = [
        Setting(name=package_of(each["name"]), value=each["version"], place=place_in(piece, each.start("version")))
        for each in _PIP_SHOW.finditer(piece.text[:20_000])
    ]
    if shown:
        return shown
    found = [(offset, match) for offset, line in enumerate(piece.lines) if (match := PIP_LIST.match(line.strip()))]
    filled = sum(1 for line in piece.lines if line.strip())
    if len(found) < 3 or len(found) * 2 < filled:
        return []
    return [
        Setting(
            name=package_of(match["name"]),
            value=match["version"],
            place=Place(line=piece.line + offset, file=piece.file),
        )
        for offset, match in found
    ]


def _listed_in_session(piece: Piece) -> Iterator[Setting]:
    """Yield the packages below `$ pip list` in a session of a shell."""
    inside = False
    for offset, line in enumerate(piece.lines[:LONGEST_SESSION]):
        found = PIP_LIST.match(line.strip().replace(" ", "  ", 1)) if inside else None  # the longest name has one
        inside = _LISTS.match(line[:_LONGEST_LABEL]) is not None or found is not None
        if found is not None:
            place = Place(line=piece.line + offset, file=piece.file)
            yield Setting(name=package_of(found["name"]), value=found["version"], place=place)


def _listed(piece: Piece) -> list[Setting]:
    """Return the packages that a block or a table lists as installed."""
    if piece.shape is Shape.BLOCK:
        return pip_list(piece) or list(_listed_in_session(piece)) or list(reported_by_pip(piece))
    return [Setting(name=name, value=version, place=place) for name, version, place in package_rows(piece)]


def claims_of_fields(pieces: list[Piece]) -> Iterator[Claim]:
    """Yield the versions of a form's fields and of package lists: with these, the reporter saw the failure."""
    for name, value, place in fields_of(pieces):
        if name == "nightly":
            yield Claim(text=f"nightly: {value}", place=place, says=Says.FAILS, package="tf-nightly", version="nightly")
        elif name in ("tensorflow", "keras", "numpy", "tf-keras"):
            yield Claim(text=f"{name} {value}", place=place, says=Says.FAILS, package=name, version=value)
    said = ""
    for piece in pieces:
        if piece.shape is not Shape.BLOCK and not is_table(piece):
            said = piece.text[-_LONGEST_LABEL:]
        else:
            # `It was fine with keras 2.15.` speaks of that version, and not of the list below.
            labels = () if _FAILED.search(piece.text) else (piece.section, *(() if version_in(said) else (said,)))
            says = Says.WORKS if any(map(_is_working, labels)) else Says.FAILS
            for each in _listed(piece):
                if each.name in LISTED_CLAIMS or each.name in vocabulary().subjects:
                    yield Claim(
                        text=f"{each.name} {each.value}",
                        place=each.place,
                        says=says,
                        package=each.name,
                        version=each.value,
                    )


def claims_of_settings(pieces: list[Piece], claims: Iterable[Claim]) -> Iterator[Claim]:
    """Yield the listed version of a package of which the report says only that another version works."""
    said = {(each.package, each.says) for each in claims}
    works = {(each.package, each.version) for each in claims if each.says is Says.WORKS}
    for each in settings_of(pieces):
        only_works = (each.name, Says.WORKS) in said and (each.name, Says.FAILS) not in said
        if only_works and (each.name, each.value) not in works and each.value[:1].isdigit():
            text = f"{each.name} {each.value}"
            yield Claim(text=text, place=each.place, says=Says.FAILS, package=each.name, version=each.value)


def _is_working(label: str) -> bool:
    """Return whether the words before a package list say that it is that of a version that works."""
    return verdict_of(label) is Says.WORKS or _OLD.search(label) is not None


def outputs_in(pieces: Iterable[Piece], dropped_lines: set[tuple[str, int]]) -> list[Output]:
    """Return the output that a report shows, of the blocks that are not code: what was seen, logged and expected."""
    found: list[Output] = []
    said = ""
    for piece in pieces:
        if piece.shape is not Shape.BLOCK:
            logs = "Traceback" in piece.text or LOG_LINE.search(piece.text)
            if piece.shape is Shape.PROSE and is_wish(piece.section) and len(piece.text) < _LONGEST and not logs:
                found.append(Output(place=Place(line=piece.line, file=piece.file), text=piece.text, role="expected"))
            elif piece.shape is Shape.PROSE and (logged := _LOGGED_IN_TEXT.search(piece.text)):
                shown = piece.text[logged.start() :][:_LONGEST]
                found.append(Output(place=place_in(piece, logged.start()), text=shown, role="log"))
            said = piece.text[-200:]
            continue
        dropped = (piece.file, piece.line) in dropped_lines and not is_code_block(piece)
        if dropped and not pip_list(piece) and not is_signature(piece.text):
            place = Place(line=piece.line, file=piece.file)
            found.append(Output(place=place, text=piece.text[:_LONGEST], role=_role(piece, said)))
        said = ""
    return found[:_MOST]


def _role(piece: Piece, said: str) -> str:
    if (
        "Traceback" in piece.text
        or any(LOG_LINE.search(line) for line in piece.lines[:50])
        or (_LOGS.search(piece.section) and len(piece.section.split()) <= _LONGEST_HEADING)
    ):
        return "log"
    wished = [each.end() for each in _EXPECTED.finditer(said)]
    shown = [each.end() for each in _SHOWN.finditer(said)]
    if (wished and max(wished) > max(shown, default=-1)) or (is_wish(piece.section) and not _ACTUAL.search(said)):
        return "expected"
    return "actual"


def date_of(text: str) -> dt.date | None:
    """Return the date of a report, if a line says it; otherwise that of its first log line."""
    found = _DATE.search(text[:20_000]) or _LOGGED.search(text)
    if found is None:
        return None
    try:
        return dt.date.fromisoformat(found["date"])
    except ValueError:
        return None


def place_in(piece: Piece, at: int) -> Place:
    """Return the place of a character of a piece."""
    return Place(line=piece.line + piece.text.count("\n", 0, at), file=piece.file)
