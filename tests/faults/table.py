"""The results of the fault campaign as data, and the table of them in docs/reliability.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tabulate import tabulate

from tests.faults.faults import Fault
from tests.faults.kills import KINDS

MEASURED = Path(__file__).with_name("measured.json")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults:begin -->", "<!-- faults:end -->"
_AS_UNDISTURBED = "after a restart, all cells as expected, once; nothing left behind"


@dataclass
class Measured:
    """How often each fault was injected without anything being lost."""

    kills: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seeds: list[int] = field(default_factory=list)
    seconds: int = 0
    sandboxes: list[str] = field(default_factory=list)
    """What contained the scripts."""

    @classmethod
    def read(cls) -> Measured:
        """Read what earlier campaigns measured."""
        if not MEASURED.exists():
            return cls()
        values = json.loads(MEASURED.read_text(encoding="utf-8"))
        return cls(**{**values, "kills": Counter(values["kills"]), "faults": Counter(values["faults"])})

    def write(self) -> None:
        MEASURED.write_text(json.dumps(vars(self), indent=1) + "\n", encoding="utf-8")


def table(measured: Measured, faults: Mapping[str, Fault]) -> str:
    """Draw it as Markdown."""
    rows = [[f"SIGKILL of the {kind} at a random moment", measured.kills[kind], _AS_UNDISTURBED] for kind in KINDS]
    rows += [
        [fault.what, measured.faults[name], fault.outcome] for name, fault in faults.items() if measured.faults[name]
    ]
    drawn = tabulate(rows, headers=["injected", "times", "result, each time"], tablefmt="github", disable_numparse=True)
    return (
        f"{drawn}\n\n{measured.kills.total()} kills, with {measured.checked} comparisons of all cells; {measured.faults.total()} other "
        f"faults. Seeds {', '.join(map(str, dict.fromkeys(measured.seeds)))}; {measured.seconds} s. "
        f"Sandbox backends: {', '.join(measured.sandboxes)}.\n"
    )


def write_table(measured: Measured, faults: Mapping[str, Fault]) -> str:
    """Put the table into the page, between its markers; give it."""
    drawn = table(measured, faults)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{drawn}{END}{after}", encoding="utf-8")
    return drawn
