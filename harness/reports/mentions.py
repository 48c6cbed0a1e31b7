"""Versions of packages as people write them: `TF2.13.0rc2`, `Keras 3.9.2`, `v2.5.0-0-ga4dfb8d1a71 2.5.0`."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from harness.reports.vocabulary import vocabulary

_VERSION = r"\d+(?:\.\d+){1,3}(?:[-.]?(?:rc|alpha|beta|a|b|dev|post)\.?\d+)?"
_NAMES = (
    r"tensorflow[-_ ](?:text|hub|cpu|gpu|probability|addons|datasets)"
    r"|tensorflow[-_](?:macos|intel|io|federated|quantum|lite)|tensorflow|tfp|tfds"
    r"|tf[-_.]keras|tf[-_]nightly(?:[-_](?:cpu|gpu))?|tf|keras(?:[-_]nightly|[-_ ]?(?:nlp|hub|cv|tuner|core|rs))|keras"
    r"|numpy|pytorch|torch|jaxlib|jax|python|protobuf|h5py|scipy|pandas|transformers|ml[-_]dtypes|cuda|cudnn|apache[-_]beam|pip|setuptools"
    # what TensorFlow and Keras install
    r"|typing[-_]extensions|wrapt|gast|flatbuffers|grpcio|opt[-_]einsum|astunparse|absl[-_]py|optree|tensorboard"
)
# Packages on top of the subjects of a report, with versions of their own
_COMPANION = re.compile(
    r"(?<![\w-])(?P<one>keras)[-_ ]?(?P<other>nlp|hub|cv|tuner|rs)\b"
    r"|(?<![\w-])(?P<of>tensorflow)[-_](?P<part>text|hub|probability|addons|datasets|federated)\b",
    re.IGNORECASE,
)
_JOINED_NAME = re.compile(r"keras[ -]?(?=(?:nlp|hub|cv|tuner|core|rs)$)")
_USUAL = re.compile(_NAMES, re.IGNORECASE)
_DESCRIBED = rf"v?(?P<tag>{_VERSION})-(?P<commits>\d+)-g[0-9a-f]{{6,}}(?:[\s,]+v?(?P<said>{_VERSION}))?"
# Without the name of a package: the tag of an image, and what `git describe` says of a build.
_OF_A_BUILD = re.compile(
    rf"(?<![\w.-])(?:tensorflow/tensorflow:(?P<version>{_VERSION})|(?=v\d){_DESCRIBED})(?!\w)", re.IGNORECASE
)
_BARE = re.compile(rf"(?<![\w.=/:~<>-])[vr]?(?P<version>{_VERSION})(?![\w%]|\.\d|-\d+-g[0-9a-f]{{6}})", re.IGNORECASE)
_LEADS_TO_VERSION = re.compile(
    r"(?:\b(?:in|with|on|to|since|from|between|until|till|of|after|before|for|by"
    r"|(?:newer|older|earlier|later|other) than|using|under|and|or|both|at|stable"
    r"|as of|up to|including|back to|starting with|tested|tried|also|(?:does|do|did)(?: not|n't))(?: the)?|^"
    r"|[(,/&|]|->|=>|\u2192|\bw/"
    r"|\b(?:versions?|releases?|good|bad):?"
    r"|\bnot [<>]=?|\be\.g\.|\bi\.e\.|\bsuch as|\bnamely"
    r"|\b(?:affected|works?|working|fails?|failing|broken|good|bad|tested|ok)[`'\"*)]*:)\s*[`'\"*(+]*[vr]?$",
    re.IGNORECASE,
)
_IN_LIST = re.compile(
    r"[`'\"*)]*\s*(?:,|/|and|or|&|\((?:and|or)|to|through|,\s*and|up to(?: and including)?|-|\u2013|until)"
    r"\s*[`'\"*(]*v?$",
    re.IGNORECASE,
)
_JOINED = re.compile(r"[`'\"*)]*\s*(?:,|/|and|or|&|,\s*(?:and|or))\s*[`'\"*(]*v?")
_SERIES = re.compile(r"-?(?:rc|alpha|beta|dev)\*")
"""What follows a version of which all candidates are meant: `2.1.0-rc*`."""
# `upgraded Keras from 2.0.4 to 2.0.5`
_FROM = re.compile(rf"(?<![\w.@/-])(?P<package>{_NAMES})[`'\"*]* (?:version )?from v?$", re.IGNORECASE)
# `Keras & TensorFlow upgrade to 3.3 and 2.16.1`
_PAIRED = re.compile(
    rf"(?<![\w.@/-])(?P<one>{_NAMES}) ?(?:&|and|/) ?(?P<two>{_NAMES})\b[^.\n]{{0,40}}?\b(?:to|versions?|in|with) "
    rf"v?(?P<first>{_VERSION}) ?(?:&|and|/|,) ?v?(?P<second>{_VERSION})(?![\w])",
    re.IGNORECASE,
)
_MOST_COMMITS = 1000
# `at commit 1a2b3c4`; a number alone is none
_COMMIT = re.compile(
    r"\b(?:commits?|revisions?|sha)(?: id| hash)?[ :`'\"(#=]{1,4}(?P<commit>(?=[0-9]*[a-f])[0-9a-f]{7,40})\b"
    r"(?:[`'\"]* (?:and|to) [`'\"]*(?P<other>(?=[0-9]*[a-f])[0-9a-f]{7,40})\b)?"
)
_IS_COMMIT = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{7,40}")
_LAST_OF_KERAS_2 = 15
"""The last minor version of Keras 2: `2.16` is a version of TensorFlow."""
_OTHERWISE = "tensorflow"
_SHORT_COMMIT = 10
_SAYS_VERSION = re.compile(r"\b(?:versions?|releases?)\s*[`'\"*(]*v?$", re.IGNORECASE)
_OTHER_NUMBERS = {"python", "cuda", "cudnn", "pip", "setuptools"}
_ALIASES = {
    "tf": "tensorflow", "tensorflow-cpu": "tensorflow", "tensorflow-gpu": "tensorflow",
    "tensorflow-macos": "tensorflow", "tfp": "tensorflow-probability", "tfds": "tensorflow-datasets",
    "tensorflow-intel": "tensorflow", "pytorch": "torch",
    "tf-nightly-cpu": "tf-nightly", "tf-nightly-gpu": "tf-nightly",
}  # fmt: skip
# Which numbers can be a version: others that stand alone are results, sizes, or versions of something else.
_MAJORS = {
    "tensorflow": {1, 2},
    "keras": {1, 2, 3},
    "numpy": {1, 2},
    "torch": {0, 1, 2},
    "tf-keras": {2},
    "tensorflow-text": {2},
    "jax": {0},
}


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A version that a text names, and the characters that it takes there."""

    package: str
    version: str
    start: int
    end: int
    named: bool = True
    """Whether the text names its package."""


