"""The switch for the tricks that make attempts cheaper: the environment variable HARNESS_FORK_TUNING."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import HarnessError

VARIABLE = "HARNESS_FORK_TUNING"
TRICKS = (
    "batch-scheduling",
    "direct-clone",
    "freeze",
    "held-references",
    "huge-pages",
    "kept-modules",
    "postponed-collection",
)
"""As in harness/guest/fork_tuning.py, which describes them; a test compares the two."""


def tuning_off(variables: Mapping[str, str]) -> list[str]:
    """Return the tricks that the variable switches off: `off` for all, or names with commas between them."""
    value = variables.get(VARIABLE, "").strip()
    if value == "off":
        return [*TRICKS]
    names = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in names if name not in TRICKS]:
        raise HarnessError(
            f"{VARIABLE} names a trick that does not exist: {', '.join(unknown)}",
            next_step=f"Use `off` to switch off all, or some of {', '.join(TRICKS)}, with commas between them.",
        )
    return names
