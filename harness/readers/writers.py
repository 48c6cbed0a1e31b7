"""Find the environments that wrote a file, by the versions that the file names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from harness.errors import UsageError, near_misses, some_of
from harness.saved_models.file_facts import FileFacts
from harness.transfer.table import Place

_TENSORFLOW = ("tensorflow-cpu", "tensorflow")
_BUNDLED = {"2.2": "2.3.0-tf", "2.3": "2.4.0", "2.4": "2.4.0", "2.5": "2.5.0"}
"""The version of TensorFlow's own Keras by minor of TensorFlow, before Keras was a package."""


@dataclass(frozen=True, kw_only=True)
class Writers:
    """The environments that may have written a file."""

    ids: tuple[str, ...] = ()
    exact: bool = True
    """False if none has the version that the file names, and these are the nearest ones of the same minor release."""
    reason: str = ""
    """The reason why there are none."""


def writers_of(facts: FileFacts, places: Sequence[Place]) -> Writers:
    """Return the environments that have the versions which a file names."""
    if facts.keras is None and facts.tensorflow is None:
        return Writers(reason="The file does not say which version wrote it.")
    exact = [each for each in places if _matches(each, facts)]
    if exact:
        return Writers(ids=_different(exact))
    nearest = _nearest(places, facts)
    if nearest:
        return Writers(ids=nearest, exact=False)
    return Writers(reason=f"The table has no files of {facts.writer}, nor of a release near it.")


def writer_named(text: str, known: Sequence[str]) -> str:
    """Return the environment that a user names: its id, or the beginning of it, as `tf2.12` or `2.12`."""
    found = named_release(text, known) or named_release(f"tf{text}", known)
    if found is not None:
        return found
    raise UsageError(
        f"--written-by: there is no environment {text!r}. {near_misses(text, known)}".rstrip(),
        next_step=f"Valid names: {some_of(known)}",
    )


def named_release(text: str, known: Sequence[str]) -> str | None:
    """Return the environment of an id, or the last one whose version begins so: `tf2.12` is `tf2.12.1`."""
    if text in known:
        return text
    release = re.compile(rf"{re.escape(text)}(\.\d+)+")
    return next((id for id in reversed(known) if release.fullmatch(id)), None)


def keras_of(packages: Mapping[str, str], variables: Mapping[str, str]) -> str | None:
    """Return the version of Keras that `tf.keras` is in an environment."""
    tensorflow = _tensorflow(packages)
    if variables.get("TF_USE_LEGACY_KERAS") == "1" and "tf-keras" in packages:
        return packages["tf-keras"]
    minor = ".".join((tensorflow or "").split(".")[:2])
    return _BUNDLED.get(minor) or packages.get("keras")


def _matches(place: Place, facts: FileFacts) -> bool:
    packages, keras = dict(place.packages), _keras(place)
    return (facts.keras is None or facts.keras == keras) and facts.tensorflow in (None, _tensorflow(packages))


def _different(places: Iterable[Place]) -> tuple[str, ...]:
    """Return the first environment for each pair of a TensorFlow and a Keras: others differ in what writes no file."""
    first: dict[tuple[str | None, str | None], str] = {}
    for each in places:
        first.setdefault((_tensorflow(dict(each.packages)), _keras(each)), each.id)
    return tuple(first.values())


def _keras(place: Place) -> str | None:
    return keras_of(dict(place.packages), dict(place.variables))


def _tensorflow(packages: Mapping[str, str]) -> str | None:
    return next((packages[name] for name in _TENSORFLOW if name in packages), None)


def _nearest(places: Iterable[Place], facts: FileFacts) -> tuple[str, ...]:
    """Return the environments with the nearest version in the same minor release."""
    wanted = _version(facts.keras or facts.tensorflow)
    if wanted is None:
        return ()
    found: dict[int, list[Place]] = {}
    for place in places:
        version = _version(_keras(place) if facts.keras else _tensorflow(dict(place.packages)))
        if version is not None and version.release[:2] == wanted.release[:2]:
            found.setdefault(abs(version.micro - wanted.micro), []).append(place)
    return _different(found[min(found)]) if found else ()


def _version(text: str | None) -> Version | None:
    try:
        return Version((text or "").replace("-tf", ""))
    except InvalidVersion:
        return None