def package_of(name: str) -> str:
    """Return the usual name of a package: `tensorflow` for `TF` and `tensorflow-cpu`."""
    plain = (
        _JOINED_NAME.sub("keras-", canonicalize_name(name.replace(" ", "-")))
        if name.lower() != "tf.keras"
        else "tensorflow"
    )  # of which it is a part
    return _ALIASES.get(plain) or vocabulary().aliases.get(plain, plain)


@functools.cache
def _mention_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return the expression for a package with its version. `names` are those that are not usual."""
    longest_first = sorted(names, key=len, reverse=True)
    own = "".join("[-_.]".join(map(re.escape, each.split("-"))) + "|" for each in longest_first)
    return re.compile(
        rf"(?<![\w.@/-])(?P<package>{own}{_NAMES})(?:\.(?:__version__|version\.VERSION|VERSION)(?:\s+is\b)?)?[`'\"*)]*"
        r"(?:\s+versions?(?:\s+(?:is|are))?|\s+backend)?"
        r"(?:[ \t\n:=~(]*|-|[ \t]+-[ \t]+)"
        rf"(?:v(?:er(?:sion)?)?\.?[ \t]*)?[`'\"*]*(?:{_DESCRIBED}|(?P<version>{_VERSION}))(?![\w])",
        re.IGNORECASE,
    )


def companion_in(text: str) -> str:
    """Return the only package on top of TensorFlow or Keras that a text is about; empty if it names these, too."""
    without = _COMPANION.sub(" ", text)
    found = {_companion_of(each) for each in _COMPANION.finditer(text)}
    alone = any(re.search(rf"(?<![\w/]){name}(?!\w)", without, re.IGNORECASE) for name in ("tensorflow", "keras", "tf"))
    return found.pop() if len(found) == 1 and not alone else ""


def _companion_of(found: re.Match[str]) -> str:
    return f"{found['one'] or found['of']}-{found['other'] or found['part']}".lower()


def is_usual(name: str) -> bool:
    """Return whether a word is the name of a package that reports often name."""
    return _USUAL.fullmatch(name) is not None


def is_commit(version: str) -> bool:
    """Return whether a version is a commit."""
    return _IS_COMMIT.fullmatch(version) is not None


def find_mentions(text: str, default: str = "") -> list[Mention]:
    """Find versions in a text. A version without a package belongs to the last package, or to `default`.

    A commit counts as a version of `default`.
    """
    named = [
        Mention(
            package=package_of(found["package"]) if found.re is not _OF_A_BUILD else "tensorflow",
            version=version, start=found.start(), end=found.end(),
        )
        for found in _named(text) if (version := _version_of(found))
    ]  # fmt: skip
    paired = (
        Mention(package=package_of(each[name]), version=each[at], start=each.start(at), end=each.end(at))
        for each in _PAIRED.finditer(text) for name, at in (("one", "first"), ("two", "second"))
    )  # fmt: skip
    named += [each for each in paired if not any(each.start < other.end and other.start < each.end for other in named)]
    if default:
        named += [
            Mention(package=default, version=each[name][:_SHORT_COMMIT], start=each.start(name), end=each.end(name))
            for each in _COMMIT.finditer(text) for name in ("commit", "other") if each[name]
        ]  # fmt: skip
    named.sort(key=lambda each: each.start)
    mentions: list[Mention] = []
    known = {each.version: each.package for each in reversed(named)}
    on_top = bool(default) and companion_in(default) == default
    pending = iter([*named, None])
    following = next(pending)
    for found in _BARE.finditer(text):
        while following is not None and following.end <= found.start():
            mentions.append(following)
            following = next(pending)
        if following is not None and following.start <= found.start() < following.end:
            continue
        before = [each.package for each in reversed(mentions) if each.package != "python"]
        # `works in keras 2.15 with TensorFlow 2.15 but not in 3.5`: the last one that can have it
        package = next(
            (each for each in (*before, default, _OTHERWISE) if default and can_be(each, found["version"], said=False)),
            (*before, default)[0],
        )
        own = on_top and (found["version"].count(".") == 2 or found.group()[0] in "vV")
        package = default if own else package
        package = known.get(found["version"], package)
        if upgraded := _FROM.search(text[max(0, found.start() - 40) : found.start()]):
            package = package_of(upgraded["package"])
        listed = _is_listed(text, found.start(), mentions)
        said = own or _SAYS_VERSION.search(text[max(0, found.start() - 40) : found.start()]) is not None
        if package and can_be(package, found["version"], said=said) and (listed or _introduced(text, found.start())):
            beside = listed and mentions[-1].named  # `TF 2.13, 2.14 and 2.15`
            mentions.append(
                Mention(package=package, version=found["version"], start=found.start(), end=found.end(), named=beside)
            )
    while following is not None:
        mentions.append(following)
        following = next(pending)
    return mentions


def is_series(text: str, mention: Mention) -> bool:
    """Return whether a text means the candidates of a version, and not the version: `2.1.0-rc*`."""
    return _SERIES.match(text[mention.end :]) is not None


def before_list(text: str, mention: Mention, mentions: Sequence[Mention]) -> str:
    """Return the text before a version, or before the list that it stands in: `than 2.3 or 2.4`."""
    first = mention
    for each in reversed([each for each in mentions if each.end <= mention.start]):
        if _JOINED.fullmatch(text[each.end : first.start]) is None:
            break
        first = each
    return text[: first.start]


def _version_of(found: re.Match[str]) -> str:
    """Return the version that is meant; of `v2.9.0-18-g1234567` alone the minor version, as the tag was before it."""
    version = found["said"] or found["version"] or described_version(found["tag"], found["commits"])
    return version.rstrip(".")


def described_version(tag: str, commits: str) -> str:
    """Return the minor version of a build `commits` commits after a tag; empty for builds of the main branch."""
    if int(commits[:9]) == 0:
        return tag
    return ".".join(tag.split(".")[:2]) if int(commits[:9]) < _MOST_COMMITS else ""


def _named(text: str) -> list[re.Match[str]]:
    unusual = tuple(each for each in vocabulary().names if not _USUAL.fullmatch(each))
    found = list(_mention_of(unusual).finditer(text))
    taken = [(each.start(), each.end()) for each in found]
    builds = (
        each
        for each in _OF_A_BUILD.finditer(text)
        if not any(start < each.end() and each.start() < end for start, end in taken)
    )
    return sorted([*found, *builds], key=lambda each: each.start())


def version_in(text: str) -> str | None:
    """Return the version in the value of a field; of what `git describe` says, the version that follows it."""
    found = re.search(rf"(?<![\w.])(?:tf|keras|v)?\s*(?P<version>{_VERSION})(?![\w])", text, re.IGNORECASE)
    described = re.search(_DESCRIBED, text)
    if described is not None and (found is None or found.start() >= described.start()):
        return described["said"] or described_version(described["tag"], described["commits"]) or None
    return found["version"] if found else None


def versions_in(text: str) -> tuple[str, ...]:
    """Return the versions in the value of a field: all of a list, such as `2.16.1 and 2.17`, else the first.

    A range `2.6 - 2.9` counts as a list of its ends. A list may have labels: `Windows: 2.7.1 / Colab: 2.8.0`.
    """
    separator = r"(?:\s|[,/&;\u2013]|-(?=\s)|\band\b|\bor\b|\bto\b|\btf\b|\btensorflow\b|\bkeras\b|\bv(?=\d))*"
    if re.fullmatch(rf"{separator}(?:v?{_VERSION}{separator}){{2,6}}", text, re.IGNORECASE):
        return tuple(found.group() for found in re.finditer(_VERSION, text, re.IGNORECASE))
    if re.fullmatch(rf"(?:[A-Za-z][\w -]{{0,30}}:\s*v?{_VERSION}\s*[,/;&]?\s*){{2,6}}", text):
        return tuple(found.group("version") for found in re.finditer(rf":\s*v?(?P<version>{_VERSION})", text))
    version = version_in(text)
    return (version,) if version is not None else ()


def can_be(package: str, version: str, *, said: bool = False) -> bool:
    """Return whether a number can be a version of a package; of an unusual one, if the text says `version`."""
    parts = version.split(".")
    majors = _MAJORS.get(package) or vocabulary().majors.get(package)
    if majors is None:
        return said and package not in _OTHER_NUMBERS
    if package == "keras" and parts[0] == "2" and int(parts[1][:9]) > _LAST_OF_KERAS_2:
        return False
    return majors is not None and int(parts[0][:9]) in majors and len(parts[1]) <= 2


def _is_listed(text: str, at: int, before: list[Mention]) -> bool:
    """Return whether a number follows a version in a list of versions."""
    return bool(before) and at - before[-1].end < 24 and _IN_LIST.match(text[before[-1].end : at]) is not None


def _introduced(text: str, at: int) -> bool:
    """Return whether the word before a number makes it a version: a preposition."""
    lead = text[max(0, at - 40) : at]
    lead = lead if at > 40 else lead.lstrip()
    return bool(_LEADS_TO_VERSION.search(lead.replace("\n", " "))) and not re.search(
        r"(?:and|or|[,&]|(?<!\bw)/)\s*$", lead
    )
