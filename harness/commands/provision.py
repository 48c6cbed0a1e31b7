"""`harness provision`: create environments without running anything."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from harness.commands.arguments import add_sandbox
from harness.commands.selected_plan import plan_of
from harness.commands.selection_options import SelectionOptions, add_selection
from harness.errors import HarnessError, counted
from harness.pipeline import prepare
from harness.rendering.foreign_text import one_line
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(SelectionOptions):
    """The options of `harness provision`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness provision`."""
    add_selection(parser)
    add_sandbox(parser)


def execute(session: Session, options: Options) -> int:
    """Create the environments of a selection; exit status 1 if one is unavailable."""
    work = prepare(session, plan_of(session, options), fetch=True)
    environments = work.plan.environments
    needs = session.needs([each for each in environments if each.id not in work.missing])
    session.notify(f"{counted(len(environments), 'environment')}: {needs.summary}.")
    lost = 0
    for environment in environments:
        if session.stop.is_set():
            return 130
        try:
            provided = session.provide(environment)
        except HarnessError as error:
            lost += 1
            session.notify(f"{environment.id}: {' '.join(str(error).split())}")
            continue
        state = "built" if provided.built else "exists"
        imports = f"; does not import: {one_line(provided.import_error)}" if provided.import_error else ""
        sys.stdout.write(f"{environment.id}: {state}: {provided.python}{imports}\n")
    return 1 if lost else 0
