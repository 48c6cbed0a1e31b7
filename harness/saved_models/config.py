"""The configuration of a model as JSON: which layers it has, which are not Keras' own, which carry code. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.saved_models.file_facts import MOST_NAMES, short_text
from harness.saved_models.layer_names import KERAS_LAYERS
from harness.saved_models.refusal import LONGEST_TEXT, MOST_PARTS, Damaged

_HOLD_LAYERS = frozenset({"layers", "layer", "cell", "cells", "forward_layer", "backward_layer", "backbone", "encoder"})
_OWN_MODULES = ("keras.", "keras_core.", "tf_keras.", "tensorflow.keras", "tensorflow.python.keras")
_UNNAMED = frozenset({"InputLayer"})
"""Every model has it, or has it not: it says nothing about the model."""
MODELS = frozenset({"Sequential", "Functional", "Model"})
"""The classes of models that are not the user's own."""
_OPTIMIZERS = frozenset(
    {"Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "RMSprop", "SGD"}
)
"""Keras 2.11 to 2.15 registers its own optimizers as `Custom>NAME`."""


def read_object(data: bytes | str, what: str) -> dict[str, object]:
    """Return a JSON object. Raises Damaged if it is none, is too long or is nested too deeply."""
    if len(data) > LONGEST_TEXT:
        raise Damaged(f"{what} is longer than {LONGEST_TEXT >> 20} MiB")
    try:
        found = json.loads(data)
    except RecursionError:
        raise Damaged(f"{what} is nested too deeply") from None
    except ValueError:  # also of bytes that are no text, and of numbers of thousands of digits
        raise Damaged(f"{what} is not JSON") from None
    if not isinstance(found, dict):
        raise Damaged(f"{what} is not a JSON object")
    return found


@dataclass
class Kinds:
    """The classes of a model, collected from one or several configurations."""

    layers: set[str] = field(default_factory=set)
    custom: set[str] = field(default_factory=set)
    code: set[str] = field(default_factory=set)
    models: int = 0
    mixed: bool = False

    def add_model(self, config: Mapping[str, object]) -> None:
        """Add a model or layer with everything below it."""
        for node, is_layer in _nodes(config):
            self._add(node, is_layer=is_layer)

    def add_others(self, config: object) -> None:
        """Add losses, metrics and optimizers: only those that are not Keras' own count."""
        for node, _ in _nodes({"others": config}):
            self._add(node, is_layer=False)

    def _add(self, node: Mapping[str, object], *, is_layer: bool) -> None:
        name, module = short_text(node.get("class_name")), node.get("module")
        registered = short_text(node.get("registered_name"))
        if name is None:
            return
        config = node.get("config")
        self.mixed = self.mixed or (isinstance(config, dict) and _is_mixed(config))
        own = isinstance(module, str) and f"{module}.".startswith(_OWN_MODULES)
        if name == "function":
            if registered and ">" in registered:
                self._keep(self.custom, registered)
            return
        foreign = (">" in name and name.removeprefix("Custom>") not in _OPTIMIZERS) or (
            registered is not None and not own
        )
        if is_layer:
            foreign = foreign or (module is None and name not in KERAS_LAYERS)
            self.models += name in MODELS
            if name not in _UNNAMED:
                self._keep(self.layers, name.rpartition(">")[2])
            if name == "Lambda" and _has_code(node.get("config")):
                self.code.add(name)
        if foreign:
            self._keep(self.custom, registered if registered and ">" in registered else name)

    @property
    def sorted_custom(self) -> tuple[str, ...]:
        """The classes that are not Keras' own; those that are registered with their package only."""
        registered = {name.rpartition(">")[2] for name in self.custom if ">" in name}
        return tuple(sorted(self.custom - registered))

    @staticmethod
    def _keep(names: set[str], name: str | None) -> None:
        if name and len(names) < MOST_NAMES:
            names.add(name)


def _nodes(top: Mapping[str, object]) -> Iterator[tuple[Mapping[str, object], bool]]:
    """Yield every object that has a class, and whether it is a layer: by its module, or by the key that holds it."""
    left: list[tuple[object, bool]] = [(top, True)]
    seen = 0
    while left:
        value, is_layer = left.pop()
        seen += 1
        if seen > 8 * MOST_PARTS:
            raise Damaged("its configuration has more parts than any model needs")
        if isinstance(value, list):
            left.extend((each, is_layer) for each in value)
        elif isinstance(value, dict):
            config = value.get("config")
            if "class_name" in value and "config" in value:
                yield value, is_layer or _is_layer_module(value.get("module"))
                left.append((config, isinstance(config, list)))  # the oldest Sequential models have a list
            else:
                left.extend((each, key in _HOLD_LAYERS) for key, each in value.items())


def _is_layer_module(module: object) -> bool:
    return isinstance(module, str) and any(part in ("layers", "models") for part in module.split("."))


def _is_mixed(config: Mapping[str, object]) -> bool:
    """Return whether a layer or a policy names mixed precision."""
    return any(
        str(config.get(key)).startswith("mixed_") for key in ("dtype", "name") if isinstance(config.get(key), str)
    )


def _has_code(config: object) -> bool:
    """Return whether a Lambda layer has its function as code, and not by name."""
    function = config.get("function") if isinstance(config, dict) else None
    return isinstance(function, list) or (isinstance(function, dict) and function.get("class_name") == "__lambda__")
