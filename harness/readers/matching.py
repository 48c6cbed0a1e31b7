"""Find the models of the table with the layers of a file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.saved_models.config import MODELS
from harness.saved_models.file_facts import FileFacts
from harness.saved_models.layer_names import KERAS_LAYERS
from harness.transfer.table import Model, Transfer

_OWN = "a class of your own"
"""The name of every class that is not of Keras: a table cannot have the user's classes."""
_CONTAINERS = MODELS | {"InputLayer"}


@dataclass(frozen=True, kw_only=True)
class SimilarModels:
    """The models of the table that answer for a file."""

    models: tuple[str, ...]
    foreign: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For models that have layers which the file does not have: those layers."""
    only_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For these models: the layers of the file that only they have."""
    missing: tuple[str, ...] = ()
    """The layers of the file that no model of the table has."""
    any_layers: bool = False
    """True if the layers of the file are not known: every model of the table may be like it."""


def models_like(facts: FileFacts, table: Transfer) -> SimilarModels:
    """Return the models that have nothing but layers of the file, and for other layers the models nearest to it."""
    kinds = _kinds(facts.layers)
    if not kinds:
        return SimilarModels(models=tuple(each.name for each in table.models), any_layers=True)
    fit = [each for each in table.models if _has_traits(each, facts)]
    whole = [each.name for each in fit if _kinds(each.layers) and _kinds(each.layers) <= kinds]
    covered = {kind for each in fit if each.name in whole for kind in _kinds(each.layers)}
    foreign: dict[str, tuple[str, ...]] = {}
    only_in: dict[str, tuple[str, ...]] = {}
    missing = []
    for kind in sorted(kinds - covered):
        having = [each for each in fit if kind in _kinds(each.layers)]
        if not having:
            missing.append(kind)
            continue
        nearest = min(having, key=lambda each: len(_kinds(each.layers) - kinds))
        foreign[nearest.name] = tuple(sorted(_kinds(nearest.layers) - kinds))
        only_in[nearest.name] = (*only_in.get(nearest.name, ()), kind)
    order = [each.name for each in table.models if each.name in whole or each.name in foreign]
    return SimilarModels(models=tuple(order), foreign=foreign, only_in=only_in, missing=tuple(missing))


def _kinds(layers: tuple[str, ...]) -> set[str]:
    return {each if each in KERAS_LAYERS else _OWN for each in layers if each not in _CONTAINERS}


def _has_traits(model: Model, facts: FileFacts) -> bool:
    """Return False for a model that the table has for something other than its layers, which the file does not have."""
    traits = {
        "compiled": facts.compiled,
        "registered": any(">" in each for each in facts.custom),
        "custom_objects": any(">" not in each for each in facts.custom),
        "subclassed": not set(facts.layers) & MODELS,
        "registered_functions": bool(facts.custom) and facts.compiled,
        "mixed_precision": facts.mixed,
        "nested": facts.nested,
    }
    return traits.get(model.name, True)
