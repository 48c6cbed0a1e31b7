"""Remove local paths from published text. Pure."""

from __future__ import annotations

import re
from typing import TypeVar

_T = TypeVar("_T")
_INSTALLED = re.compile(r"(?<=[\"'])[\\/][^\"'\n]*[\\/](site-packages|lib[\\/]python3\.\d+)(?=[\\/])")
_INSTALLED_BARE = re.compile(r"(?<![\w.:/\\])[\\/][^\s\"']*[\\/](site-packages|lib[\\/]python3\.\d+)(?=[\\/])")
_ROOTS = "home|root|tmp|usr|var|opt|work|mnt|media|srv|data|run|private|build|Users|Volumes"
_QUOTED = re.compile(rf"(?<=[\"'])(?:[A-Za-z]:[\\/]Users|/(?:{_ROOTS}))[\\/](?:[^\"'\n]*[\\/])?(?=[^\"'\n\\/]*[\"'])")
_BARE = re.compile(rf"(?<![\w.:/\\])(?:[A-Za-z]:[\\/]Users|/(?:{_ROOTS}))[\\/](?:[^\s\"'<>|:,;]*[\\/])?")


def without_local_paths(text: str) -> str:
    """Return text in which absolute paths are shortened: `.../site-packages/keras/x.py`, `.../model.h5`.

    Addresses, relative paths and the names inside a file, such as `/model_weights/dense`, stay.
    """
    text = _INSTALLED.sub(r".../\1", text)
    text = _INSTALLED_BARE.sub(r".../\1", text)
    return _BARE.sub(".../", _QUOTED.sub(".../", text))


def without_local_paths_in(value: _T) -> _T:
    """Return plain values of a JSON document without local paths."""
    result: object = value
    if isinstance(value, str):
        result = without_local_paths(value)
    elif isinstance(value, dict):
        result = {key: without_local_paths_in(each) for key, each in value.items()}
    elif isinstance(value, (list, tuple)):
        result = [without_local_paths_in(each) for each in value]
    return result  # type: ignore[return-value]
