"""`harness archive`: keep the wheels of nightly builds, which the package index removes after some time."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.commands.arguments import CommandOptions, positive_count
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.environments.wheel_archive import WheelArchive, nightly_pins
from harness.errors import HarnessError
from harness.locking.package_index import ReleaseIndex
from harness.model import Pin, matches_globs
from harness.project.selection import check_globs
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness archive`."""

    environments: tuple[str, ...]
    limit: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness archive`."""
    parser.add_argument(
        "environments", nargs="*", metavar="GLOB", help="environments whose nightly builds are kept (default: all)"
    )
    parser.add_argument(
        "--limit",
        metavar="MIB",
        type=positive_count,
        default=2048,
        help="size of all wheels together; the oldest are removed (default: 2048)",
    )


def execute(session: Session, options: Options) -> int:
    """Download what is missing; exit status 1 if a nightly build could not be kept."""
    environments = session.project.environments
    check_globs(options.environments, [each.id for each in environments], option="archive", kind="environment")
    chosen = [each.lock for each in environments if matches_globs(each.id, options.environments)]
    pins = nightly_pins(chosen)
    if not pins:
        session.notify("No selected environment has a nightly build: nothing to keep.")
        return 0
    archive = WheelArchive(session.cache)
    index = ReleaseIndex.configured(session.variables)

    def fetch(pin: Pin, folder: Path) -> Path:
        return index.fetch_wheel(pin.name, pin.hashes, folder)

    lost, kept = 0, list[Pin]()
    for pin in pins:
        if session.stop.is_set():
            session.notify("Stopped. The same command continues.")
            return INTERRUPTED_STATUS
        try:
            (done,) = archive.add([pin], fetch, limit_bytes=options.limit << 20)
        except (HarnessError, OSError) as error:
            lost += 1
            session.notify(f"{pin.name} {pin.version}: not kept: {' '.join(str(error).split())}")
            continue
        if done.kept:
            kept.append(pin)
        else:
            lost += 1
        state = done.reason if done.kept and done.reason else "kept" if done.kept else f"not kept: {done.reason}"
        sys.stdout.write(f"{pin.name} {pin.version}: {state}\n")
        sys.stdout.writelines(f"{name}: removed, to make room\n" for name in done.removed)
    for pin in archive.missing(kept):
        lost += 1
        session.notify(f"{pin.name} {pin.version}: not kept: all of these wheels are more than --limit. Increase it.")
    sys.stdout.write(f"The wheels are in {archive.folder}\n")
    return 1 if lost else 0
