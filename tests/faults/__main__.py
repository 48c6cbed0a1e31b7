"""The campaign of faults: `nox -s faults`. Injects each many times, and writes what came out to docs/reliability.md.

A fault after which something is not as it must be ends the campaign with that seed; then nothing is written.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from harness.filesystem.folders import remove_folder
from harness.sandbox.backends import find_sandbox
from tests.faults import indexes, machines, stores
from tests.faults.faults import CannotInject, Fault
from tests.faults.kills import kill_at_random, prepare, results
from tests.faults.table import Measured, write_table
from tests.runs.conftest import Project, make_project, make_wheels

FAULTS = {**stores.FAULTS, **indexes.FAULTS, **machines.FAULTS}
KILLS = 1000


def main() -> int:
    """Run the campaign, or a part of it; exit status 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help=f"how many processes to kill (default: {KILLS})")
    parser.add_argument("--only", nargs="*", choices=["kills", *FAULTS], help="these faults alone")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="as printed by an earlier campaign")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin nothing more after so long")
    parser.add_argument("--add", action="store_true", help="add to what was measured before, instead of anew")
    arguments = parser.parse_args()
    wanted = arguments.only or ["kills", *FAULTS]
    print(f"seed {arguments.seed}", flush=True)
    measured = Measured.read() if arguments.add else Measured()
    started = time.monotonic()
    until = started + arguments.seconds
    with tempfile.TemporaryDirectory(prefix="harness-faults-", ignore_cleanup_errors=True) as folder:
        world = _World(Path(folder), make_wheels(Path(folder) / "wheels"))
        try:
            for name in wanted:
                if name == "kills":
                    _kill(world, measured, kills=arguments.kills, seed=arguments.seed, until=until)
                else:
                    _inject(world, measured, name, seed=arguments.seed, until=until)
        except AssertionError:
            traceback.print_exc()
            print(f"seed {arguments.seed}: {name}: not as it must be", flush=True)
            return 1
    measured.seeds.append(arguments.seed)
    measured.seconds += round(time.monotonic() - started)
    sandbox = find_sandbox(os.environ)
    contained = f"{sandbox.alone}, forks by {sandbox.fork_servers}"
    measured.sandboxes += [contained] if contained not in measured.sandboxes else []
    measured.write()
    print(write_table(measured, FAULTS))
    return 0


@dataclass
class _World:
    """Where the campaign's projects are; those that may share a cache do."""

    folder: Path
    wheels: Path
    count: int = 0

    def project(self, *, cache: str) -> Project:
        self.count += 1
        root = self.folder / f"project-{self.count}"
        root.mkdir()
        return make_project(root, self.wheels, self.folder / cache, {"UV_CACHE_DIR": str(self.folder / "uv-cache")})


def _kill(world: _World, measured: Measured, *, kills: int, seed: int, until: float) -> None:
    calm, killed = world.project(cache="calm-cache"), world.project(cache="killed-cache")
    for project in (calm, killed):
        prepare(project)
    undisturbed = results(calm)
    found = kill_at_random(killed, undisturbed, kills=kills, seed=seed, until=until)
    measured.kills.update(found.kills)
    measured.checked += found.checked
    print(f"kills: {dict(found.kills)}; all was as undisturbed {found.checked} times", flush=True)


def _inject(world: _World, measured: Measured, name: str, *, seed: int, until: float) -> None:
    fault: Fault = FAULTS[name]
    for number in range(fault.times):
        if time.monotonic() > until:
            break
        project = world.project(cache=f"cache-{world.count}" if name in indexes.FAULTS else "shared-cache")
        try:
            fault.inject(project, random.Random(f"{seed} {name} {number}"))
        except CannotInject as why:
            print(f"{name}: {why}", flush=True)
            return
        measured.faults[name] += 1
        remove_folder(project.root)
        if name in indexes.FAULTS:
            remove_folder(project.cache)
    print(f"{name}: {measured.faults[name]} times in all, as it must be", flush=True)


if __name__ == "__main__":
    sys.exit(main())
