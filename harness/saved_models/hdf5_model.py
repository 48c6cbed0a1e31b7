"""Models and weights in HDF5: the attributes that Keras writes."""

from __future__ import annotations

from collections.abc import Mapping

from harness.saved_models.config import Kinds, read_object
from harness.saved_models.file_facts import FileFacts, Format, short_text
from harness.saved_models.hdf5 import Hdf5, Unread
from harness.saved_models.refusal import Refusal
from harness.saved_models.window import Window

_UNTIL_2_14 = "_layer_checkpoint_dependencies"
"""A group that functional and Sequential models of TensorFlow 2.12, 2.13 and 2.14 have."""
_WEIGHTS_GROUPS = ("layers", _UNTIL_2_14, "vars", "top_level_model_weights", "model_weights")


def read_hdf5(file: Window) -> FileFacts:
    """Return the facts of an HDF5 file. Raises Refusal if it has neither a model nor weights of Keras."""
    try:
        opened = Hdf5.of(file)
        attributes = opened.attributes(opened.root)
        groups, of_weights = set[str](), dict[str, tuple[str, ...]]()
        try:
            links = opened.links(opened.root)
            groups = set(links)
            if "model_weights" in links:
                of_weights = dict(opened.attributes(links["model_weights"]))
        except Unread:
            if "model_config" not in attributes:
                raise
    except Unread as error:
        raise Refusal(
            f"it is written in a form of HDF5 that is not read here: {error}",
            "Name its writer instead: harness readers --written-by ENVIRONMENT --format .h5",
        ) from None
    texts = {**_single(of_weights), **_single(attributes)}
    config = texts.get("model_config")
    keras, backend = short_text(texts.get("keras_version")), short_text(texts.get("backend"))
    if config is not None:
        kinds = Kinds()
        kinds.add_model(read_object(config, "its attribute model_config"))
        training = texts.get("training_config")
        if training:
            kinds.add_others(read_object(training, "its attribute training_config"))
        return FileFacts(
            format=Format.H5,
            keras=keras,
            backend=backend,
            layers=tuple(sorted(kinds.layers)),
            custom=kinds.sorted_custom,
            code=tuple(sorted(kinds.code)),
            nested=kinds.models > 1,
            mixed=kinds.mixed,
            compiled=bool(training),
        )
    if "layer_names" in attributes or groups & set(_WEIGHTS_GROUPS):
        notes = ["A file of weights does not say which layers it is for."]
        if keras is None and "layer_names" not in attributes:
            notes.insert(
                0, f"Its layout is that of TensorFlow 2.12 {'to 2.14' if _UNTIL_2_14 in groups else 'or later'}."
            )
        return FileFacts(format=Format.WEIGHTS, keras=keras, backend=backend, notes=tuple(notes))
    raise Refusal(
        "it is an HDF5 file, but not a model: it has no attribute model_config and no layers",
        "Name a file that Keras saved",
    )


def _single(attributes: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: values[0] for name, values in attributes.items() if len(values) == 1}
