"""The figures of an external benchmark: ids, outcomes and counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmark.external.frameworks import Framework
from benchmark.external.judging import Result, Shows, version_of
from harness.rendering.markdown import table

TOP = 10


@dataclass(frozen=True, kw_only=True)
class BugFigures:
    """What was found of one bug."""

    id: str
    symptom: str
    reproduced: bool
    needs_gpu: bool
    """Whether it is not reproduced, and its script asked for a GPU."""
    last_bad: str | None
    first_good: str | None
    untested_between: int
    """Versions between the two in which the script says nothing of the bug."""
    rank: int | None
    """The rank of the faulty file; None if it does not differ, or if nothing was ranked."""
    suspects: int | None
    """Files that were ranked; None if nothing was."""

    @classmethod
    def of(cls, result: Result, *, symptom: str, rank: tuple[int | None, int] | None) -> BugFigures:
        """Return the figures of a result."""
        return cls(
            id=result.bug,
            symptom=symptom,
            reproduced=result.reproduced,
            needs_gpu=result.asked_for_gpu and not result.reproduced,
            last_bad=_version(result.last_bad),
            first_good=_version(result.first_good),
            untested_between=len(result.between),
            rank=rank[0] if rank is not None else None,
            suspects=rank[1] if rank is not None else None,
        )


def _version(environment: str | None) -> str | None:
    return str(version_of(environment)) if environment is not None else None


def document(figures: Sequence[BugFigures]) -> dict[str, Any]:
    """Return the figures as plain values for JSON."""
    return {"schema": 1, "counts": counts(figures), "bugs": [asdict(each) for each in figures]}


def counts(figures: Sequence[BugFigures]) -> dict[str, int]:
    """Return the totals."""
    fixed = [each for each in figures if each.first_good is not None]
    ranked = [each for each in fixed if each.suspects is not None]
    crashes = [each for each in ranked if each.symptom.lower() == "crash"]
    return {
        "bugs": len(figures),
        "reproduced": sum(each.reproduced for each in figures),
        "needs_gpu": sum(each.needs_gpu for each in figures),
        "fixed": len(fixed),
        "traced": len(ranked),
        "faulty_file_differs": sum(each.rank is not None for each in ranked),
        "top_1": _within(ranked, 1),
        "top_5": _within(ranked, 5),
        f"top_{TOP}": _within(ranked, TOP),
        "crashes_traced": len(crashes),
        f"crashes_top_{TOP}": _within(crashes, TOP),
    }


def _within(figures: Sequence[BugFigures], most: int) -> int:
    return sum(each.rank is not None and each.rank <= most for each in figures)


def versions_of(results: Iterable[Result]) -> tuple[str, ...]:
    """Return the versions in which a script showed something, ascending."""
    shown = {version_of(name) for result in results for name, shows in result.shown if shows is not Shows.UNKNOWN}
    return tuple(map(str, sorted(shown)))


def markdown(framework: Framework, figures: Sequence[BugFigures], versions: Sequence[str]) -> str:
    """Return the versions, the totals and a row for each bug."""
    total = counts(figures)
    rows = [
        ["reproduced", f"{total['reproduced']} of {total['bugs']}"],
        ["not reproduced: the script needs a GPU", f"{total['needs_gpu']} of {total['bugs']}"],
        ["fixed in a later version", f"{total['fixed']} of {total['reproduced']} reproduced"],
    ]
    if framework.ranked:
        differs = f"{total['faulty_file_differs']} of {total['traced']} traced"
        rows += [
            ["faulty file differs between the two versions", differs],
            ["faulty file is the first suspect", f"{total['top_1']} of {total['traced']}"],
            ["faulty file is one of the first 5", f"{total['top_5']} of {total['traced']}"],
            [f"faulty file is one of the first {TOP}", f"{total[f'top_{TOP}']} of {total['traced']}"],
            [f"of these, crashes in the first {TOP}", f"{total[f'crashes_top_{TOP}']} of {total['crashes_traced']}"],
        ]
    bugs = [
        [
            each.id,
            "yes" if each.reproduced else "no: needs a GPU" if each.needs_gpu else "no",
            each.last_bad or "",
            (each.first_good or "") + (f" ({each.untested_between} between)" if each.untested_between else ""),
            *([_rank(each)] if framework.ranked else []),
        ]
        for each in figures
    ]
    titles = ["bug", "reproduced", "last bad", "first good", *(["rank of the faulty file"] if framework.ranked else [])]
    return f"{framework.title} {', '.join(versions)}:\n\n{table(['figure', 'result'], rows)}\n\n{table(titles, bugs)}\n"


def _rank(each: BugFigures) -> str:
    if each.suspects is None:
        return ""
    return f"{each.rank} of {each.suspects}" if each.rank is not None else f"not among {each.suspects}"
