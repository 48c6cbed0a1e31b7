"""Durations of the stages of a script, from its report. Pure; a report is untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOST_STAGES = 1000
_LONGEST_NAME = 200
_MOST_S = 1e9


def stage_durations(report: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return each stage with the seconds that it took, in the order in which they began; nothing if a value is odd.

    The first entry of the report is the worker's start; the script takes `duration_s` from the second one on. The
    worker measures `duration_s` before it enters the last stage, `exit`. If it is interrupted between the two, the
    script has ended before `exit` begins.
    """
    stages, total = report.get("stages"), report.get("duration_s")
    if not isinstance(stages, list) or not isinstance(total, (int, float)) or not 2 <= len(stages) <= _MOST_STAGES:
        return ()
    begun: list[tuple[str, float]] = []
    for entry in stages[1:]:
        match entry:
            case [str(name), int() | float() as at] if 0 <= at <= _MOST_S * 10:
                begun.append((name[:_LONGEST_NAME], float(at)))
            case _:
                return ()
    end = begun[0][1] + float(total)
    ends = [*(min(at, end) for _, at in begun[1:]), max(end, begun[-1][1])]
    durations = tuple((name, round(ended - at, 4)) for (name, at), ended in zip(begun, ends, strict=True))
    return durations if all(0 <= seconds <= _MOST_S for _, seconds in durations) else ()
