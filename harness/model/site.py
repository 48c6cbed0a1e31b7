"""The texts of a project on its published page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STAGES: Mapping[str, str] = {
    "import": "does not import",
    "define": "cannot be defined",
    "build": "cannot be built",
    "compile": "cannot be compiled",
    "train": "cannot be trained",
    "save": "cannot be saved",
    "load": "cannot be loaded",
    "predict": "cannot predict",
    "compare": "gives another result",
}
"""The meaning of a failure at each stage, in words; a project can add and replace them."""


@dataclass(frozen=True, kw_only=True)
class SiteText:
    """The texts of the published page; empty texts are left out."""

    title: str = ""
    about: str = ""
    source: str = ""
    """The web address of the project."""
    address: str = ""
    """The web address at which the site is published, for badges and links that leave it."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The display names of packages: `tensorflow-cpu` is TensorFlow."""
    stages: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    """The titles of the families."""

    def name_of(self, package: str | None) -> str:
        """Return the display name of a package."""
        return self.names.get(package or "", package or "")

    def meaning_of(self, stage: str | None) -> str:
        """Return the meaning of a failure at a stage, in words."""
        if not stage:
            return "fails"
        return self.stages.get(stage) or STAGES.get(stage) or f"fails at {stage}"
