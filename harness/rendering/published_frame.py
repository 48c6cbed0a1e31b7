"""A results.json as a DataFrame, without the project that it is of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.model import Case, Outcome
from harness.rendering.results import frame_from

if TYPE_CHECKING:
    import pandas as pd


def frame_of(document: Mapping[str, Any], source: str) -> pd.DataFrame:
    """Return the cells with the columns of `to_frame`. Durations are not published, and no attempt is of this clone."""
    scripts = {each["scenario"]: each for each in document.get("scenarios", ())}
    environments = {each["environment"]: each for each in document.get("environments", ())}
    return frame_from([_row(cell, scripts, environments, source) for cell in document["cells"]])


def _row(
    cell: Mapping[str, Any], scripts: Mapping[str, Any], environments: Mapping[str, Any], source: str
) -> dict[str, object]:
    name, parameters = cell.get("scenario", ""), dict(cell.get("parameters") or {})
    script, environment = scripts.get(name, {}), environments.get(str(cell.get("environment")), {})
    flaky = cell.get("flaky") or {}
    return {
        "cell": cell["cell"],
        "scenario": name,
        "subject": script.get("subject", ""),
        "title": script.get("title", ""),
        "parameters": parameters,
        "case": str(Case(scenario=name, parameters=tuple(parameters.items()))),
        "environment": cell.get("environment"),
        "writer": cell.get("writer"),
        "family": environment.get("family", ""),
        "python": environment.get("python", ""),
        "outcome": cell["outcome"],
        **{key: cell.get(key) for key in ("stage", "signature", "label", "note", "link", "cause")},
        "error": cell.get("error") or "",
        "reason": cell.get("reason") or "",
        "duration_s": cell.get("duration_s", math.nan),
        "attempts": cell.get("attempts", 0),
        "passes": flaky.get("passes", int(cell["outcome"] == Outcome.PASSED.value)),
        "flaky": bool(flaky),
        "published": source,
    }
