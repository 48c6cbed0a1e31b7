"""The domain model: frozen values, pure, used by all other packages."""

from harness.model.attempt import Attempt, CellInputs, CellResult, Evidence, Isolation, Publication, label_of
from harness.model.case import Case, Cell, Value
from harness.model.condition import Condition
from harness.model.data import Cache, CachePlace, Data, DataFile
from harness.model.environment import (
    Build,
    Environment,
    Generation,
    Lock,
    LockOrigin,
    Overlay,
    Pin,
    Preparation,
    Setting,
)
from harness.model.outcome import DISPLAY, FLAKY, NEVER_RUN, WITHOUT_VERDICT, Display, NoVerdict, Outcome
from harness.model.pattern import Pattern
from harness.model.scenario import Header, Label, Mark, Scenario, Script, matches_globs
from harness.model.signature import normalise, reduced, signature

__all__ = [
    "DISPLAY",
    "FLAKY",
    "NEVER_RUN",
    "WITHOUT_VERDICT",
    "Attempt",
    "Build",
    "Cache",
    "CachePlace",
    "Case",
    "Cell",
    "CellInputs",
    "CellResult",
    "Condition",
    "Data",
    "DataFile",
    "Display",
    "Environment",
    "Evidence",
    "Generation",
    "Header",
    "Isolation",
    "Label",
    "Lock",
    "LockOrigin",
    "Mark",
    "NoVerdict",
    "Outcome",
    "Overlay",
    "Pattern",
    "Pin",
    "Preparation",
    "Publication",
    "Scenario",
    "Script",
    "Setting",
    "Value",
    "label_of",
    "matches_globs",
    "normalise",
    "reduced",
    "signature",
]
