"""The parameters of a script: the values of each, and the combinations that are no cases."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.model import Value
from harness.model.case import NAME
from harness.project.toml_table import Table

_MOST_CASES = 10_000  # of one scenario: more would not be run in days


def read_parameters(table: Table) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    """Read the values of each parameter."""
    parameters = []
    for name, values in table.items():
        place = table.place(name)
        if not NAME.fullmatch(name):
            table.problems.add(place, f"{name!r} cannot be a variable in Python")
        if not isinstance(values, list) or not values:
            table.problems.add(place, f"{values!r} is not a list of values", f'Write {name} = ["one", "another"]')
        elif not all(isinstance(value, (str, int, float, bool)) for value in values):
            table.problems.add(place, "has a value that is not a string, a number or a boolean")
        elif any(isinstance(value, float) and not math.isfinite(value) for value in values):
            table.problems.add(place, f"{values!r} has a value that is not a number", "Write finite numbers")
        elif len(set(values)) != len(values):
            # 1, 1.0 and true are one and the same, to Python and so to everything that finds a cell by its case.
            table.problems.add(place, f"{values!r} names a value twice", "Leave one out; 1, 1.0 and true are equal")
        else:
            parameters.append((name, tuple(values)))
    cases = math.prod(len(values) for _, values in parameters)
    if cases > _MOST_CASES:
        table.problems.add(
            table.where, f"makes {cases} cases, more than {_MOST_CASES}", "Leave out values or parameters"
        )
        return ()
    return tuple(parameters)


def read_skip(table: Table, parameters: Mapping[str, tuple[Value, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read a combination of parameters that is no case: globs of values, by parameter."""
    skip = []
    for name, globs in table.items():
        if name not in parameters:
            table.problems.add(table.place(name), f"there is no parameter {name!r}", f"Known: {', '.join(parameters)}")
        elif not isinstance(globs, str) or not globs.strip():
            table.problems.add(table.place(name), f"{globs!r} is not a text with globs", f'Write {name} = "one,!other"')
        else:
            skip.append((name, tuple(each.strip() for each in globs.split(","))))
    return tuple(skip)
