"""SavedModel folders: saved_model.pb and keras_metadata.pb, read as protocol buffers without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.saved_models.config import Kinds, read_object
from harness.saved_models.file_facts import FileFacts, Format, from_mapping, short_text
from harness.saved_models.protobuf import fields, parts, text
from harness.saved_models.refusal import MOST_PARTS, Budget, Damaged, Refusal
from harness.saved_models.window import open_regular, window_of

GRAPH = "saved_model.pb"
METADATA = "keras_metadata.pb"
# Numbers of fields in the messages of TensorFlow: SavedModel, MetaGraphDef, MetaInfoDef, SavedObjectGraph and so on.
_META_GRAPHS = 2
_META_INFO, _OBJECT_GRAPH = 1, 7
_TENSORFLOW_VERSION = 5
_NODES = 1
_USER_OBJECT, _IDENTIFIER, _USER_METADATA = 4, 1, 3
_METADATA_IDENTIFIER, _METADATA_TEXT = 4, 5
_LAYERS = "_tf_keras_"
_NO_LAYERS = ("_tf_keras_metric", "_tf_keras_loss", "_tf_keras_optimizer", "_tf_keras_input_layer")


@dataclass
class _Found:
    tensorflow: str | None = None
    keras: str | None = None
    backend: str | None = None
    nodes: int = 0
    keras_objects: int = 0
    compiled: bool = False
    kinds: Kinds = field(default_factory=Kinds)


def read_saved_model(folder: Path) -> FileFacts:
    """Return the facts of a SavedModel folder. Raises Refusal."""
    found = _Found()
    _read_graph(folder, found)
    if (folder / METADATA).exists():
        _read_metadata(folder, found)
    variables = folder / "variables"
    notes = []
    if not any(variables.glob("variables.data-*")):
        notes.append("It has no variables: a model with weights was not copied as a whole.")
    return FileFacts(
        format=Format.SAVED_MODEL if found.keras_objects else Format.EXPORT,
        keras=found.keras,
        tensorflow=found.tensorflow,
        backend=found.backend,
        layers=tuple(sorted(found.kinds.layers)),
        custom=found.kinds.sorted_custom,
        code=tuple(sorted(found.kinds.code)),
        nested=found.kinds.models > 1,
        mixed=found.kinds.mixed,
        compiled=found.compiled,
        notes=tuple(notes),
    )


def _read_graph(folder: Path, found: _Found) -> None:
    with open_regular(folder / GRAPH, below=folder) as stream:
        file = window_of(stream)
        if file.size == 0:
            raise Damaged(f"{GRAPH} is empty")
        graphs = [part for number, part in parts(file) if number == _META_GRAPHS]
        if not graphs:
            raise Damaged(f"{GRAPH} has no graph")
        for number, part in parts(graphs[0]):
            if number == _META_INFO:
                found.tensorflow = _version(part.read(0, part.size), file.budget) or found.tensorflow
            elif number == _OBJECT_GRAPH:
                for identifier, metadata in _user_objects(part.read(0, part.size), file.budget):
                    _add(found, identifier, metadata)


def _version(data: bytes, budget: Budget) -> str | None:
    return next(
        (short_text(text(value)) for number, value in fields(data, budget) if number == _TENSORFLOW_VERSION), None
    )


def _user_objects(data: bytes, budget: Budget) -> Iterator[tuple[str, str]]:
    """Yield the identifier and the metadata of each object that is not TensorFlow's own."""
    for number, node in fields(data, budget):
        if number != _NODES or not isinstance(node, bytes):
            continue
        for kind, value in fields(node, budget):
            if kind == _USER_OBJECT and isinstance(value, bytes):
                user = {at: text(each) for at, each in fields(value, budget) if at in (_IDENTIFIER, _USER_METADATA)}
                yield user.get(_IDENTIFIER, ""), user.get(_USER_METADATA, "")


def _read_metadata(folder: Path, found: _Found) -> None:
    """Read the metadata that newer releases keep outside of the graph."""
    with open_regular(folder / METADATA, below=folder) as stream:
        file = window_of(stream, Budget(most_parts=4 * MOST_PARTS))
        for number, node in fields(file.read(0, file.size), file.budget):
            if number == _NODES and isinstance(node, bytes):
                texts = {at: text(value) for at, value in fields(node, file.budget)}
                _add(found, texts.get(_METADATA_IDENTIFIER, ""), texts.get(_METADATA_TEXT, ""))


def _add(found: _Found, identifier: str, metadata: str) -> None:
    if not identifier.startswith(_LAYERS):
        return
    found.keras_objects += 1
    if not metadata:
        return
    config = read_object(metadata, "the description of one of its layers")
    found.keras = found.keras or from_mapping(config, "keras_version")
    found.backend = found.backend or from_mapping(config, "backend")
    if config.get("training_config"):
        found.compiled = True
        found.kinds.add_others(config["training_config"])
    if identifier.startswith(_NO_LAYERS):
        return
    if not isinstance(config.get("config"), (dict, list)):
        config = {**config, "config": {}}  # a subclassed model has none
    found.kinds.add_model(config)


def refuse_other_folder(folder: Path) -> Refusal:
    """Return why a folder is no saved model."""
    names = sorted(each.name for each in folder.iterdir())
    if not names:
        return Refusal("the folder is empty")
    if "config.json" in names and "metadata.json" in names:
        return Refusal("it is an unpacked .keras archive", "Name the .keras file, or pack the folder with zip -r")
    below = next((each for each in names if (folder / each / GRAPH).is_file()), None)
    if below is not None:
        return Refusal("the folder is not a SavedModel, but has one in it", f"Name {folder.name}/{below}")
    return Refusal(
        f"the folder is not a SavedModel: it has no {GRAPH}, and no checkpoint", "Name the folder that has it"
    )
