"""The content of a saved model and its writer: values, and their JSON between two processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any

from harness.filesystem.reading import parse_json

LONGEST_NAME = 200
MOST_NAMES = 500


class Format(str, Enum):
    """The formats of saved models, as the published table names them."""

    KERAS = ".keras"
    H5 = ".h5"
    WEIGHTS = ".weights.h5"
    SAVED_MODEL = "SavedModel"
    EXPORT = "export"
    """A SavedModel without a Keras model: written by `model.export` or `tf.saved_model.save`."""
    CHECKPOINT = "checkpoint"
    JSON = "json"
    """The configuration as text: `model.to_json`. Its weights are in another file."""

    def __str__(self) -> str:
        return self.value

    @property
    def has_model(self) -> bool:
        """Return whether a file has the model itself, and not its weights only."""
        return self not in (Format.WEIGHTS, Format.CHECKPOINT, Format.JSON)


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """The facts of a saved model. Every text is the file's own: it is not trusted."""

    format: Format
    keras: str | None = None
    """The version of Keras that wrote it."""
    tensorflow: str | None = None
    backend: str | None = None
    saved: str | None = None
    """The date."""
    layers: tuple[str, ...] = ()
    """The classes of its layers and nested models."""
    custom: tuple[str, ...] = ()
    """Classes and functions that are not Keras' own: a reader needs their code."""
    code: tuple[str, ...] = ()
    """Layers that carry Python code, which runs when they are loaded."""
    compiled: bool = False
    nested: bool = False
    """True if one of its layers is a model."""
    mixed: bool = False
    """True if a layer computes in another precision than it stores."""
    notes: tuple[str, ...] = ()
    """Notes for the reader, in sentences."""

    @property
    def writer(self) -> str | None:
        """The writer in words; None if the file does not name it."""
        named = [
            f"{name} {version}" for name, version in (("Keras", self.keras), ("TensorFlow", self.tensorflow)) if version
        ]
        return ", ".join(named) or None

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps({**asdict(self), "format": self.format.value})

    @classmethod
    def from_json(cls, text: str) -> FileFacts:
        """Read what `to_json` wrote. Raises ValueError."""
        document = parse_json(text)
        if not isinstance(document, dict) or set(document) != {each.name for each in fields(cls)}:
            raise ValueError("not the facts of a file")
        values: dict[str, Any] = {key: _tuples(value) for key, value in document.items()}
        return cls(**{**values, "format": Format(values["format"])})


def _tuples(value: object) -> object:
    return tuple(str(each) for each in value) if isinstance(value, list) else value


def short_text(value: object) -> str | None:
    """Return a text of a file if it is one, shortened and on one line; None for everything else."""
    if not isinstance(value, str) or not value:
        return None
    return "".join(each if each.isprintable() else "?" for each in value[:LONGEST_NAME])


def from_mapping(mapping: Mapping[str, object], key: str) -> str | None:
    """Return a text of a mapping that a file holds."""
    return short_text(mapping.get(key))
